"""`models.objectives.bradley_terry`: the logistic loss on reward differences of preferred pairs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch

from guerdon.core.contracts import Objective
from guerdon.core.errors import SpecError
from guerdon.models.batch import Batch
from guerdon.models.pairs import decided, logistic, must_smooth


@dataclass(frozen=True)
class BradleyTerry(Objective):
    """Bradley-Terry: P(better ≻ worse) = σ(Δ), Δ = r_better − r_worse; the negative log-likelihood of the preferences.

    loss = mean over the pairs of w · [−p' log σ(Δ − m) − (1 − p') log σ(m − Δ)], p' = p(1 − ε) + (1 − p)ε

    out [N, outputs] (Δ is the head's own comparison, here of the first output), pairs [P, 2] into N; m, w, p: the margin,
    weight and soft label of a pair (0, 1 and 1 without them); ε: `label_smoothing`. Natural log, so Δ is in log-odds:
    Δ = 0 costs log 2 = 0.6931. `floor` adds a constant inside each logarithm, log(σ(·) + floor), which bounds the loss and its
    gradient on pairs that are far off: 1e-5 in the trainer released with arXiv 2401.06080, 0 elsewhere. Adding a constant to all rewards changes nothing. Ties say nothing here: they are left out
    and counted. A batch of ties only has loss 0. Raises SpecError for ε outside [0, 0.5)
    and a floor outside [0, 1).
    Bradley & Terry 1952; as a reward model's loss in InstructGPT (arXiv 2203.02155).
    """

    label_smoothing: float = 0.0
    floor: float = 0.0

    def __post_init__(self) -> None:
        if not 0.0 <= self.floor < 1.0:
            raise SpecError(f"floor is at least 0 and below 1, found {self.floor}")
        must_smooth(self.label_smoothing)

    @property
    def needs(self) -> frozenset[str]:
        return frozenset({"preferences"})

    def items(self, batch: Batch) -> int:
        """How many terms the mean is taken over."""
        return len(batch.decided)

    def loss(self, out: torch.Tensor, batch: Batch) -> tuple[torch.Tensor, Mapping[str, float]]:
        kept, logs = decided(batch)
        if not len(kept):
            return out.sum() * 0.0, logs
        delta = batch.margins(out)[kept]
        margin, weight, prob = batch.margin[kept], batch.weight[kept], batch.prob[kept]
        terms = weight * logistic(delta - margin, prob, self.label_smoothing, self.floor)
        return terms.mean(), logs
