"""SciRM and SciRM-Ref (arXiv:2601.11374): the known answers of the score ladder, the length term and the second thought."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from guerdon.core.build import build
from guerdon.core.concurrency import run_sync
from guerdon.core.contracts import Reward
from guerdon.core.types import Score, sample
from tests.rewards.judges.listening import judged, prompt_text

FIVE = {"aspect": "grounding", "definition": "d", "levels": {str(n): f"level {n}" for n in range(1, 6)}}
BINARY = {**FIVE, "levels": {"0": "no", "1": "yes"}}
BAND = "<reasoning>" + "word " * 200 + "</reasoning>"  # inside the band of 100 to 600


def graded(text: str, gold: str = "4", said: dict[str, Any] = FIVE, **fields: Any) -> Score:
    given = sample("q", text, reference=gold, context={"constitution": said})
    return run_sync(build({"use": "rewards.verifiers.graded_score", **fields}, Reward).score([given]))[0].scores[0]


def reflected(initial: float, final: str, gold: str = "4") -> float | None:
    given = sample("q", final, reference=gold, context={"initial_score": initial})
    return run_sync(build({"use": "rewards.verifiers.self_reflection"}, Reward).score([given]))[0].values[0]


@pytest.mark.parametrize(
    ("end", "value"), [("", -0.5), ("<score>good</score>", 0), ("<score>7</score>", 0.25), ("<score>3</score>", 0.5), ("<score>4</score>", 1.5)]
)  # fmt: skip
def test_the_ladder(end: str, value: float) -> None:
    assert graded(BAND + end).value == value


def test_a_right_score_without_reasoning() -> None:
    bare = graded("<score>4</score>")
    assert bare.parts["score"] == 1.5 and bare.value == pytest.approx(1.0, abs=0.1)
    assert graded("<score>4</score>", k=1.5, shortest=10_000, longest=20_000).value == pytest.approx(0.5, abs=1e-2), (
        "at most −1"
    )
    reward = build({"use": "rewards.verifiers.graded_score"}, Reward)
    assert reward.length_penalty(0) == -0.5 and 1.5 + reward.length_penalty(0) > 0.5  # type: ignore[attr-defined]
    for length, value in ((100, 0.0), (99, -0.5 * 0.01**2), (600, 0.0), (601, -0.5 * (1 / 600) ** 2), (10**6, -1.0)):
        assert reward.length_penalty(length) == pytest.approx(value)  # type: ignore[attr-defined]


def test_the_range_comes_from_the_constitution() -> None:
    text = BAND + "<score>3</score>"
    assert graded(text).value == 0.5 and graded(text, gold="1", said=BINARY).value == 0.25


def test_the_second_thought() -> None:
    assert reflected(2, "<score>4</score>") == 1 and reflected(4, "<score>2</score>") == -1
    kept_right, kept_wrong = reflected(4, "<score>4</score>"), reflected(2, "<score>3</score>")
    assert kept_right is not None and kept_wrong is not None and 1 > kept_right > kept_wrong > -1
    assert reflected(4, "I stay with it.") == -1


def test_the_rubric_text_is_in_every_prompt_and_examples_may_be_reordered() -> None:
    one = sample(
        "paper",
        "review",
        context={"constitution": {**FIVE, "examples": [{"text": "x", "score": 1}, {"text": "y", "score": 5}]}},
    )
    text = prompt_text(judged("rewards.judges.constitution", ["<score>3</score>"], one)[1])
    other = replace(one, context={"constitution": {**FIVE, "definition": "another"}})
    assert prompt_text(judged("rewards.judges.constitution", ["<score>3</score>"], other)[1]) != text
    turned = replace(
        one,
        context={
            "constitution": {**one.context["constitution"], "examples": one.context["constitution"]["examples"][::-1]}
        },
    )
    assert judged("rewards.judges.constitution", ["<score>3</score>"], turned)[0].values == (3.0,)


def test_worked_by_hand_half_a_band_short() -> None:
    """50 words where 100 are wanted: f = −0.5 · 0.5² = −0.125."""
    found = graded("word " * 50 + "<score>4</score>", unit="words", shortest=102)
    assert found.parts["length"] == pytest.approx(-0.5 * (51 / 102) ** 2) and found.value == pytest.approx(1.375)
