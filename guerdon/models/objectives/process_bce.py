"""`models.objectives.process_bce`: right or wrong, step by step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import torch

from guerdon.core.contracts import Objective
from guerdon.core.errors import SpecError, closest
from guerdon.core.types import Sample
from guerdon.models.batch import Batch
from guerdon.models.binary import BOUNDS, Scale, agreement, check_labels, cross_entropy, label_of, logits
from guerdon.models.steps import RESPONSE

NEUTRAL: Mapping[str, float] = {"right": 1.0, "wrong": 0.0, "half": 0.5, "masked": float("nan")}


@dataclass(frozen=True)
class ProcessBce(Objective):
    """Cross-entropy of a process reward: loss = mean over the labelled steps of −[y_t log σ(z_t) + (1 − y_t) log σ(−z_t)].

    Takes a head that reads steps (`read = ["step:last"]`), so N counts the steps of all responses; z_t is its `logit`, else
    its first output. The label of step t (from 0) is `labels["<label>.<t>"]` of its response; steps without one are masked.
    scale: "unit" takes y_t in [0, 1] as it is (1 right; between: a soft label, such as a success rate); "signed" takes −1
    wrong, 1 right and 0 as `neutral` says ("right", as arXiv 2305.20050 counts it, "wrong", "half" or "masked"), other
    values as (1 + label)/2 · until_error: steps after the first wrong one (y < 0.5) of a response are masked, as PRM800K
    has labels up to there only (arXiv 2305.20050).
    Logs `correctness`, the share of steps on the right side of one half. Raises DataError for a label outside its scale,
    SpecError for a head that reads no steps.
    """

    label: str = "step"
    scale: Scale = "unit"
    neutral: Literal["right", "wrong", "half", "masked"] = "right"
    until_error: bool = True

    def __post_init__(self) -> None:
        for name, known in (("scale", BOUNDS), ("neutral", NEUTRAL)):
            value = getattr(self, name)
            if value not in known:
                raise SpecError(f"{name}: no '{value}'.{closest(value, known)} Known: {', '.join(known)}.")

    @property
    def needs(self) -> frozenset[str]:
        return frozenset({"responses.steps"})

    def fault(self, sample: Sample) -> str | None:
        return super().fault(sample) or check_labels(sample, self.label, *BOUNDS[self.scale])

    def items(self, batch: Batch) -> int:
        """How many terms the mean is taken over: the steps that train."""
        return int((~torch.isnan(self.targets(batch))).sum())

    def loss(self, out: torch.Tensor, batch: Batch) -> tuple[torch.Tensor, Mapping[str, float]]:
        z, target = logits(out, batch), self.targets(batch)
        return cross_entropy(z, target), {"correctness": agreement(z, target)}

    def targets(self, batch: Batch) -> torch.Tensor:
        """y [N], NaN where a step does not train."""
        given = label_of(batch, self.label)
        y = given
        if self.scale == "signed":
            y = torch.where(given == 0, torch.full_like(given, NEUTRAL[self.neutral]), (1 + given) / 2)
        if not self.until_error:
            return y
        wrong = (y < 0.5).long()
        before = earlier(wrong, response_of(batch))
        return y.masked_fill(before > 0, float("nan"))


def response_of(batch: Batch) -> torch.Tensor:
    """A number [N] that the steps of one response share, and no others."""
    own = batch.labels.get(RESPONSE)
    if own is None:
        raise SpecError('this objective trains steps: take a head that reads them, such as read = ["step:last"]')
    most = int(own.max()) + 1 if len(own) else 1
    return batch.group * most + own.long()


def earlier(count: torch.Tensor, response: torch.Tensor) -> torch.Tensor:
    """The sum [N] of `count` over the earlier steps of the same response (its steps stand together)."""
    total = count.cumsum(0) - count
    first = torch.ones_like(response, dtype=torch.bool)
    first[1:] = response[1:] != response[:-1]
    starts = torch.nonzero(first).flatten()
    return total - total[starts][first.long().cumsum(0) - 1] if len(count) else total
