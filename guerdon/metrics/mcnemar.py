"""McNemar's test: do two rewards differ in how often they are right on the same items? Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from guerdon.core.errors import DataError
from guerdon.metrics.binomial import at_most


@dataclass(frozen=True, slots=True, kw_only=True)
class McNemar:
    """first, second: items only the one is right on · n: items both have · exact, mid_p: two-sided p values."""

    first: int
    second: int
    n: int
    exact: float
    mid_p: float


def mcnemar(first: Any, second: Any) -> McNemar | None:
    """Exact and mid-p test of equal accuracy: X = b of the b + c discordant items, X ~ Bin(b + c, ½) where they are equal.

    p_exact = min(1, 2·P(X ≤ min(b, c))), p_mid = 2·P(X < min(b, c)) + P(X = min(b, c)), which is less conservative and nearly always
    keeps its level (Fagerland, Lydersen and Laake 2013). first, second [N]: 1 right, 0 wrong (a tie is wrong), NaN unscored: an item
    counts where both are scored. None where no item is. Raises DataError for other values or unequal lengths. McNemar (1947).
    """
    a, b = np.asarray(first, dtype=np.float64).ravel(), np.asarray(second, dtype=np.float64).ravel()
    if a.shape != b.shape:
        raise DataError(f"paired values must be equally many, found {len(a)} and {len(b)}")
    known = ~np.isnan(a) & ~np.isnan(b)
    a, b = a[known], b[known]
    if not np.isin(np.concatenate([a, b]), (0.0, 1.0)).all():
        raise DataError("McNemar's test is of items that are right (1) or wrong (0)")
    if not len(a):
        return None
    only_first, only_second = int((a > b).sum()), int((b > a).sum())
    least, discordant = min(only_first, only_second), only_first + only_second
    upto, below = at_most(least, discordant, 0.5), at_most(least - 1, discordant, 0.5) if least else 0.0
    return McNemar(
        first=only_first, second=only_second, n=len(a), exact=min(1.0, 2 * upto), mid_p=min(1.0, upto + below)
    )
