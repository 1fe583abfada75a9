"""Small-loss selection by any reward."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest

from guerdon.core.concurrency import run_sync
from guerdon.core.contracts import Reward
from guerdon.core.errors import SpecError
from guerdon.core.types import Judgement, Preference, Sample, Score, Status, sample
from guerdon.curation.small_loss import SmallLoss

MARGINS = (3.0, -1.0, 2.0, 0.5, -2.0)


@dataclass(frozen=True)
class Said(Reward):
    """Reads the value of a response off its text; "?" stays unscored."""

    async def score(self, samples: Sequence[Sample]) -> list[Judgement]:
        return [Judgement(scores=tuple(_score(r.text) for r in s.responses)) for s in samples]


def _score(text: str) -> Score:
    return Score.unscored(Status.FAILED, "no idea") if text == "?" else Score(value=float(text))


def pairs(*margins: float | str, **context: Any) -> list[Sample]:
    first = (Preference(better=0, worse=1),)
    return [sample("q", str(m), "0", id=str(i), preferences=first, context=context) for i, m in enumerate(margins)]


def kept(samples: Sequence[Sample], noise: float = 0.4, batch: int = 0) -> list[str]:
    found = run_sync(SmallLoss(Said(), noise, batch).apply(samples))
    assert [s.id for s in found] == [s.id for s in samples]
    return [s.id for s in found if s.preferences]


def test_the_pairs_of_largest_margin_stay() -> None:
    assert kept(pairs(*MARGINS)) == ["0", "2", "3"]
    assert kept(pairs(*MARGINS), 0.0) == list("01234")
    assert kept([]) == []


def test_pairs_are_compared_within_their_batch() -> None:
    assert kept(pairs(9.0, 8.0, -1.0, -2.0), 0.5, batch=2) == ["0", "2"]


def test_ties_and_unscored_pairs_stay_and_do_not_count() -> None:
    samples = pairs(*MARGINS, "?")
    tied = replace(samples[4], preferences=(Preference(better=0, worse=1, tie=True),))
    assert kept([*samples[:4], tied, samples[5]], 0.5) == ["0", "2", "4", "5"], "2 of the 4 that can be weighed"


def test_known_flips_follow_their_pairs() -> None:
    both = (Preference(better=0, worse=1), Preference(better=1, worse=0))
    given = sample("q", "3", "1", preferences=both, context={"flipped": [False, True]})
    found = run_sync(SmallLoss(Said(), 0.5).apply([given]))[0]
    assert found.preferences == both[:1] and found.context["flipped"] == [False]


def test_bad_settings_are_refused() -> None:
    with pytest.raises(SpecError, match="noise is in"):
        SmallLoss(Said(), 1.0)
    with pytest.raises(SpecError, match="batch is not negative"):
        SmallLoss(Said(), 0.2, -1)
