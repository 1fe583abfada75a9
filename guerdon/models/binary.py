"""What objectives on right-or-wrong labels share: the logits of a head, and masked cross-entropy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import torch
from torch.nn.functional import binary_cross_entropy_with_logits

from guerdon.core.errors import DataError, SpecError
from guerdon.core.types import Sample
from guerdon.models.batch import Batch

Scale = Literal["unit", "signed"]
BOUNDS: Mapping[str, tuple[float, float]] = {"unit": (0.0, 1.0), "signed": (-1.0, 1.0)}


def logits(out: torch.Tensor, batch: Batch) -> torch.Tensor:
    """[N]: the output `logit` where the head has one, else its reward. SpecError for a head on a scale of its own."""
    rewards = free(out, batch)
    return out[:, batch.outputs.index("logit")] if "logit" in batch.outputs else rewards


def free(out: torch.Tensor, batch: Batch) -> torch.Tensor:
    """The rewards [N] of a head that is bound to no scale; SpecError for one that gives a distribution over scores."""
    if "std" in batch.outputs:
        raise SpecError("this objective needs a head with a free output; this one gives scores on a fixed scale")
    return batch.rewards(out)


def label_of(batch: Batch, name: str) -> torch.Tensor:
    """The label [N], NaN where a response has none. Raises DataError where none of the batch has it."""
    if name not in batch.labels:
        raise DataError(f"no response of the batch has the label '{name}'", field=f"responses.labels.{name}")
    return batch.labels[name]


def cross_entropy(z: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """Mean over the targets that are no NaN of −[y log σ(z) + (1 − y) log σ(−z)]; 0 where there is none."""
    given = ~torch.isnan(target)
    if not bool(given.any()):
        return z.sum() * 0.0
    return binary_cross_entropy_with_logits(z[given], target[given].to(z.dtype))


def agreement(z: torch.Tensor, target: torch.Tensor) -> float:
    """Share of the targets on whose side of one half σ(z) stands."""
    given = ~torch.isnan(target)
    right = (z[given] > 0) == (target[given] > 0.5)
    return float(right.float().mean()) if len(right) else 0.0


def check_labels(sample: Sample, name: str, low: float, high: float) -> str | None:
    """The path of the label if no response of the sample has it. Raises DataError for one outside [low, high]."""
    given = [
        (i, r.labels[name])
        for i, r in enumerate(sample.responses)
        if r.labels.get(name, float("nan")) == r.labels.get(name)
    ]
    for i, value in given:
        if not low <= value <= high:
            raise DataError(
                f"sample '{sample.id}': {name} is {value:g}, outside {low:g} to {high:g}",
                field=f"responses.{i}.labels.{name}",
            )
    return None if given else f"responses.labels.{name}"
