"""`models.objectives.general_preference`: the likelihood of preferences under a head's own comparison, cycles included."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import torch

from guerdon.core.contracts import Objective
from guerdon.core.errors import DataError, SpecError
from guerdon.models.batch import Batch
from guerdon.models.pairs import decided, logistic


@dataclass(frozen=True)
class GeneralPreference(Objective):
    """The general preference loss: −p log σ((s − m)/τ) − (1 − p) log σ((m − s)/τ), s/τ from the head's comparison.

    The mean over the pairs, each times its weight w; p: the soft label (1 without one). `form` picks the loss of a pair:

    - "log_sigmoid": as above;
    - "score": (s/τ − s_D)² with σ(s_D) = p, for pairs with a probability strictly between 0 and 1;
    - "target": p·½(s/τ − t)² + (1 − p)·½(s/τ + t)², t = `target`, or m/τ for a pair that has a margin m.

    m is in units of s, so `tau` must be the head's: 0.1 in the paper for `models.heads.preference_embedding`, 1 for a scalar
    head, with which "log_sigmoid" is Bradley-Terry. Ties are left out and counted. Raises SpecError for a tau or target
    not above 0; DataError for a label of 0 or 1 with "score", whose s_D is infinite.
    GPM (arXiv 2410.02197); "target" (½ and 10) is the authors' code, its use of soft labels is [inferred].
    """

    form: Literal["log_sigmoid", "score", "target"] = "log_sigmoid"
    tau: float = 0.1
    target: float = 10.0

    def __post_init__(self) -> None:
        for name in ("tau", "target"):
            if not getattr(self, name) > 0:
                raise SpecError(f"{name} is above 0, found {getattr(self, name)}")

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
        forms = {"log_sigmoid": self._log_sigmoid, "score": self._score, "target": self._target}
        terms = forms[self.form](batch.margins(out)[kept], batch.prob[kept], batch.margin[kept] / self.tau)
        return (batch.weight[kept] * terms).mean(), logs

    def _log_sigmoid(self, delta: torch.Tensor, prob: torch.Tensor, margin: torch.Tensor) -> torch.Tensor:
        return logistic(delta - margin, prob)

    def _score(self, delta: torch.Tensor, prob: torch.Tensor, margin: torch.Tensor) -> torch.Tensor:
        if bool(((prob <= 0) | (prob >= 1)).any()):
            raise DataError("form 'score' needs probabilities strictly between 0 and 1", field="preferences.prob")
        return (delta - torch.logit(prob)) ** 2

    def _target(self, delta: torch.Tensor, prob: torch.Tensor, margin: torch.Tensor) -> torch.Tensor:
        target = torch.where(margin != 0, margin, torch.full_like(margin, self.target))
        return 0.5 * (prob * (delta - target) ** 2 + (1 - prob) * (delta + target) ** 2)
