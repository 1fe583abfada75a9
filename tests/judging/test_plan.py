"""Plans for judging: kept where they are, made where they are not."""

from __future__ import annotations

from guerdon.core.build import build
from guerdon.core.concurrency import run_sync
from guerdon.core.contracts import Stage
from guerdon.core.types import sample
from tests.rewards.judges.listening import Listening


def test_a_plan_that_is_there_is_kept() -> None:
    engine = Listening(("A new plan.",))
    stage = build({"use": "judging.plan", "engine": engine}, Stage)
    found = run_sync(stage.apply([sample("q", "a", context={"plan": "mine", "more": 1}), sample("r", "b")]))
    assert (
        found[0].context == {"plan": "mine", "more": 1}
        and found[1].context == {"plan": "A new plan."}
        and len(engine.asked) == 1
    )
