"""Spearman's rank correlation. Pure."""

from __future__ import annotations

import numpy as np

from guerdon.metrics.correlation import value_of


def spearman(x: np.ndarray, y: np.ndarray) -> float | None:
    """Pearson's correlation of the ranks, ties at their mean rank; None where one side is constant. With an interval:
    `metrics.correlation.correlation`."""
    return value_of(x, y, "spearman")
