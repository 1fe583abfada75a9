"""Pass@n and Verified Pass@n: the chance that one of n samples is right, or right by a valid process. Pure."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from guerdon.core.errors import DataError

Floats = npt.NDArray[np.float64]


def pass_at(right: Any, n: Any) -> Floats:
    """pass@n = 1 − C(N − c, n)/C(N, n) of N samples of which c are right, 1 where N − c < n; [M, N] and n [S] → [M, S].

    The unbiased estimator of Chen et al. (arXiv 2107.03374), as a product, so that no binomial overflows. right: 1, 0, or NaN for a
    sample that was not judged, which leaves its pool; NaN where fewer than n are left. Raises DataError for other values or n < 1.
    """
    table, sizes = np.asarray(right, dtype=np.float64), np.atleast_1d(np.asarray(n, dtype=np.int64))
    known = ~np.isnan(table)
    if table.ndim != 2 or not np.isin(table[known], (0.0, 1.0)).all():
        raise DataError("right is [problems, samples] of 1, 0 or NaN")
    if (sizes < 1).any():
        raise DataError("n is at least 1")
    total, wrong = known.sum(axis=1), (table == 0).sum(axis=1)
    # C(w, n)/C(N, n) = Π_{i<n} (w − i)/(N − i): a table over n, each row from the one before
    i = np.arange(int(sizes.max(initial=1)))
    factors = np.maximum(wrong[:, None] - i, 0) / np.maximum(total[:, None] - i, 1)
    none_right = np.cumprod(factors, axis=1)[:, sizes - 1]
    return np.where(sizes <= total[:, None], 1 - none_right, np.nan)


def verified_pass_at(right: Any, valid: Any, n: Any) -> Floats:
    """Verified Pass@n: `pass_at` of the samples that are right and whose process is valid, c = Σ right ∧ valid (arXiv 2510.07774).

    right, valid [M, N]. A wrong sample does not pass whatever its process; a right one whose process was not judged (NaN) leaves the
    pool, as one without an answer does. Never above pass@n where nothing is missing. Raises DataError as `pass_at` does.
    """
    answers, process = np.asarray(right, dtype=np.float64), np.asarray(valid, dtype=np.float64)
    if answers.shape != process.shape:
        raise DataError(f"right and valid are alike, found {answers.shape} and {process.shape}")
    if not np.isin(process[~np.isnan(process)], (0.0, 1.0)).all():
        raise DataError("valid is 1, 0 or NaN")
    return pass_at(np.where(answers == 0, 0.0, answers * process), n)
