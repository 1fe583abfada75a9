"""`models.objectives.swav`: states of the same text under two dropouts belong to the same prototypes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn.functional import log_softmax, normalize

from guerdon.core.contracts import Objective
from guerdon.core.errors import SpecError, closest
from guerdon.models.batch import Batch
from guerdon.models.views import ONS, On, contrasted


@dataclass(frozen=True)
class SwAV(Objective):
    """SwAV, swapped prediction: loss = mean over i of −½[Σ_k q⁺_ik log p_ik + Σ_k q_ik log p⁺_ik].

    p_i = softmax(z_i·C/τ), z_i the state h_i and C [K, width] the K = `prototypes`, both of length 1; the codes q [P, K] of all P
    pairs of a batch are Sinkhorn's: exp(z·C/ε) scaled, `iterations` times, so that every prototype is used alike and every row
    sums to 1; no gradient goes through them. h, h⁺: states before the head's last layer in two passes with different dropout;
    on: "responses" or "difference", as in `models.objectives.simcse`. C is learned along and not kept in the checkpoint.
    τ: `temperature` 0.1, iterations 3, ε: `sharpness` 0.05 and K = 32 [all inferred; the first three are SwAV's own].
    It prefers nothing: add it with `models.objectives.weighted_sum`. In evaluation and on fewer than two pairs it is 0.
    Raises SpecError for numbers that are not positive or an unknown `on`.
    SwAV (arXiv 2006.09882), on reward models in Secrets of RLHF II (arXiv 2401.06080).
    """

    on: On = "difference"
    prototypes: int = 32
    temperature: float = 0.1
    sharpness: float = 0.05
    iterations: int = 3

    def __post_init__(self) -> None:
        if self.on not in ONS:
            raise SpecError(f"on: no '{self.on}'.{closest(self.on, ONS)} Known: {', '.join(ONS)}.")
        for name in ("prototypes", "temperature", "sharpness", "iterations"):
            if not 0 < getattr(self, name) < float("inf"):
                raise SpecError(f"{name} is positive, found {getattr(self, name)}")

    @property
    def needs(self) -> frozenset[str]:
        return frozenset({"preferences"})

    @property
    def views(self) -> int:
        """Passes with different dropout that a batch must have."""
        return 2

    def module(self, width: int) -> nn.Module:
        """The prototypes for states of this width."""
        return Prototypes(self.prototypes, width)

    def items(self, batch: Batch) -> int:
        """How many terms the mean is taken over."""
        return len(batch.decided)

    def loss(self, out: torch.Tensor, batch: Batch) -> tuple[torch.Tensor, Mapping[str, float]]:
        terms = []
        for views in contrasted(batch, self.on):
            if batch.learned is None:
                raise SpecError(f"{self.use} needs its prototypes: train it with a fit that knows `module`")
            near = [normalize(v, dim=-1) @ normalize(batch.learned, dim=-1).T for v in views]
            codes = [sinkhorn(n.detach() / self.sharpness, self.iterations) for n in near]
            said = [log_softmax(n / self.temperature, dim=-1) for n in near]
            terms.append(-0.5 * ((codes[1] * said[0]).sum(-1) + (codes[0] * said[1]).sum(-1)).mean())
        return (torch.stack(terms).mean() if terms else out.sum() * 0.0), {}


class Prototypes(nn.Module):
    """K vectors, called without arguments."""

    def __init__(self, count: int, width: int) -> None:
        super().__init__()
        self.vectors = nn.Parameter(normalize(torch.randn(count, width), dim=-1))

    def forward(self) -> torch.Tensor:
        return self.vectors


def sinkhorn(logits: torch.Tensor, iterations: int) -> torch.Tensor:
    """Codes [P, K] from logits: columns scaled to 1/K and rows to 1/P in turn, in logarithms; at the end rows sum to 1."""
    logs = logits
    for _ in range(iterations):
        logs = logs - torch.logsumexp(logs, 0, keepdim=True)
        logs = logs - torch.logsumexp(logs, 1, keepdim=True)
    return logs.exp()
