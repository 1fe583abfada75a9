"""The swap-consistency filter, on judges whose consistency is known."""

from __future__ import annotations

from typing import Any

import pytest

from guerdon.core.build import build
from guerdon.core.concurrency import run_sync
from guerdon.core.contracts import Stage
from guerdon.core.types import Preference, Sample, sample
from guerdon.simulation.answers import AnswerWorld
from guerdon.simulation.judge import SimulatedJudge
from tests.rewards.judges.listening import Listening

GOLD = sample("q", "right", "wrong", preferences=(Preference(better=0, worse=1),))


def kept(samples: list[Sample], engine: Any, **fields: Any) -> list[Sample]:
    judge = {"use": "rewards.judges.rise", "engine": engine}
    return run_sync(build({"use": "curation.swap_consistent", "judge": judge, **fields}, Stage).apply(samples))


@pytest.mark.parametrize(
    ("first", "second", "kind"), [("A", "B", "consistent"), ("A", "A", "biased"), ("B", "B", "biased"), ("B", "A", "wrong"), ("A", "?", "unscored")]
)  # fmt: skip
def test_verdicts_in_both_orders(first: str, second: str, kind: str) -> None:
    engine = Listening((f"[[{first}]]", f"[[{second}]]"))
    (found,) = kept([GOLD], engine)
    assert found.context["swap"] == [kind] and len(found.preferences) == (kind == "consistent")
    (hard,) = kept([GOLD], Listening((f"[[{first}]]", f"[[{second}]]")), keep="hard")
    assert len(hard.preferences) == (kind in ("biased", "wrong"))


def test_a_judge_that_always_says_the_first_leaves_nothing_and_a_perfect_one_everything() -> None:
    samples = AnswerWorld(responses=3, seed=2).samples(20)
    assert all(not s.preferences for s in kept(samples, SimulatedJudge(position_bias=500.0)))
    assert [s.preferences for s in kept(samples, SimulatedJudge())] == [s.preferences for s in samples]
