"""`models.objectives.simcse`: states of the same text under two dropouts lie nearer than states of different texts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch.nn.functional import cross_entropy, normalize

from guerdon.core.contracts import Objective
from guerdon.core.errors import SpecError, closest
from guerdon.models.batch import Batch
from guerdon.models.views import ONS, On, contrasted


@dataclass(frozen=True)
class SimCse(Objective):
    """SimCSE: loss = mean over i of −log[exp(cos(h_i, h_i⁺)/τ) / Σ_j exp(cos(h_i, h_j⁺)/τ)].

    h, h⁺ [P, width]: the states before the head's last layer in two passes with different dropout, of the P pairs of a batch
    that are no ties; i and j run over them. on: "responses" contrasts the better and, apart from them, the worse responses, and
    takes the mean of both [inferred]; "difference" contrasts h_better − h_worse. τ: `temperature`, 0.05 as in SimCSE [inferred].
    It prefers nothing: add it to a preference loss with `models.objectives.weighted_sum`, L = L_rm + β·L_cl, β = 1 [inferred].
    The head needs dropout and something before its last layer to train (hidden layers, or a tuned backbone). In evaluation,
    which has no dropout, and on batches of fewer than two pairs it is 0. Its negatives are those of the micro-batch.
    Raises SpecError for a temperature that is not positive or an unknown `on`.
    SimCSE (arXiv 2104.08821), on reward models in Secrets of RLHF II (arXiv 2401.06080).
    """

    on: On = "difference"
    temperature: float = 0.05

    def __post_init__(self) -> None:
        if self.on not in ONS:
            raise SpecError(f"on: no '{self.on}'.{closest(self.on, ONS)} Known: {', '.join(ONS)}.")
        if not 0 < self.temperature < float("inf"):
            raise SpecError(f"temperature is positive, found {self.temperature}")

    @property
    def needs(self) -> frozenset[str]:
        return frozenset({"preferences"})

    @property
    def views(self) -> int:
        """Passes with different dropout that a batch must have."""
        return 2

    def items(self, batch: Batch) -> int:
        """How many terms the mean is taken over."""
        return len(batch.decided)

    def loss(self, out: torch.Tensor, batch: Batch) -> tuple[torch.Tensor, Mapping[str, float]]:
        terms = []
        for first, second in contrasted(batch, self.on):
            near = normalize(first, dim=-1) @ normalize(second, dim=-1).T / self.temperature
            terms.append(cross_entropy(near, torch.arange(len(near), device=near.device)))
        return (torch.stack(terms).mean() if terms else out.sum() * 0.0), {}
