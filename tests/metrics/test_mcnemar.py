"""McNemar's test against Fagerland's example and scipy's binomial test."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from guerdon.core.errors import DataError
from guerdon.metrics.mcnemar import mcnemar

cells = st.integers(0, 30)


def table(both: int, first: int, second: int, neither: int) -> tuple[list[float], list[float]]:
    rows = [(1, 1)] * both + [(1, 0)] * first + [(0, 1)] * second + [(0, 0)] * neither
    return [float(a) for a, _ in rows], [float(b) for _, b in rows]


def test_the_airway_example_of_fagerland_and_others() -> None:
    found = mcnemar(*table(1, 1, 7, 12))  # Bentur et al. 2009 in Fagerland et al. 2013: 0.0703 exact, 0.0391 mid-p
    assert found is not None and (found.first, found.second, found.n) == (1, 7, 21)
    assert found.exact == pytest.approx(18 / 256) and found.mid_p == pytest.approx(10 / 256)


@given(cells, cells, cells)
def test_exact_is_the_binomial_test_mid_p_is_below_it_and_sides_swap(first: int, second: int, rest: int) -> None:
    stats = pytest.importorskip("scipy.stats")
    a, b = table(rest + 1, first, second, rest)
    one, other = mcnemar(a, b), mcnemar(b, a)
    assert one is not None and other is not None
    wanted = stats.binomtest(first, first + second, 0.5).pvalue if first + second else 1.0
    assert one.exact == pytest.approx(wanted, abs=1e-10)
    assert one.mid_p <= one.exact + 1e-12 and (one.exact, one.mid_p) == (other.exact, other.mid_p)


def test_equal_sides_missing_and_misuse() -> None:
    same = mcnemar([1.0, 0.0, np.nan], [0.0, 1.0, 1.0])
    assert same is not None and (same.exact, same.mid_p, same.n) == (1.0, 1.0, 2)
    assert mcnemar([np.nan], [1.0]) is None
    with pytest.raises(DataError, match="right"):
        mcnemar([0.5], [1.0])
    with pytest.raises(DataError, match="equally many"):
        mcnemar([1.0], [1.0, 0.0])
