"""Stages before a reward: a plan written for each prompt, and stages that go wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import pytest

from guerdon.core.build import build
from guerdon.core.concurrency import run_sync
from guerdon.core.contracts import Reward, Stage
from guerdon.core.errors import SpecError
from guerdon.core.types import Sample, Status, sample
from tests.rewards.judges.listening import Listening

TWO = [sample("Name a city.", "Paris", id="a"), sample("Name a river.", "Seine", "Nile", id="b")]


def planned(plan: Listening, rating: Listening) -> Reward:
    inner = {"use": "rewards.judges.rating", "engine": rating, "guide": "plan"}
    stage = {"use": "judging.plan", "engine": plan}
    return build(
        {"use": "rewards.compose.staged", "stages": [stage], "reward": inner, "writes": ["context.plan"]}, Reward
    )


def test_the_plan_is_made_from_the_prompt_alone_and_shown_to_the_judge() -> None:
    plan, rating = Listening(("Check the city.", "Check the river.")), Listening(("<score>5</score>",))
    found = run_sync(planned(plan, rating).score(TWO))
    assert [j.values for j in found] == [(5.0,), (5.0, 5.0)] and len(plan.asked) == 2 and len(rating.asked) == 3
    assert all(r.text not in plan.asked[0].messages[0].text for r in TWO[0].responses)
    shown = rating.asked[1].messages[0].text
    assert shown.index("Name a river.") < shown.index("Check the river.") < shown.index("Seine")


def test_a_plan_that_failed_leaves_that_sample_unscored_alone() -> None:
    found = run_sync(planned(Listening(("   ", "Check the river.")), Listening(("<score>5</score>",))).score(TWO))
    assert found[0].scores[0].status is Status.FAILED and "context.plan" in found[0].scores[0].error
    assert found[1].values == (5.0, 5.0)


@dataclass(frozen=True)
class Dropping(Stage):
    """Takes the last response away."""

    async def apply(self, samples: Sequence[Sample]) -> list[Sample]:
        return [replace(s, responses=s.responses[:-1]) for s in samples]


def test_a_stage_that_changes_responses_is_caught() -> None:
    reward = build(
        {"use": "rewards.compose.staged", "stages": [Dropping()], "reward": {"use": "rewards.verifiers.length"}}, Reward
    )
    found = run_sync(reward.score(TWO))
    assert {s.status for j in found for s in j.scores} == {Status.FAILED} and "changed the responses" in found[
        0
    ].scores[0].error


def test_no_stages() -> None:
    with pytest.raises(SpecError, match="empty"):
        build({"use": "rewards.compose.staged", "stages": [], "reward": {"use": "rewards.verifiers.length"}}, Reward)
