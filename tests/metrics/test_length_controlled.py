"""Length-controlled accuracy: a reward that is length alone, one that is blind to it, and the fit against scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest

from guerdon.core.errors import DataError
from guerdon.metrics.length_controlled import length_controlled


def lengths(n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    worse = rng.integers(50, 400, n).astype(float)
    return np.maximum(worse + rng.normal(60, 100, n).round(), 1.0), worse


def test_length_alone_is_right_by_chance_once_length_is_held() -> None:
    better, worse = lengths(4000)
    found = length_controlled((np.sign(better - worse) + 1) / 2, better, worse)
    assert found is not None and found.accuracy > 0.65 and found.slope > 3
    assert (found.longer, found.shorter, found.balanced) == (1.0, 0.0, 0.5)
    assert found.controlled == pytest.approx(0.5, abs=0.1)


def test_a_reward_blind_to_length_keeps_its_accuracy() -> None:
    better, worse = lengths(4000)
    right = np.random.default_rng(1).random(4000) < 0.7
    found = length_controlled(right, better, worse)
    assert found is not None and found.balanced is not None
    assert found.controlled == pytest.approx(found.accuracy, abs=0.03) and abs(found.slope) < 0.3


def test_the_fit_is_logistic_regression() -> None:
    linear = pytest.importorskip("sklearn.linear_model")
    better, worse = lengths(300, 2)
    term = np.tanh((better - worse) / (better - worse).std())
    right = np.random.default_rng(3).random(300) < 1 / (1 + np.exp(-(0.4 + 1.1 * term)))
    model = linear.LogisticRegression(C=1e3, tol=1e-10, max_iter=1000).fit(term[:, None], right)
    found = length_controlled(right, better, worse)
    assert found is not None and found.slope == pytest.approx(model.coef_[0, 0], abs=1e-3)
    assert found.controlled == pytest.approx(1 / (1 + np.exp(-model.intercept_[0])), abs=1e-4)


def test_swapping_which_is_better_mirrors_it() -> None:
    better, worse = lengths(200, 4)
    right = (np.random.default_rng(5).random(200) < 0.6).astype(float)
    one, other = length_controlled(right, better, worse), length_controlled(1 - right, worse, better)
    assert one is not None and other is not None
    assert one.controlled == pytest.approx(1 - other.controlled) and one.slope == pytest.approx(other.slope)


def test_ends_and_misuse() -> None:
    all_right = length_controlled([1.0, 1.0], [3.0, 9.0], [2.0, 2.0])
    assert all_right is not None and (all_right.controlled, all_right.slope, all_right.shorter) == (1.0, 0.0, None)
    same = length_controlled([1.0, 0.0, np.nan], [3.0, 3.0, 3.0], [3.0, 3.0, 3.0])
    assert same is not None and same.controlled == pytest.approx(0.5) and same.n == 2 and same.balanced is None
    assert length_controlled([np.nan], [1.0], [1.0]) is None
    with pytest.raises(DataError, match="fit together"):
        length_controlled([1.0], [1.0], [])
    with pytest.raises(DataError, match="not negative"):
        length_controlled([1.0], [-1.0], [1.0])
