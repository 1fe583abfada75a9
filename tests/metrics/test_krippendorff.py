"""Krippendorff's α against his published worked example, and what holds for any ratings."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from guerdon.core.errors import DataError
from guerdon.metrics.kappa import fleiss_kappa
from guerdon.metrics.krippendorff import krippendorff_alpha

N = np.nan
# Krippendorff 2011, section C: four observers, twelve units, missing ratings.
WORKED = np.array([
    [1, 2, 3, 3, 2, 1, 4, 1, 2, N, N, N],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, N, 3],
    [N, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, N],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, N],
])  # fmt: skip


@pytest.mark.parametrize(
    ("level", "alpha"), [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849), ("ratio", 0.797)]
)
def test_the_published_example(level: str, alpha: float) -> None:
    assert krippendorff_alpha(WORKED, level) == pytest.approx(alpha, abs=6e-4)  # type: ignore[arg-type]


def by_definition(table: np.ndarray) -> float:
    """Interval α from all pairs, one by one."""
    columns = [c[~np.isnan(c)] for c in table.T]
    columns = [c for c in columns if len(c) >= 2]
    every = np.concatenate(columns)
    seen = sum(((c[:, None] - c) ** 2).sum() / (len(c) - 1) for c in columns) / len(every)
    return float(1 - seen / (((every[:, None] - every) ** 2).sum() / (len(every) * (len(every) - 1))))


@given(arrays(np.float64, (3, 6), elements=st.sampled_from([0.0, 1.0, 2.0, 5.0, N])))
def test_interval_is_its_definition_and_order_and_shift_change_nothing(table: np.ndarray) -> None:
    found = krippendorff_alpha(table, "interval")
    if found is None:
        kept = table[:, (~np.isnan(table)).sum(axis=0) >= 2]
        assert len(np.unique(kept[~np.isnan(kept)])) < 2
        return
    assert found == pytest.approx(by_definition(table)) and found <= 1
    assert krippendorff_alpha(table[::-1, ::-1] * 3 + 7, "interval") == pytest.approx(found)
    assert krippendorff_alpha(table[::-1], "ordinal") == pytest.approx(krippendorff_alpha(table**3, "ordinal"))


def test_nominal_of_many_items_nears_fleiss() -> None:
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 3, 4000)
    table = np.where(rng.random((3, 4000)) < 0.7, truth, rng.integers(0, 3, (3, 4000))).astype(float)
    counts = np.stack([(table == c).sum(axis=0) for c in range(3)], axis=1)
    assert krippendorff_alpha(table) == pytest.approx(fleiss_kappa(counts), abs=1e-3)


def test_nothing_to_compare_and_misuse() -> None:
    assert krippendorff_alpha([[1, N], [N, 2]]) is None and krippendorff_alpha([[2, 2], [2, 2]]) is None
    assert krippendorff_alpha([[1, 2], [1, 2]]) == 1.0
    with pytest.raises(DataError, match="raters, items"):
        krippendorff_alpha([1, 2])
    with pytest.raises(DataError, match="negative"):
        krippendorff_alpha([[-1, 2], [1, 2]], "ratio")
