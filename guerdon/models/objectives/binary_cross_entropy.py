"""`models.objectives.binary_cross_entropy`: right or wrong, response by response."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import torch

from guerdon.core.contracts import Objective
from guerdon.core.errors import SpecError
from guerdon.core.types import Sample
from guerdon.models.batch import Batch
from guerdon.models.binary import agreement, check_labels, cross_entropy, label_of, logits


@dataclass(frozen=True)
class BinaryCrossEntropy(Objective):
    """Binary cross-entropy: loss = mean over the labelled responses of −[y log σ(z) + (1 − y) log σ(−z)].

    y in [0, 1] is `labels[label]`, 1 for right, between for a soft label; a response without it is masked. z [N] is the
    head's `logit` (`models.heads.correctness`), else its first output, in log-odds: z = 2, y = 1 costs 0.1269.
    Logs `correctness`, the share on the right side of one half. A batch without any label raises DataError, as does a label
    outside [0, 1]. The training of an outcome verifier (arXiv 2110.14168), and with a head on `reference:` that of VerifyRM
    (Cooper, arXiv 2508.05613).
    """

    label: str = "correct"

    def __post_init__(self) -> None:
        if not self.label:
            raise SpecError("label names a label of the responses, such as correct")

    @classmethod
    def example(cls) -> Self:
        return cls(label="helpfulness")

    def fault(self, sample: Sample) -> str | None:
        return check_labels(sample, self.label, 0.0, 1.0)

    def items(self, batch: Batch) -> int:
        """How many terms the mean is taken over: the labelled responses."""
        return int((~torch.isnan(label_of(batch, self.label))).sum())

    def loss(self, out: torch.Tensor, batch: Batch) -> tuple[torch.Tensor, Mapping[str, float]]:
        z, target = logits(out, batch), label_of(batch, self.label)
        return cross_entropy(z, target), {"correctness": agreement(z, target)}
