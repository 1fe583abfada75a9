"""κ, plain and quadratic-weighted, against scikit-learn and by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from guerdon.core.errors import DataError
from guerdon.metrics.kappa import cohen_kappa, fleiss_kappa, quadratic_kappa


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


def test_cohens_two_by_two_by_hand() -> None:
    """45 yes-yes, 15 yes-no, 25 no-yes, 15 no-no: p_o 0.6, p_e 0.54 → κ 0.1304."""
    a = ["y"] * 60 + ["n"] * 40
    b = ["y"] * 45 + ["n"] * 15 + ["y"] * 25 + ["n"] * 15
    assert cohen_kappa(a, b) == pytest.approx(0.06 / 0.46)


@pytest.mark.parametrize("weights", ["nominal", "linear", "quadratic"])
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=2, max_size=30))
def test_it_is_scikit_learns_with_every_weight(weights: str, rows: list[tuple[int, int]]) -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    a, b = [r[0] for r in rows], [r[1] for r in rows]
    found = cohen_kappa(a, b, weights)  # type: ignore[arg-type]
    if len({*a, *b}) < 2:
        assert found is None
        return
    wanted = metrics.cohen_kappa_score(a, b, weights=None if weights == "nominal" else weights, labels=[0, 1, 2, 3])
    assert found == pytest.approx(wanted) and found == pytest.approx(cohen_kappa(b, a, weights))  # type: ignore[arg-type]


def test_fleiss_of_his_psychiatrists_layout() -> None:
    """Ten items, fourteen raters, five categories: the worked example of the literature, κ = 0.210."""
    counts = [
        [0, 0, 0, 0, 14], [0, 2, 6, 4, 2], [0, 0, 3, 5, 6], [0, 3, 9, 2, 0], [2, 2, 8, 1, 1],
        [7, 7, 0, 0, 0], [3, 2, 6, 3, 0], [2, 5, 3, 2, 2], [6, 5, 2, 1, 0], [0, 2, 2, 3, 7],
    ]  # fmt: skip
    assert fleiss_kappa(counts) == pytest.approx(0.210, abs=5e-4)
    assert fleiss_kappa([[3, 0], [0, 3]]) == pytest.approx(1.0) and fleiss_kappa([[3, 0], [3, 0]]) is None
    with pytest.raises(DataError, match="same two or more"):
        fleiss_kappa([[3, 0], [1, 1]])
    with pytest.raises(DataError, match="whole numbers"):
        fleiss_kappa([[0.5, 1.5]])
