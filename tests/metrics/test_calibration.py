"""Calibration of pair probabilities."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from guerdon.core.errors import DataError
from guerdon.metrics.calibration import (
    adaptive_calibration_error,
    adaptive_reliability,
    brier,
    curve_error,
    expected_calibration_error,
    favourites,
    log_loss,
    reliability,
    sigmoid,
)


def test_a_calibrated_reward_has_no_error_and_a_boastful_one_has() -> None:
    rng = np.random.default_rng(0)
    margins = rng.normal(0, 2, size=20_000)
    chosen = np.where(rng.random(20_000) < sigmoid(margins), margins, -margins)
    honest, boastful = expected_calibration_error(chosen), expected_calibration_error(5 * chosen)
    assert honest is not None and honest < 0.015
    assert boastful is not None and boastful > 0.1


def test_hand_made_bins() -> None:
    margins = [math.log(9), math.log(9), -math.log(9), math.log(9)]  # the favourite at 0.9, right three times of four
    curve = reliability(*favourites(margins))
    assert len(curve) == 1 and curve[0].count == 4
    assert curve[0].confidence == pytest.approx(0.9) and curve[0].accuracy == 0.75
    assert expected_calibration_error(margins) == pytest.approx(0.15)


def test_no_favourite_counts_half() -> None:
    assert expected_calibration_error([0.0, 0.0]) == 0.0 and expected_calibration_error([]) is None
    assert log_loss([0.0]) == pytest.approx(math.log(2)) and log_loss([np.nan]) is None


def test_the_last_bin_holds_certainty_and_a_bin_edge_belongs_to_the_upper_one() -> None:
    curve = reliability([0.55, 1.0], [1.0, 1.0])
    assert [(b.low, b.count) for b in curve] == [(pytest.approx(0.55), 1), (pytest.approx(0.95), 1)]


def test_misuse_is_told() -> None:
    with pytest.raises(DataError, match="do not fit"):
        reliability([0.6], [])
    with pytest.raises(DataError, match="must lie in"):
        reliability([0.4], [1.0])


@given(st.lists(st.floats(-800, 800), min_size=1, max_size=50))
def test_extreme_margins_stay_finite(margins: list[float]) -> None:
    error, loss = expected_calibration_error(margins), log_loss(margins)
    assert error is not None and 0 <= error <= 1 and loss is not None and math.isfinite(loss)
    assert np.allclose(sigmoid(margins) + sigmoid([-m for m in margins]), 1)


def test_bins_of_equal_numbers_by_hand() -> None:
    curve = adaptive_reliability([0.5, 0.6, 0.7, 0.9], [0.0, 1.0, 1.0, 1.0], bins=2)
    assert [(b.low, b.high, b.count, b.accuracy) for b in curve] == [(0.5, 0.6, 2, 0.5), (0.7, 0.9, 2, 1.0)]
    assert curve_error(curve) == pytest.approx(0.5 * 0.05 + 0.5 * 0.2)
    assert [b.count for b in adaptive_reliability([0.9, 0.6, 0.6, 0.6], [1.0] * 4, bins=4)] == [3, 1], (
        "equals stay together"
    )
    assert adaptive_calibration_error([]) is None


@given(st.lists(st.floats(-5, 5), min_size=1, max_size=60), st.integers(1, 12))
def test_equal_numbers_hold_everything_once_whatever_the_order(margins: list[float], bins: int) -> None:
    confidence, right = favourites(margins)
    curve = adaptive_reliability(confidence, right, bins)
    assert sum(b.count for b in curve) == len(margins) and len(curve) <= bins
    assert all(a.high < b.low for a, b in zip(curve, curve[1:], strict=False))
    one, turned = adaptive_calibration_error(margins, bins), adaptive_calibration_error(margins[::-1], bins)
    assert one == pytest.approx(turned) and one is not None and 0 <= one <= 1
    if len(set(margins)) == len(margins) and len(set(confidence)) == len(margins) and len(margins) % bins == 0:
        assert {b.count for b in curve} == {len(margins) // bins}


def test_brier_by_hand() -> None:
    assert brier([0.9, 0.2, np.nan], [1.0, 0.0, 1.0]) == pytest.approx((0.01 + 0.04) / 2)
    assert brier([], []) is None and brier(sigmoid([0.0]), [1.0]) == 0.25
    with pytest.raises(DataError, match="outcomes"):
        brier([0.5], [])
    with pytest.raises(DataError, match=r"\[0, 1\]"):
        brier([1.5], [1.0])
