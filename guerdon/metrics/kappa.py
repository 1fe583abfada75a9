"""Agreement of two annotators: Cohen's κ of plain labels, and with quadratic weights of an ordered scale."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np

from guerdon.core.errors import DataError


def quadratic_kappa(first: Any, second: Any) -> float | None:
    """κ = 1 − Σ (aₙ − bₙ)² / n ÷ Σ_{n,m} (aₙ − b_m)² / n² for N ratings each: 1 agreement, 0 chance, below 0 less than chance.

    The weighted form of Cohen 1968 with weights (i − j)². None where chance itself would never disagree (one value only).
    Raises DataError for no ratings or different numbers of them.
    """
    a, b = (np.asarray(v, dtype=np.float64).ravel() for v in (first, second))
    if not len(a) or len(a) != len(b):
        raise DataError(f"agreement needs two equally long lists of ratings, found {len(a)} and {len(b)}")
    seen, by_chance = ((a - b) ** 2).mean(), ((a[:, None] - b[None, :]) ** 2).mean()
    return float(1 - seen / by_chance) if by_chance > 0 else None


def cohen_kappa(first: Sequence[Hashable], second: Sequence[Hashable]) -> float | None:
    """κ = (p_o − p_e) / (1 − p_e): p_o the share of equal labels, p_e = Σ_c p_first(c)·p_second(c) the share by chance.

    Cohen 1960, labels without an order. None where chance itself would always agree (one label only). Raises DataError
    for no labels or different numbers of them.
    """
    if not len(first) or len(first) != len(second):
        raise DataError(f"agreement needs two equally long lists of labels, found {len(first)} and {len(second)}")
    one, two = Counter(first), Counter(second)
    seen = sum(a == b for a, b in zip(first, second, strict=True)) / len(first)
    by_chance = sum(one[c] * two[c] for c in one) / len(first) ** 2
    return (seen - by_chance) / (1 - by_chance) if by_chance < 1 else None
