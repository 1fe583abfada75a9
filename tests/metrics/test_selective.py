"""Risk-coverage curves by hand, by brute force over the order of ties, and at their ends."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guerdon.core.errors import DataError
from guerdon.metrics.selective import risk_coverage

rows = st.lists(st.tuples(st.integers(0, 2), st.sampled_from([0.0, 0.5, 1.0])), min_size=1, max_size=5)


def test_by_hand() -> None:
    found = risk_coverage([0.9, 0.8, 0.7, 0.6], [1.0, 0.0, 1.0, 0.0])
    assert found is not None and found.coverage.tolist() == [0.25, 0.5, 0.75, 1.0]
    assert found.risk.tolist() == pytest.approx([0.0, 1 / 2, 1 / 3, 1 / 2])
    assert found.aurc == pytest.approx((1 / 2 + 1 / 3 + 1 / 2) / 4)
    assert found.excess == pytest.approx(found.aurc - (1 / 3 + 1 / 2) / 4)
    assert found.accuracy_at(0.25) == 1.0 and found.accuracy_at(0.3) == 0.5 and found.accuracy_at(1.0) == 0.5


@given(rows)
@settings(max_examples=40, deadline=None)
def test_ties_are_the_mean_over_their_orders(found: list[tuple[int, float]]) -> None:
    curves = []
    for order in permutations(found):
        wrong = [1 - r for _, r in sorted(order, key=lambda o: -o[0])]
        curves.append(np.cumsum(wrong) / np.arange(1, len(wrong) + 1))
    got = risk_coverage([c for c, _ in found], [r for _, r in found])
    assert got is not None and np.allclose(got.risk, np.mean(curves, axis=0))
    assert got.risk[-1] == pytest.approx(1 - np.mean([r for _, r in found])) and got.excess >= 0


def test_the_best_confidence_has_no_excess_and_an_empty_set_no_curve() -> None:
    best = risk_coverage([1.0, 1.0, 0.0], [1.0, 1.0, 0.0])
    assert best is not None and best.excess == pytest.approx(0.0)
    assert risk_coverage([np.nan], [1.0]) is None and risk_coverage([], []) is None
    with pytest.raises(DataError, match="coverage"):
        best.accuracy_at(0.0)
    with pytest.raises(DataError, match="outcomes"):
        risk_coverage([1.0], [])
    with pytest.raises(DataError, match=r"\[0, 1\]"):
        risk_coverage([1.0], [2.0])
