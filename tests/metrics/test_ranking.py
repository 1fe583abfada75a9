"""Bradley-Terry and Elo rankings: known strengths, intervals, invariances."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guerdon.core.errors import DataError
from guerdon.metrics.ranking import bradley_terry, elo, ranking, strengths

outcomes = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 3), st.sampled_from([0.0, 0.5, 1.0])).filter(lambda o: o[0] != o[1]),
    max_size=12,
)


def test_two_rewards_have_the_log_odds_of_their_wins() -> None:
    values = np.array([[1.0, 0.0]] * 30 + [[0.0, 1.0]] * 10)
    first, second = ranking(values, prior=0.0, draws=200)
    assert first.strength is not None and second.strength is not None and first.interval is not None
    assert first.strength - second.strength == pytest.approx(math.log(3), abs=1e-6)
    assert first.interval[0] < first.strength < first.interval[1]
    assert (first.elo or 0) - (second.elo or 0) == pytest.approx(400 * math.log10(3), abs=1e-4)


@given(outcomes)
@settings(max_examples=40, deadline=None)
def test_tables_at_once_are_those_one_by_one(games: list[tuple[int, int, float]]) -> None:
    tables = np.zeros((2, 4, 4))
    for i, j, w in games:
        tables[0, i, j] += w
        tables[0, j, i] += 1 - w
    tables[1] = tables[0].T  # everyone's losses for wins
    found = strengths(tables)
    alone = bradley_terry(4, games)
    for player in range(4):
        if alone[player] is None:
            assert np.isnan(found[:, player]).all()
        else:
            assert found[0, player] == pytest.approx(alone[player], abs=1e-6)
            assert found[1, player] == pytest.approx(-found[0, player], abs=1e-6)


@given(outcomes.filter(bool), st.sampled_from([0.1, 1.0]))
@settings(max_examples=40, deadline=None)
def test_nothing_near_has_a_larger_likelihood(games: list[tuple[int, int, float]], prior: float) -> None:
    """The strengths, moved together to where the prior holds them, are the maximum along every player's direction."""
    found = np.array([np.nan if s is None else s for s in bradley_terry(4, games, prior)])
    played = ~np.isnan(found)

    def likelihood(theta: np.ndarray) -> float:
        known = sum(
            -w * np.logaddexp(0, theta[j] - theta[i]) - (1 - w) * np.logaddexp(0, theta[i] - theta[j])
            for i, j, w in games
        )
        return float(known - prior / 2 * (np.logaddexp(0, theta[played]) + np.logaddexp(0, -theta[played])).sum())

    shifts = np.linspace(-3, 3, 6001)
    at = found + shifts[np.argmax([likelihood(found + s) for s in shifts])]
    for player in np.flatnonzero(played):
        for move in (-0.02, 0.02):
            moved = at.copy()
            moved[player] += move
            assert likelihood(moved) < likelihood(at)


def test_a_better_reward_ranks_higher_and_one_without_values_not_at_all() -> None:
    rng = np.random.default_rng(0)
    values = np.concatenate([rng.normal([0.0, 1.0, 2.0], 1.0, (400, 3)), np.full((400, 1), np.nan)], axis=1)
    found = ranking(values, draws=100)
    low, middle, high, absent = (r.strength for r in found)
    assert low is not None and middle is not None and high is not None and low < middle < high
    assert absent is None and found[3].interval is None and found[3].elo is None
    assert (
        found[0].interval is not None and found[2].interval is not None and found[0].interval[1] < found[2].interval[0]
    )
    with pytest.raises(DataError, match="two or more"):
        ranking(np.zeros((3, 1)))


def test_one_game_of_elo_by_hand() -> None:
    assert elo(3, [(0, 1, 1.0)], orders=0) == [1002.0, 998.0, None]
    two = elo(2, [(0, 1, 1.0), (0, 1, 1.0)], step=32, orders=0)
    second = 32 * (1 - 1 / (1 + 10 ** (-32 / 400)))
    assert two == pytest.approx([1016 + second, 984 - second])


@given(outcomes, st.integers(0, 3))
@settings(max_examples=40, deadline=None)
def test_elo_keeps_the_sum_and_turns_with_the_players(games: list[tuple[int, int, float]], seed: int) -> None:
    found = elo(4, games, seed=seed)
    assert sum(1000.0 if r is None else r for r in found) == pytest.approx(4000.0)
    turned = elo(4, [(3 - i, 3 - j, w) for i, j, w in games], seed=seed)
    assert [t is None for t in turned[::-1]] == [r is None for r in found]
    assert [t for t in turned[::-1] if t is not None] == pytest.approx([r for r in found if r is not None])


def test_elo_and_bradley_terry_agree_on_the_order() -> None:
    rng = np.random.default_rng(0)
    games = [
        (i, j, float(rng.random() < 1 / (1 + math.exp(j - i)))) for _ in range(300) for i in range(4) for j in range(i)
    ]
    points, found = elo(4, games, orders=20), bradley_terry(4, games)
    assert (
        sorted(range(4), key=lambda i: points[i] or 0) == sorted(range(4), key=lambda i: found[i] or 0) == [0, 1, 2, 3]
    )
    for bad in [(0, 4, 1.0), (0, 0, 1.0), (0, 1, 2.0)]:
        with pytest.raises(DataError, match="share"):
            elo(4, [bad])
