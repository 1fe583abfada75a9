"""What the pairwise objectives share: ties left out and counted, the logistic loss of a pair, its smoothing."""

from __future__ import annotations

import torch
from torch.nn.functional import logsigmoid

from guerdon.core.errors import SpecError
from guerdon.models.batch import Batch

Tensor = torch.Tensor


def decided(batch: Batch) -> tuple[Tensor, dict[str, float]]:
    """Indices [P'] of the pairs that are no ties, and how many ties are left out, as objectives log it."""
    kept = batch.decided
    return kept, {"ties": float(len(batch.tie) - len(kept))}


def logistic(delta: Tensor, prob: Tensor, smoothing: float = 0.0, floor: float = 0.0) -> Tensor:
    """−p' log(σ(Δ) + floor) − (1 − p') log(σ(−Δ) + floor) [P], p' = p(1 − ε) + (1 − p)ε, ε = smoothing."""
    target = prob * (1 - smoothing) + (1 - prob) * smoothing
    return -(target * _log(delta, floor) + (1 - target) * _log(-delta, floor))


def must_smooth(smoothing: float) -> None:
    """Raises SpecError for a label smoothing outside [0, 0.5)."""
    if not 0.0 <= smoothing < 0.5:
        raise SpecError(f"label_smoothing is at least 0 and below 0.5, found {smoothing}")


def _log(delta: Tensor, floor: float) -> Tensor:
    return logsigmoid(delta) if not floor else torch.log(torch.sigmoid(delta) + floor)
