"""`curation.extreme_pairs`: ties, unscored responses, order."""

from __future__ import annotations

from guerdon.core.build import build
from guerdon.core.concurrency import run_sync
from guerdon.core.contracts import Stage
from guerdon.core.types import Preference, Sample, sample


def mined(*samples: Sample) -> list[Sample]:
    spec = {"use": "curation.extreme_pairs", "reward": {"use": "rewards.likelihood.direct", "engine": ENGINE}}
    return run_sync(build(spec, Stage).apply(samples))  # type: ignore[type-abstract]


ENGINE = {"use": "engines.scripted", "logprobs": {"a": [-1.0], "b": [-3.0], "c": [-1.0], "d": [-3.0]}}


def test_the_first_of_equal_extremes_is_taken_and_old_preferences_go() -> None:
    old = (Preference(better=1, worse=0),)
    (found,) = mined(sample("q", "a", "b", "c", "d", id="x", preferences=old))
    assert [(p.better, p.worse, p.margin) for p in found.preferences] == [(0, 1, 0.0)] and len(found.responses) == 4


def test_unscored_responses_are_passed_over_and_ties_dropped() -> None:
    found = mined(
        sample("q", "unknown", "b", "a", id="x"), sample("q", "a", "c", id="y"), sample("q", "a", "unknown", id="z")
    )
    assert [(s.id, s.preferences[0].better, s.preferences[0].worse) for s in found] == [("x", 2, 1)]
