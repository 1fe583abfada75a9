"""`models.objectives.routed_bradley_terry`: each pair trains the reward its annotator was asked for, and the gate learns which."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch

from guerdon.core.contracts import Objective
from guerdon.core.errors import SpecError
from guerdon.models.batch import Batch
from guerdon.models.pairs import decided, logistic, must_smooth


@dataclass(frozen=True)
class RoutedBradleyTerry(Objective):
    """Bradley-Terry on the part k that `context[field]` of a pair's sample names, plus the cross-entropy of the gate.

    loss = mean over the pairs of w · [−p' log σ(Δ_k − m) − (1 − p') log σ(m − Δ_k)] − λ log p_k(x)

    Δ_k: the difference of the reward of part k; log p_k: the gate's; λ: `gate_weight`; m, w, p' as in
    `models.objectives.bradley_terry`. out [N, 1 + 2K]: reward, K parts, K log gates, as `models.heads.routed` gives them for
    the same `parts`. A pair whose sample names no known part trains the mixture (column 0) and leaves the gate alone. Ties
    are left out and counted. Raises SpecError for fewer than two parts, a smoothing outside [0, 0.5), a negative weight.
    Bradley & Terry 1952 by part; a gate over reward objectives is ArmoRM's (arXiv 2406.12845), its supervision by the
    annotators' instruction is [inferred].
    """

    parts: tuple[str, ...] = ("helpful", "harmless")
    field: str = "subset"
    gate_weight: float = 1.0
    label_smoothing: float = 0.0

    def __post_init__(self) -> None:
        if len(set(self.parts)) < 2 or len(set(self.parts)) < len(self.parts):
            raise SpecError(f"parts names two or more different rewards, found {list(self.parts)}")
        must_smooth(self.label_smoothing)
        if self.gate_weight < 0:
            raise SpecError(f"gate_weight is not negative, found {self.gate_weight}")

    @property
    def needs(self) -> frozenset[str]:
        return frozenset({"preferences"})

    def items(self, batch: Batch) -> int:
        """How many terms the mean is taken over."""
        return len(batch.decided)

    def loss(self, out: torch.Tensor, batch: Batch) -> tuple[torch.Tensor, Mapping[str, float]]:
        kept, logs = decided(batch)
        if out.shape[1] != 1 + 2 * len(self.parts):
            raise SpecError(
                f"{self.use}: the head gives {out.shape[1]} outputs; {len(self.parts)} parts need {1 + 2 * len(self.parts)}"
            )
        if not len(kept):
            return out.sum() * 0.0, logs
        pairs, column = batch.pairs[kept], self._columns(batch)[kept]
        logit = out[pairs[:, 0], column] - out[pairs[:, 1], column] - batch.margin[kept]
        terms = batch.weight[kept] * logistic(logit, batch.prob[kept], self.label_smoothing)
        known = torch.nonzero(column > 0).flatten()
        gates, wanted = out[pairs[known, 0], 1 + len(self.parts) :], column[known, None] - 1
        gate = -gates.gather(1, wanted).sum() / len(kept)
        right = (gates.argmax(1, keepdim=True) == wanted).float().sum() / max(len(known), 1)
        logs |= {"gate_loss": float(gate.detach()), "gate_accuracy": float(right)}
        return terms.mean() + self.gate_weight * gate, logs

    def _columns(self, batch: Batch) -> torch.Tensor:
        """The output [P] that each pair trains: its part's, or 0, the mixture."""
        place = {part: i for i, part in enumerate(self.parts, 1)}
        column = [place.get(str(context.get(self.field)), 0) for context in batch.contexts] or [0]
        group = batch.group[batch.pairs[:, 0]]
        return torch.tensor(column, device=group.device)[group]
