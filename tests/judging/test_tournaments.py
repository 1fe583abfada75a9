"""Which pairs are played and what they make: counts, limits, invariances."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from guerdon.judging.tournaments import all_pairs, swiss_round, win_rate, with_anchor
from guerdon.metrics.ranking import bradley_terry


def test_plans() -> None:
    assert len(all_pairs(10)) == 45 and with_anchor(4, 2) == [(0, 2), (1, 2), (2, 3)]
    assert swiss_round([0, 0, 0], []) == [(0, 1)], "one is left out"
    assert swiss_round([1, 0, 1, 0], [(0, 1), (2, 3)]) == [(0, 2), (1, 3)]


@given(st.integers(2, 12), st.integers(0, 99))
def test_swiss_never_repeats_a_game_while_others_are_left(k: int, seed: int) -> None:
    rng, played = np.random.default_rng(seed), []
    for _ in range(k - 1):
        made = swiss_round(rng.random(k).tolist(), played)
        assert len({i for p in made for i in p}) == 2 * len(made)
        assert not {frozenset(p) for p in made} & {frozenset(p) for p in played}
        played += made


def test_two_players_have_the_known_strength() -> None:
    found = bradley_terry(2, [(0, 1, 1.0)] * 3 + [(0, 1, 0.0)], prior=0.0)
    assert (found[0] or 0) - (found[1] or 0) == pytest.approx(math.log(3), abs=1e-6)


def test_an_unbeaten_player_stays_finite_and_an_absent_one_has_none() -> None:
    found = bradley_terry(4, [(0, 1, 1.0), (1, 2, 1.0), (0, 2, 1.0)])
    assert (
        found[3] is None
        and found[0] is not None
        and math.isfinite(found[0])
        and found[0] > (found[1] or 0) > (found[2] or 0)
    )
    assert win_rate(4, [(0, 1, 1.0), (1, 2, 0.5)]) == [1.0, 0.25, 0.5, None]


@given(st.lists(st.floats(-2, 2), min_size=3, max_size=5))
def test_strengths_are_found_again_from_their_own_probabilities(true: list[float]) -> None:
    games = [(i, j, 1 / (1 + math.exp(true[j] - true[i]))) for i, j in all_pairs(len(true))]
    found = np.array(bradley_terry(len(true), games, prior=0.0), dtype=float)
    assert np.allclose(found - found.mean(), np.array(true) - np.mean(true), atol=1e-3)
