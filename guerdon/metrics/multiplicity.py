"""Several claims at once: p values adjusted so that a claim is made where its adjusted p is at most α. Pure."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from guerdon.core.errors import DataError

Floats = npt.NDArray[np.float64]


def holm(p: Any) -> Floats:
    """Holm's step-down: p̃_(i) = max_{j ≤ i} min(1, (m − j + 1)·p_(j)), which bounds the chance of any false claim by α.

    p [m] of any order; NaN (a test that could not be made) stays NaN and does not count in m. Raises DataError outside [0, 1].
    Holm (1979).
    """
    found, known, order = _sorted(p)
    m = len(order)
    found[known[order]] = np.maximum.accumulate(np.minimum(1.0, (m - np.arange(m)) * found[known[order]]))
    return found


def benjamini_hochberg(p: Any) -> Floats:
    """Benjamini and Hochberg's step-up: p̃_(i) = min_{j ≥ i} min(1, m·p_(j)/j), which bounds the share of false claims among those
    made by α, for independent or positively dependent tests.

    p [m] of any order; NaN stays NaN and does not count in m. Raises DataError outside [0, 1]. Benjamini and Hochberg (1995).
    """
    found, known, order = _sorted(p)
    m = len(order)
    scaled = np.minimum(1.0, found[known[order]] * m / np.arange(1, m + 1))
    found[known[order]] = np.minimum.accumulate(scaled[::-1])[::-1]
    return found


def _sorted(p: Any) -> tuple[Floats, npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    found = np.array(p, dtype=np.float64).ravel()
    known = np.flatnonzero(~np.isnan(found))
    if len(known) and (found[known].min() < 0 or found[known].max() > 1):
        raise DataError("p values lie in [0, 1]")
    return found, known, np.argsort(found[known], kind="stable")
