"""`models.objectives.process_advantage`: how much a step helps a prover to finish."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import torch
from torch.nn.functional import binary_cross_entropy_with_logits

from guerdon.core.contracts import Objective
from guerdon.core.errors import SpecError, closest
from guerdon.core.types import Sample
from guerdon.models.batch import Batch
from guerdon.models.binary import check_labels, free, label_of, logits
from guerdon.models.objectives.process_bce import response_of

LOSSES = ("mse", "bce")


@dataclass(frozen=True)
class ProcessAdvantage(Objective):
    """Process advantage: the target of step t is A_t = V_t − V_{t−1}, the progress it brings under a prover policy.

    V_t in [0, 1] is the prover's success rate going on after step t (from 0), `labels["<value>.<t>"]` of the response;
    V_{−1}, before any step, is its label `<start>`, without which the first step is masked; so is a step that lacks its own
    value or the one before. Takes a head that reads steps (`read = ["step:last"]`); N counts steps.
    how: "mse" mean (r_t − A_t)², r_t the head's reward in the units of A, −1 to 1 (a head with a free output, such as
    `models.heads.scalar` with `bias`) · "bce" mean of −[y log σ(z) + (1 − y) log σ(−z)], y = (1 + A_t)/2, so that σ(z) = ½
    is no progress [inferred]. Logs `sign`, the share of steps with A_t ≠ 0 whose sign is right.
    Values known as advantages already are trained by `models.objectives.regression`; the values V_t themselves by
    `models.objectives.process_bce` with soft labels, whose differences `rewards.process.progress` gives.
    Raises DataError for a value outside [0, 1], SpecError for a head that reads no steps.
    Process advantage verifiers (arXiv 2410.08146).
    """

    value: str = "value"
    start: str = "start_value"
    how: Literal["mse", "bce"] = "mse"

    def __post_init__(self) -> None:
        if self.how not in LOSSES:
            raise SpecError(f"how: no '{self.how}'.{closest(self.how, LOSSES)} Known: {', '.join(LOSSES)}.")

    @property
    def needs(self) -> frozenset[str]:
        return frozenset({"responses.steps"})

    def fault(self, sample: Sample) -> str | None:
        check_labels(sample, self.start, 0.0, 1.0)
        return super().fault(sample) or check_labels(sample, self.value, 0.0, 1.0)

    def items(self, batch: Batch) -> int:
        """How many terms the mean is taken over: the steps that have a target."""
        return int((~torch.isnan(self.targets(batch))).sum())

    def loss(self, out: torch.Tensor, batch: Batch) -> tuple[torch.Tensor, Mapping[str, float]]:
        target = self.targets(batch)
        given = ~torch.isnan(target)
        found = free(out, batch) if self.how == "mse" else logits(out, batch)
        if not bool(given.any()):
            return out.sum() * 0.0, {}
        found, target = found[given], target[given].to(out.dtype)
        moved = target != 0
        sign = float(((found > 0) == (target > 0))[moved].float().mean()) if bool(moved.any()) else 0.0
        if self.how == "bce":
            return binary_cross_entropy_with_logits(found, (1 + target) / 2), {"sign": sign}
        return ((found - target) ** 2).mean(), {"sign": sign}

    def targets(self, batch: Batch) -> torch.Tensor:
        """A [N], NaN where it is not known."""
        value, response = label_of(batch, self.value), response_of(batch)
        start = batch.labels.get(self.start, torch.full_like(value, float("nan")))
        before = torch.cat([start[:1], torch.where(response[1:] == response[:-1], value[:-1], start[1:])])
        return value - before
