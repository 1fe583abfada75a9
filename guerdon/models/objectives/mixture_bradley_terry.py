"""`models.objectives.mixture_bradley_terry`: preferences of several groups at once, nobody said which, as a mixture of rewards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import torch
from torch.nn.functional import logsigmoid

from guerdon.core.contracts import Objective
from guerdon.core.errors import SpecError
from guerdon.models.batch import Batch
from guerdon.models.heads.routed import PENALTIES, log_gate, mixture
from guerdon.models.pairs import decided


@dataclass(frozen=True)
class MixtureBradleyTerry(Objective):
    """Mixture of Bradley-Terry models: L = −mean over the pairs of w·log Σ_k f_k(x) σ(Δ_k) + α·mean Σ_k f_k log f_k.

    Δ_k: the difference of reward k; f: the gate's weights; α: `alpha`. The sum is over probabilities, computed in log-space:
    K = 2, f = (.8, .2), Δ = (2, −1) costs 0.2765, where −log σ of the mixed Δ would be 0.2204. The second term, negative entropy
    (least, −log K, at an even gate), keeps heads alive. K = 1 is plain Bradley-Terry. A soft label p of a pair weighs log P(better)
    with p and log P(worse) with 1 − p. `mix`: "probability" as above; "reward" is −log σ(Σ_k f_k Δ_k) (the released code's default,
    there with alpha 0 and the variance of f over the heads in place of the entropy, as here); "ensemble" −Σ_k log σ(Δ_k), which
    leaves the gate alone (a shared-base ensemble). Weights of the released code's regularisers, 0 there and here, for a head with
    `penalties`: `orthogonality` (Σ_{i<j} |w_i·w_j|), `unit_norm` (mean |‖w_i‖ − 1|), `correlation` (Σ_{i<j} |corr(w_i, w_j)|).

    out [N, 1 + 2K (+ 3)] of `models.heads.routed` with `init_std` above 0. Ties are left out and counted.
    Raises SpecError for another head, negative weights, and regularisers of weights that the head does not give.
    MiCRo (arXiv 2505.24846): α = 0.5; K = 10 and 5 there, and more is benign.
    """

    mix: Literal["probability", "reward", "ensemble"] = "probability"
    alpha: float = 0.5
    orthogonality: float = 0.0
    unit_norm: float = 0.0
    correlation: float = 0.0

    def __post_init__(self) -> None:
        for name in ("alpha", *PENALTIES):
            if getattr(self, name) < 0:
                raise SpecError(f"{name} is not negative, found {getattr(self, name)}")

    @property
    def needs(self) -> frozenset[str]:
        return frozenset({"preferences"})

    def items(self, batch: Batch) -> int:
        """How many terms the mean is taken over."""
        return len(batch.decided)

    def loss(self, out: torch.Tensor, batch: Batch) -> tuple[torch.Tensor, Mapping[str, float]]:
        parts, penalised = self._parts(out, batch)
        kept, logs = decided(batch)
        if not len(kept):
            return out.sum() * 0.0, logs
        pairs, prob, weight = batch.pairs[kept], batch.prob[kept], batch.weight[kept]
        won, lost = self._sides(out, pairs, parts)
        gate = log_gate(out, pairs, parts)
        likelihood = -(weight * (prob * won + (1 - prob) * lost)).mean()
        total = likelihood + self.alpha * self._gate_term(gate)
        if penalised:
            given = torch.tensor([getattr(self, name) for name in PENALTIES], device=out.device)
            total = total + (given * out[0, 1 + 2 * parts :]).sum()
        entropy = -(gate.exp() * gate).sum(-1).mean()
        return total, {**logs, "likelihood": float(likelihood.detach()), "gate_entropy": float(entropy.detach())}

    def _sides(self, out: torch.Tensor, pairs: torch.Tensor, parts: int) -> tuple[torch.Tensor, torch.Tensor]:
        """log P of each outcome [P]."""
        if self.mix == "probability":
            return mixture(out, pairs, parts)
        delta = (out[pairs[:, 0]] - out[pairs[:, 1]])[:, : 1 + parts]
        delta = delta[:, :1] if self.mix == "reward" else delta[:, 1:]
        return logsigmoid(delta).sum(-1), logsigmoid(-delta).sum(-1)

    def _gate_term(self, gate: torch.Tensor) -> torch.Tensor:
        if self.mix == "ensemble" or gate.shape[1] == 1:
            return gate.sum() * 0.0
        return gate.exp().var(-1).mean() if self.mix == "reward" else (gate.exp() * gate).sum(-1).mean()

    def _parts(self, out: torch.Tensor, batch: Batch) -> tuple[int, bool]:
        """K, and whether the head gives its weights' penalties."""
        names = batch.outputs
        penalised = bool(names) and names[-len(PENALTIES) :] == PENALTIES
        parts = (out.shape[1] - 1 - len(PENALTIES) * penalised) // 2
        routed = names[1 + parts : 1 + 2 * parts] == tuple(f"log_gate_{n}" for n in names[1 : 1 + parts])
        if parts < 1 or not (out.shape[1] % 2 or penalised) or (names and not routed):
            raise SpecError(f"{self.use}: it trains models.heads.routed, not a head of {out.shape[1]} outputs")
        wanted = [n for n in PENALTIES if getattr(self, n)]
        if wanted and not penalised:
            raise SpecError(f"{self.use}: {wanted[0]} needs a head with penalties = true")
        return parts, penalised
