"""`models.meta_update`: one step of a reward model that keeps telling the answers of a shifted policy apart (MetaRM)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from guerdon.core.contracts import Update
from guerdon.core.errors import DataError, SpecError
from guerdon.core.types import Sample

if TYPE_CHECKING:
    import torch

    from guerdon.models.learner import Learner


@dataclass(frozen=True)
class MetaUpdate(Update):
    """MetaRM: θ' = θ + η·∇_θ J_θ(X_s), then θ ← θ − α·∇_{θ'} L_{θ'}(X_t).

    The batch holds both: X_t are the samples with preferences, X_s those without, k ≥ 2 unlabelled responses of the current
    policy to a prompt each. J is `models.objectives.difference`, (2/k²) Σ_{i<j} σ(|r_i − r_j|) averaged over prompts; L the
    model's own objective. So the gradient is taken where the model tells the new responses apart better, and applied where it
    stands. η: `ascent` [no value published; 0.01 inferred]; α: the learning rate of the learner's optimiser, whatever that is.
    second_order: False takes ∇ at θ' (the paper's rule), True goes through θ' to θ, ∇_θ L_{θ+η∇J(θ)}(X_t) [inferred].
    η = 0, or a batch without X_s, is plain training.

    models: one `guerdon.models.learner.Learner`. Logs: `loss` at θ', `difference` = J at θ before the step.
    Raises SpecError for a negative ascent or more than one model; DataError for a batch without preferences.
    MetaRM (arXiv 2405.00438), also in Secrets of RLHF II (arXiv 2401.06080), section 4.
    """

    ascent: float = 0.01
    second_order: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.ascent < float("inf"):
            raise SpecError(f"ascent is not negative, found {self.ascent}")

    def step(self, models: Mapping[str, Any], batch: Sequence[Sample]) -> Mapping[str, float]:
        """One step of the model."""
        if len(models) != 1:
            raise SpecError(f"this update trains one model, found {len(models)}")
        [learner] = models.values()
        labelled = [s for s in batch if s.preferences]
        shifted = [s for s in batch if not s.preferences and len(s.responses) > 1]
        if not labelled:
            raise DataError("no sample of the batch has a preference to train on", field="preferences")
        if not shifted:
            return {"loss": learner.train(labelled)}
        difference, there = self._ascend(learner, shifted)
        if not self.ascent:
            return {"loss": learner.train(labelled), "difference": difference}
        loss, gradients = _descend(learner, labelled, there, self.second_order)
        learner.finite(loss, labelled)
        learner.apply(gradients)
        return {"loss": loss, "difference": difference}

    def _ascend(self, learner: Learner, shifted: Sequence[Sample]) -> tuple[float, dict[str, torch.Tensor]]:
        """J at θ, and θ' by name: leaves of their own, or, for the second order, still on the graph of θ."""
        from guerdon.models.objectives.difference import Difference

        value, gradients = _gradients(learner, shifted, Difference(), learner.trained, self.second_order)
        there = {n: p - self.ascent * gradients[n] for n, p in learner.trained.items()}  # J is minus the loss
        if not self.second_order:
            there = {n: p.detach().requires_grad_() for n, p in there.items()}
        return -value, there


def _descend(
    learner: Learner, labelled: Sequence[Sample], there: Mapping[str, torch.Tensor], through: bool
) -> tuple[float, dict[str, torch.Tensor]]:
    """The loss at θ', and its gradient by θ', or through it by θ."""
    wanted = learner.trained if through else there
    return _gradients(learner, labelled, learner.objective, wanted, keep=through, at=there)


def _gradients(
    learner: Learner, samples: Sequence[Sample], objective: Any, wanted: Mapping[str, torch.Tensor], keep: bool,
    at: Mapping[str, torch.Tensor] | None = None,
) -> tuple[float, dict[str, torch.Tensor]]:  # fmt: skip
    """The mean loss over the samples, part by part, and its gradients by what is wanted; where `keep`, the graph stays, and at
    the network's own parameters the gradients have a graph too."""
    import torch

    from guerdon.models.dataset import items

    batches = learner.batches(samples)
    total = sum(items(objective, b) for b in batches)
    value, summed = 0.0, {n: torch.zeros_like(p) for n, p in wanted.items()}
    for batch in batches:
        loss = learner.loss(batch, objective, at) * (items(objective, batch) / max(total, 1))
        found = torch.autograd.grad(
            loss, list(wanted.values()), create_graph=keep and at is None, retain_graph=keep, allow_unused=True
        )
        value += float(loss.detach())
        summed = {n: s if g is None else s + g for (n, s), g in zip(summed.items(), found, strict=True)}
    return value, summed
