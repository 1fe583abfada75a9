"""Seeded symmetric flips."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from guerdon.core.build import build
from guerdon.core.concurrency import run_sync
from guerdon.core.contracts import Stage
from guerdon.core.errors import SpecError
from guerdon.core.types import Preference, Sample, sample
from guerdon.data.flips import flips


def made(count: int) -> list[Sample]:
    pair = (Preference(better=0, worse=1, strength=2.0),)
    return [sample("q", "good", "bad", id=f"row {i}", preferences=pair, context={"subset": "x"}) for i in range(count)]


def noisy(samples: Sequence[Sample], share: float, seed: int = 0) -> list[Sample]:
    stage = build({"use": "curation.label_noise", "share": share, "seed": seed}, Stage)  # type: ignore[type-abstract]
    return run_sync(stage.apply(samples))


def test_a_share_is_flipped_and_remembered() -> None:
    found = noisy(made(4000), 0.2)
    flipped = [s.preferences[0].better == 1 for s in found]
    assert sum(flipped) / 4000 == pytest.approx(0.2, abs=0.02)
    assert [flips(s) for s in found] == [(f,) for f in flipped]
    assert all(s.preferences[0].strength == 2.0 and s.context["subset"] == "x" for s in found)


def test_the_flips_are_the_seed_s_whatever_stands_beside_a_pair() -> None:
    samples = made(300)
    assert noisy(samples, 0.4) == noisy(samples, 0.4) != noisy(samples, 0.4, seed=1)
    assert (
        noisy(samples[::-1], 0.4) == noisy(samples, 0.4)[::-1] and noisy(samples[7:8], 0.4) == noisy(samples, 0.4)[7:8]
    )
    few, many = ({s.id for s in noisy(samples, share) if flips(s) == (True,)} for share in (0.2, 0.4))
    assert few < many


def test_none_all_and_ties() -> None:
    samples = made(20)
    assert [s.preferences for s in noisy(samples, 0.0)] == [s.preferences for s in samples]
    assert all(s.preferences[0].better == 1 for s in noisy(samples, 1.0))
    tied = replace(samples[0], preferences=(Preference(better=0, worse=1, tie=True), Preference(better=1, worse=0)))
    assert flips(noisy([tied], 1.0)[0]) == (False, True)


def test_flipping_twice_is_known_to_be_right_again() -> None:
    twice = noisy(noisy(made(10), 1.0), 1.0)
    assert all(flips(s) == (False,) and s.preferences[0].better == 0 for s in twice)


def test_flips_are_unknown_once_preferences_were_left_out() -> None:
    found = noisy(made(1), 1.0)[0]
    assert flips(replace(found, preferences=())) is None and flips(made(1)[0]) is None


@pytest.mark.parametrize("share", [-0.1, 1.1])
def test_a_share_outside_its_range_is_refused(share: float) -> None:
    with pytest.raises(SpecError, match="share is in"):
        noisy([], share)
