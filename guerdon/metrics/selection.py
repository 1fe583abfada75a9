"""Which of some values are the largest, by a share. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence


def kept_count(count: int, share: float) -> int:
    """How many of `count` a share keeps: share · count rounded half up, at least 1 and at most all; 0 of none."""
    # A share such as 0.7 · 5 = 3.4999… in binary is meant to be 3.5: round the product before rounding it half up.
    return min(count, max(1, math.floor(round(share * count, 9) + 0.5))) if count else 0


def largest(values: Sequence[float], share: float) -> list[int]:
    """Indices, in rising order, of the `kept_count` largest values; of equal ones the earlier: (3, −1, 2, 0.5, −2), 0.6 → 0, 2, 3."""
    order = sorted(range(len(values)), key=lambda i: (-values[i], i))
    return sorted(order[: kept_count(len(values), share)])
