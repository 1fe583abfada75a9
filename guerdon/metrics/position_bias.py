"""How much the order of two texts moves a comparison. Pure."""

from __future__ import annotations

from typing import Any

import numpy as np

from guerdon.core.errors import DataError


def position_bias(forth: Any, back: Any) -> float:
    """Mean |r₁₂ + r₂₁ − 1| over N comparisons, values [N] in [0, 1] of both orders (NaN: unscored, left out): 0 for a judge whom
    order does not move, 1 for one that always takes the same side. Raises DataError for other values or none.
    RewardDance (arXiv 2509.08826)."""
    first, second = np.asarray(forth, dtype=np.float64).ravel(), np.asarray(back, dtype=np.float64).ravel()
    if first.shape != second.shape:
        raise DataError(f"{len(first)} values in one order, {len(second)} in the other")
    known = ~np.isnan(first) & ~np.isnan(second)
    values = np.concatenate([first[known], second[known]])
    if not len(values) or values.min() < 0 or values.max() > 1:
        raise DataError("a comparison is a probability in [0, 1], and there is at least one")
    return float(np.abs(first[known] + second[known] - 1).mean())
