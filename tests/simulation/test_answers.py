"""Answers of known quality."""

from __future__ import annotations

import pytest

from guerdon.core.errors import SpecError
from guerdon.simulation.answers import FILLER, HARMFUL, HELPFUL, AnswerWorld, quality, signature


def test_quality_counts_helpful_and_harmful_sentences_only() -> None:
    assert quality(" ".join(HELPFUL)) == 8 and quality(" ".join(HARMFUL)) == -6 and quality(" ".join(FILLER)) == 0
    assert quality(f"{HELPFUL[0]} {HELPFUL[0]} {signature('x')}") == 1


def test_samples_are_seeded_and_their_preferences_follow_quality() -> None:
    world = AnswerWorld(responses=4, authors=("one", "two"), seed=3)
    samples = world.samples(50)
    assert samples == world.samples(50) != world.samples(50, part=1)
    for s in samples:
        found = [quality(r.text) for r in s.responses]
        assert len(set(found)) == 4 and [r.labels["quality"] for r in s.responses] == found
        assert all(found[p.better] > found[p.worse] for p in s.preferences) and len(s.preferences) == 6
        assert [signature("one") in r.text for r in s.responses] == [True, False, True, False]


def test_noise_flips_about_that_share() -> None:
    samples = AnswerWorld(noise=0.3, seed=1).samples(2000)
    flipped = [
        quality(s.responses[p.better].text) < quality(s.responses[p.worse].text) for s in samples for p in s.preferences
    ]
    assert 0.26 < sum(flipped) / len(flipped) < 0.34


def test_bad_settings_are_told() -> None:
    for wrong in ({"responses": 1}, {"responses": 9}, {"noise": 0.6}):
        with pytest.raises(SpecError):
            AnswerWorld(**wrong)  # type: ignore[arg-type]
