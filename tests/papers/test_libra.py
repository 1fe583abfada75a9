"""Libra (arXiv:2507.21645): the known answers of its pointwise judge and its length ramp."""

from __future__ import annotations

import pytest

from guerdon.core.build import build
from guerdon.core.concurrency import run_sync
from guerdon.core.contracts import Reward
from guerdon.core.types import sample
from tests.rewards.judges.listening import judged


def ramp(words: int, expected: int, most: int) -> float | None:
    reward = build({"use": "rewards.verifiers.overlong", "expected": expected, "most": most, "unit": "words"}, Reward)
    return run_sync(reward.score([sample("q", "w " * words)]))[0].values[0]


def test_the_length_ramp() -> None:
    assert [ramp(n, 100, 200) for n in (100, 150, 200, 500)] == [0, -0.5, -1, -1]
    assert [ramp(n, 200, 200) for n in (200, 201)] == [0, -1], "a step, and no division by zero"


def test_a_constant_judge_is_right_on_half_of_a_balanced_set() -> None:
    labels = [1, 0] * 10
    values = [judged("rewards.judges.libra", [r"\boxed{correct}"], sample("q", "a"))[0].values[0] for _ in labels]
    assert sum((v or 0) >= 0.5 and label == 1 for v, label in zip(values, labels, strict=True)) == len(labels) / 2


def test_the_reference_cannot_enter_the_prompt() -> None:
    secret = "zqxj-reference"
    _, asked = judged(
        "rewards.judges.libra", [r"\boxed{correct}"], sample("q", "a", reference=secret, context={"answer": secret})
    )
    assert all(secret not in m.text for r in asked for m in r.messages)


def test_worked_by_hand_the_mean_of_verdicts_with_one_unread() -> None:
    replies = [r"\boxed{correct}", r"\boxed{Incorrect}", r"\boxed{yes}", "none"]
    found, _ = judged("rewards.judges.libra", replies, sample("q", "a"), samples=4, temperature=1.0)
    assert found.values[0] == pytest.approx(2 / 3)
