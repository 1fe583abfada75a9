"""Best-of-n from a pool: against every subset, one by one."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guerdon.core.errors import DataError
from guerdon.metrics.best_of_n import best_of_n, best_of_n_curve, best_of_n_kl, order_weights

pools = st.lists(st.tuples(st.integers(0, 3), st.floats(-5, 5)), min_size=1, max_size=6)


def by_subsets(proxy: list[float], gold: list[float], n: int) -> float:
    """The mean over all subsets of n of the mean gold of those with the largest proxy."""
    found = []
    for some in combinations(range(len(proxy)), n):
        top = max(proxy[i] for i in some)
        found.append(np.mean([gold[i] for i in some if proxy[i] == top]))
    return float(np.mean(found))


@given(pools)
@settings(max_examples=60, deadline=None)
def test_it_is_the_mean_over_all_subsets(pool: list[tuple[int, float]]) -> None:
    proxy, gold = [float(p) for p, _ in pool], [g for _, g in pool]
    found = best_of_n([proxy], [gold])[0]
    assert found.tolist() == pytest.approx([by_subsets(proxy, gold, n + 1) for n in range(len(pool))], abs=1e-9)
    assert found[0] == pytest.approx(np.mean(gold), abs=1e-9)
    turned = best_of_n([proxy[::-1]], [gold[::-1]])[0]
    assert np.allclose(turned, found), "the order of the pool changes nothing"


def test_an_oracle_rises_its_opposite_falls_and_a_constant_picks_at_random() -> None:
    gold = np.random.default_rng(0).normal(size=(30, 16))
    up, down, flat = best_of_n(gold, gold), best_of_n(-gold, gold), best_of_n(gold * 0, gold)
    assert (np.diff(up, axis=1) > 0).all() and (np.diff(down, axis=1) < 0).all()
    assert np.allclose(up[:, -1], gold.max(axis=1)) and np.allclose(flat, gold.mean(axis=1, keepdims=True))


def test_large_pools_stay_exact() -> None:
    weights = order_weights(2000)
    assert np.allclose(weights.sum(axis=1), 1) and weights[-1, -1] == pytest.approx(1.0)
    assert weights[499, 1500] == pytest.approx(math.comb(1500, 499) / math.comb(2000, 500), rel=1e-9)


def test_missing_responses_leave_their_pool() -> None:
    nan = float("nan")
    found = best_of_n(
        [[1.0, nan, 2.0], [1.0, 2.0, 3.0], [nan, nan, nan]], [[5.0, 9.0, 7.0], [1.0, nan, 4.0], [1.0] * 3]
    )
    assert found[0, :2].tolist() == [6.0, 7.0] and found[1, :2].tolist() == [2.5, 4.0]
    assert np.isnan(found[:2, 2]).all() and np.isnan(found[2]).all()
    means, intervals = best_of_n_curve([[1.0, nan], [2.0, 1.0]], [[0.0, 0.0], [1.0, 0.0]], draws=50)
    assert means.tolist() == [0.25, 1.0] and intervals[1] == (1.0, 1.0) and intervals[0] == (0.0, 0.5)
    with pytest.raises(DataError, match="alike"):
        best_of_n([[1.0]], [[1.0, 2.0]])
    with pytest.raises(DataError, match="finite"):
        best_of_n([[np.inf]], [[1.0]])


def test_divergence() -> None:
    assert best_of_n_kl([1, 2, 16]).tolist() == pytest.approx([0.0, math.log(2) - 0.5, math.log(16) - 15 / 16])
    with pytest.raises(DataError):
        best_of_n_kl(0.5)
