"""The spread of a reward while a policy is trained: where it collapses at a high reward, the reward is being hacked. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from guerdon.core.errors import DataError

Floats = npt.NDArray[np.float64]
WINDOW = 1000  # iterations (arXiv 2509.08826)


@dataclass(frozen=True, slots=True)
class Spread:
    """std, mean [T − window + 1] of each window; collapsed: whether the flag is raised; at: the step it was first, or None."""

    std: Floats
    mean: Floats
    collapsed: bool
    at: int | None


def sliding(values: Any, window: int = WINDOW) -> tuple[Floats, Floats]:
    """(std, mean) of every `window` neighbouring values [T], unscored (NaN) ones left out. Raises DataError for a window below 2
    or longer than the values."""
    rows = np.asarray(values, dtype=np.float64).ravel()
    if not 2 <= window <= len(rows):
        raise DataError(f"a window of {window} does not fit {len(rows)} values (it has at least 2)")
    known = np.isfinite(rows)
    shift = rows[known].mean() if known.any() else 0.0
    centred = np.where(known, rows - shift, 0.0)
    count, first, second = (_sums(x, window) for x in (known.astype(np.float64), centred, centred**2))
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = first / count
        return np.sqrt(np.maximum(second / count - mean**2, 0.0)), mean + shift


def _sums(x: Floats, window: int) -> Floats:
    total = np.concatenate([[0.0], np.cumsum(x)])
    found: Floats = total[window:] - total[:-window]
    return found


def spread(values: Any, window: int = WINDOW, share: float = 0.25, high: float = 0.9) -> Spread:
    """Watches a reward over training: flagged where a window's std falls below `share` of the first window's while its mean lies
    at or above the `high` quantile of all values before it ends (small std + high reward; both thresholds [inferred])."""
    std, mean = sliding(values, window)
    rows = np.asarray(values, dtype=np.float64).ravel()
    for at in np.flatnonzero(std < share * std[0]):
        seen = rows[: int(at) + window]
        if mean[at] >= np.nanquantile(seen[:-window] if len(seen) > window else seen, high):
            return Spread(std, mean, True, int(at) + window - 1)
    return Spread(std, mean, False, None)
