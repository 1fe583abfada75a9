"""Selective accuracy: how right a reward is on the part of the items it is surest of. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from guerdon.core.errors import DataError

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskCoverage:
    """coverage, risk [N]: the error among the k surest items, k = 1 … N · aurc: its mean over k · excess: aurc above an oracle's."""

    coverage: Floats
    risk: Floats
    aurc: float
    excess: float

    def accuracy_at(self, coverage: float) -> float:
        """Accuracy among the ⌈coverage · N⌉ surest, coverage in (0, 1]. Raises DataError outside."""
        if not 0 < coverage <= 1:
            raise DataError(f"coverage is a share in (0, 1], found {coverage}")
        kept = int(np.ceil(round(coverage * len(self.risk), 9)))
        return float(1 - self.risk[kept - 1])


def risk_coverage(confidence: Any, right: Any) -> RiskCoverage | None:
    """risk(k) = mean error of the k surest of N items, AURC = mean_k risk(k), E-AURC = AURC − that of the best order of the same errors.

    confidence, right [N], right 1, ½ (a tie) or 0; an item without either (NaN) is left out; None without items. Items of equal
    confidence come in random order: the expectation over it is given, so the order of the input changes nothing. Raises DataError
    for unequal lengths or right outside [0, 1]. Geifman, Uziel and El-Yaniv (arXiv 1805.08206).
    """
    sure, outcome = np.asarray(confidence, dtype=np.float64).ravel(), np.asarray(right, dtype=np.float64).ravel()
    if len(sure) != len(outcome):
        raise DataError(f"{len(sure)} confidences but {len(outcome)} outcomes")
    known = ~np.isnan(sure) & ~np.isnan(outcome)
    sure, wrong = sure[known], 1 - outcome[known]
    if not len(sure):
        return None
    if wrong.min() < 0 or wrong.max() > 1:
        raise DataError("right lies in [0, 1]")
    _, place, counts = np.unique(-sure, return_inverse=True, return_counts=True)
    expected = np.repeat(np.bincount(place, weights=wrong) / counts, counts)  # of the k-th surest
    k = np.arange(1, len(sure) + 1)
    risk = np.minimum(np.cumsum(expected) / k, 1.0)
    best = float((np.cumsum(np.sort(wrong)) / k).mean())
    aurc = float(risk.mean())
    return RiskCoverage(coverage=k / len(sure), risk=risk, aurc=aurc, excess=max(0.0, aurc - best))
