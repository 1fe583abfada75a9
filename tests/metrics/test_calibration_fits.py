"""Temperature and isotonic fits: known optima, scikit-learn, and what they do to honest and boastful margins."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guerdon.core.errors import DataError
from guerdon.metrics.calibration import expected_calibration_error, log_loss, sigmoid
from guerdon.metrics.calibration_fits import fit_isotonic, fit_isotonic_pairs, fit_temperature

rows = st.lists(st.tuples(st.integers(-5, 5), st.sampled_from([0.0, 1.0])), min_size=1, max_size=25)


def test_one_margin_has_a_closed_form() -> None:
    """Right three times of four at margin 2: σ(2/T) = ¾, T = 2/ln 3."""
    assert fit_temperature([2.0, 2.0, 2.0, -2.0]) == pytest.approx(2 / math.log(3))
    assert fit_temperature([2.0, -2.0], weights=[3.0, 1.0]) == pytest.approx(2 / math.log(3))
    assert fit_temperature([2.0], won=0.75) == pytest.approx(2 / math.log(3))


def test_boastful_margins_are_found_out() -> None:
    rng = np.random.default_rng(0)
    honest = rng.normal(0, 2, 20_000)
    margins = 5 * np.where(rng.random(20_000) < sigmoid(honest), honest, -honest)
    t = fit_temperature(margins)
    assert t == pytest.approx(5, rel=0.05)
    before, after = expected_calibration_error(margins), expected_calibration_error(margins / t)
    assert before is not None and after is not None and before > 0.1 and after < 0.02
    losses = [log_loss(margins / (t * f)) or 0 for f in (0.9, 1.0, 1.1)]
    assert losses[1] < losses[0] and losses[1] < losses[2], "it is the least loss"


def test_no_end_to_it_stops_at_the_bounds() -> None:
    assert fit_temperature([1.0, 1.0]) == pytest.approx(1e-4) and fit_temperature([-1.0, -1.0]) == pytest.approx(1e4)
    with pytest.raises(DataError, match="not 0"):
        fit_temperature([0.0, np.nan])
    with pytest.raises(DataError, match="another number"):
        fit_temperature([1.0, 2.0], won=[1.0, 0.0, 1.0])
    with pytest.raises(DataError, match="weights are above 0"):
        fit_temperature([1.0], weights=0.0)


@given(rows)
@settings(max_examples=80, deadline=None)
def test_isotonic_is_scikit_learns(found: list[tuple[int, float]]) -> None:
    isotonic = pytest.importorskip("sklearn.isotonic")
    x, y = np.array(found, dtype=float).T
    at = np.linspace(-7, 7, 29)
    wanted = isotonic.IsotonicRegression(out_of_bounds="clip").fit(x, y).predict(at)
    assert np.allclose(fit_isotonic(x, y)(at), wanted)


@given(rows)
@settings(max_examples=60, deadline=None)
def test_pairs_are_mirrored_and_rise(found: list[tuple[int, float]]) -> None:
    m, y = np.array(found, dtype=float).T
    made, at = fit_isotonic_pairs(m, y), np.linspace(-6, 6, 25)
    assert (
        np.allclose(made(at) + made(-at), 1) and (np.diff(made(at)) >= -1e-12).all() and made(0.0) == pytest.approx(0.5)
    )


def test_pooling_by_hand() -> None:
    made = fit_isotonic([1, 2, 3, 4], [0, 1, 0, 1])
    assert made.x == (1.0, 2.0, 3.0, 4.0) and made.y == (0.0, 0.5, 0.5, 1.0)
    with pytest.raises(DataError, match="at least one"):
        fit_isotonic([np.nan], [1.0])
