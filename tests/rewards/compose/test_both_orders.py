"""A pair asked in both orders: four rules, and nothing left of position."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from guerdon.core.build import build
from guerdon.core.concurrency import run_sync
from guerdon.core.contracts import Reward
from guerdon.core.errors import SpecError
from guerdon.core.types import Judgement, Sample, Status
from guerdon.judging.tokens import sigmoid
from guerdon.rewards.compose.both_orders import BothOrders
from tests.rewards.judges.listening import PAIR, Listening


def asked(replies: tuple[str, str], rule: str, judge: str = "rise", **fields: Any) -> Judgement:
    inner = build({"use": f"rewards.judges.{judge}", "engine": Listening(replies), **fields}, Reward)
    reward = build({"use": "rewards.compose.both_orders", "judge": inner, "rule": rule}, Reward)
    assert not reward.order_sensitive
    (found,) = run_sync(reward.score([PAIR]))
    return found


@pytest.mark.parametrize(
    ("replies", "strict", "lenient", "mean"),
    [(("[[A]]", "[[B]]"), 1, 1, 1), (("[[B]]", "[[A]]"), -1, -1, -1), (("[[A]]", "[[A]]"), None, 0, 0)],
)
def test_rules_on_signs(replies: tuple[str, str], strict: float | None, lenient: float, mean: float) -> None:
    found = asked(replies, "strict")
    assert (found.margins[0][1] if found.margins else None) == strict
    if strict is None:
        assert found.scores[0].status is Status.ABSTAINED and "contradict" in found.scores[0].error
    for rule, wanted in (("lenient", lenient), ("mean", mean)):
        made = asked(replies, rule)
        assert made.margins is not None and made.margins[0][1] == wanted
    assert [t.order for t in found.trials] == [(0, 1), (1, 0)]


def test_a_tie_in_one_order_leaves_the_others_verdict() -> None:
    found = asked(("[[A=B]]", "[[B>A]]"), "lenient", "arena_hard")
    assert found.margins is not None and found.margins[0][1] == 1


def test_probabilities_are_averaged() -> None:
    both = BothOrders.example()
    first, second = math.log(0.9 / 0.1), -math.log(0.7 / 0.3)  # p(A first) = 0.9; shown second, A loses with 0.7
    made = BothOrders(both.judge, "probability").combined(first, -second)
    assert made is not None and sigmoid(made) == pytest.approx(0.8)
    always_first = BothOrders(both.judge, "probability").combined(first, -first)
    assert always_first == pytest.approx(0, abs=1e-12)


def test_a_failed_order_leaves_the_pair_unscored() -> None:
    found = asked(("[[A]]", "no verdict"), "mean")
    assert found.margins is None and found.scores[0].status is Status.UNPARSED and len(found.trials) == 2
    assert found.scores[0].usage is not None and found.scores[0].usage.calls == 2


def test_a_judge_of_lists_is_refused() -> None:
    with pytest.raises(SpecError, match="two responses"):
        build({"use": "rewards.compose.both_orders", "judge": {"use": "tests.rewards.compose.test_both_orders:Three"}}, Reward)  # fmt: skip


@dataclass(frozen=True)
class Three(Reward):
    """A judge of three responses at least."""

    @property
    def group_size(self) -> tuple[int, int | None]:
        return (3, None)

    async def score(self, samples: Sequence[Sample]) -> list[Judgement]:
        return [Judgement.unscored(len(s.responses), Status.FAILED, "no judge") for s in samples]
