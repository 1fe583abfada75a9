"""κ, plain and quadratic-weighted, against scikit-learn and by hand."""

from __future__ import annotations

import numpy as np
import pytest

from guerdon.core.errors import DataError
from guerdon.metrics.kappa import cohen_kappa, quadratic_kappa


def test_it_is_the_weighted_kappa_of_scikit_learn() -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(0)
    a = rng.integers(-3, 4, 200)
    b = np.clip(a + rng.integers(-1, 2, 200), -3, 3)
    assert quadratic_kappa(a, b) == pytest.approx(
        metrics.cohen_kappa_score(a, b, weights="quadratic", labels=range(-3, 4))
    )


def test_ends_and_errors() -> None:
    assert quadratic_kappa([1, 2, 3], [1, 2, 3]) == 1.0 and quadratic_kappa([0, 1], [1, 0]) == -1.0
    assert quadratic_kappa([2, 2], [2, 2]) is None
    with pytest.raises(DataError, match="equally long"):
        quadratic_kappa([1], [1, 2])


def test_plain_labels_by_hand_and_against_scikit_learn() -> None:
    """3 of 4 equal; by chance (2·1 + 2·3)/16 = 1/2: κ = (3/4 - 1/2)/(1/2)."""
    assert cohen_kappa(["a", "a", "b", "b"], ["a", "b", "b", "b"]) == pytest.approx(0.5)
    assert cohen_kappa([1, 1], [1, 1]) is None and cohen_kappa([0, 1], [1, 0]) == -1.0
    with pytest.raises(DataError, match="equally long"):
        cohen_kappa([], [])
    metrics = pytest.importorskip("sklearn.metrics")
    a, b = np.random.default_rng(1).integers(0, 3, (2, 50)).tolist()
    assert cohen_kappa(a, b) == pytest.approx(metrics.cohen_kappa_score(a, b))
