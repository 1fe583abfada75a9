"""Over-optimisation curves: means, peaks, and laws found again from their own points."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guerdon.core.errors import DataError
from guerdon.metrics.best_of_n import best_of_n_kl
from guerdon.metrics.overoptimisation import curve, law


def test_a_curve_by_hand() -> None:
    found = curve([4.0, 0.0, 1.0, 1.0, np.nan], [3.0, 0.0, 1.0, 2.0, 9.0], [0.5, 0.0, 1.0, 3.0, 9.0])
    assert found.d.tolist() == [0.0, 1.0, 2.0] and found.count.tolist() == [1, 2, 1]
    assert found.proxy.tolist() == [0.0, 1.5, 3.0] and found.gold.tolist() == [0.0, 2.0, 0.5]
    assert found.gap.tolist() == [0.0, -0.5, 2.5] and found.peak == 1 and found.fallen == 1.5


@given(st.floats(0.2, 3), st.floats(0.05, 1))
@settings(max_examples=40, deadline=None)
def test_laws_are_found_again_and_peak_where_calculus_says(alpha: float, beta: float) -> None:
    d = np.sqrt(best_of_n_kl(2.0 ** np.arange(10)))
    bon = law(d, d * (alpha - beta * d))
    assert (bon.alpha, bon.beta, bon.r2) == pytest.approx((alpha, beta, 1.0)) and bon.peak == pytest.approx(
        alpha / beta / 2
    )
    wide = np.linspace(0, 30, 40)
    rl = law(wide, wide * (alpha - beta * np.log(np.where(wide > 0, wide, 1))), "rl")
    assert (rl.alpha, rl.beta) == pytest.approx((alpha, beta), abs=1e-8)
    assert rl.peak is not None and bon.peak is not None
    for found in (bon, rl):
        assert found.peak is not None
        top = found(found.peak)
        assert top >= found(found.peak * 0.99) - 1e-12 and top >= found(found.peak * 1.01) - 1e-12


def test_gold_that_only_rises_has_no_peak_and_misuse_is_told() -> None:
    d = np.array([0.0, 1.0, 2.0, 3.0])
    assert law(d, 2 * d + d**2).peak is None and math.isclose(law(d, 2 * d).r2, 1.0)
    with pytest.raises(DataError, match="two different"):
        law([0.0, 1.0], [0.0, 1.0])
    with pytest.raises(DataError, match="finite"):
        law([0.0, 1.0, np.nan], [0.0, 1.0, 2.0])
    with pytest.raises(DataError, match="equally long"):
        curve([1.0], [1.0], [])
    with pytest.raises(DataError, match="negative"):
        curve([-1.0], [1.0], [1.0])
