"""`rewards.compose.in_context`: rewards of the plain prompt, weights of the prompt in its context."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from guerdon.core.concurrency import run_sync
from guerdon.core.contracts import Reward
from guerdon.core.errors import SpecError
from guerdon.core.types import Judgement, Sample, Score, Status, sample
from guerdon.rewards.compose.in_context import InContext


@dataclass(frozen=True)
class Told(Reward):
    """Reward a counts the letters of the answer, b is minus that; the gate goes by the prompt's first word."""

    order_bound: bool = False

    @property
    def order_sensitive(self) -> bool:
        return self.order_bound

    async def score(self, samples: Sequence[Sample]) -> list[Judgement]:
        return [Judgement(scores=tuple(self._one(s, r.text) for r in s.responses)) for s in samples]

    def _one(self, sample: Sample, text: str) -> Score:
        if text == "bad":
            return Score.unscored(Status.FAILED, "the answer is bad")
        share = 0.9 if sample.prompt_text.startswith("Long") else 0.2
        size = float(len(text) + (100 if sample.prompt_text.startswith("Long") else 0))
        gates = {"log_gate_a": math.log(share), "log_gate_b": math.log(1 - share)}
        return Score(value=0.0, parts={"a": size, "b": -size, **gates})


@dataclass(frozen=True)
class Plain(Reward):
    """A reward without parts."""

    async def score(self, samples: Sequence[Sample]) -> list[Judgement]:
        return [Judgement(scores=(Score(value=1.0),) * len(s.responses)) for s in samples]


def judged(reward: Reward, *samples: Sample) -> list[Judgement]:
    return run_sync(InContext(reward=reward).score(samples))


def test_rewards_are_of_the_plain_prompt_and_weights_of_the_context() -> None:
    (found,) = judged(Told(), sample("q", "xxx", "x", context={"criterion": "Long answers."}))
    assert [s.value for s in found.scores] == pytest.approx([0.9 * 3 - 0.1 * 3, 0.9 - 0.1])
    assert found.scores[0].parts["a"] == 3.0
    p = 0.9 / (1 + math.exp(-2)) + 0.1 / (1 + math.exp(2))
    assert found.margins is not None and found.margins[0][0] is None
    assert found.margins[0][1] == pytest.approx(math.log(p / (1 - p)))
    assert found.margins[1][0] == pytest.approx(-found.margins[0][1])


def test_a_bad_answer_or_a_missing_context_spoils_no_neighbour() -> None:
    context = {"criterion": "Short answers."}
    found = judged(
        Told(), sample("q", "xx", "bad", "x", context=context), sample("q", "x"), sample("q", "x", context=context)
    )
    assert [s.status for s in found[0].scores] == [Status.OK, Status.FAILED, Status.OK]
    assert found[0].scores[1].error == "the answer is bad"
    assert found[0].margins is not None and found[0].margins[0][1] is None and found[0].margins[0][2] is not None
    assert found[1].scores[0].value is None and "context.criterion" in found[1].scores[0].error
    assert found[2].scores[0].value is not None


def test_a_reward_that_is_no_mixture_is_unscored_with_the_reason() -> None:
    (found,) = judged(Plain(), sample("q", "x", context={"criterion": "Long answers."}))
    assert found.scores[0].value is None and "no mixture" in found.scores[0].error


def test_bad_fields() -> None:
    with pytest.raises(SpecError, match="order"):
        InContext(reward=Told(order_bound=True))
    with pytest.raises(SpecError, match="context"):
        InContext(reward=Told(), context="")
