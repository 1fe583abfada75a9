"""`models.heads.correctness`: the probability that a response, or a step of it, is right."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import torch
from torch import nn

from guerdon.core.contracts import Head
from guerdon.models.heads.scalar import Activation, Scalar, ScalarModule


@dataclass(frozen=True)
class Correctness(Head):
    """P(right | x) = σ(z), z = w·φ(x) + b; φ, `read` and the other fields as in `models.heads.scalar`.

    x [N, width]; outputs [N, 2]: `reward`, the probability in (0, 1), and `logit`, z in log-odds. Two are compared by the
    difference of their logits. On whole responses it is an outcome verifier; with `read = ["reference:last"]` it sees the
    reference answer too (VerifyRM of Cooper, arXiv 2508.05613, right where σ(z) > 0.5); with `read = ["step:last"]` it is a
    process reward model with one probability a step (arXiv 2305.20050), whose product or least is the response's reward.
    Raises SpecError as `models.heads.scalar`.
    """

    read: tuple[str, ...] = ("last",)
    hidden: tuple[int, ...] = ()
    activation: Activation = "gelu"
    dropout: float = 0.0
    input_dropout: float = 0.0
    standardise: bool = False
    init_std: float | None = None

    def __post_init__(self) -> None:
        self.scores()

    @classmethod
    def example(cls) -> Self:
        return cls(read=("last", "response_mean"))

    def scores(self) -> Scalar:
        """The head that gives z."""
        return Scalar(
            self.read,
            self.hidden,
            self.activation,
            self.dropout,
            self.input_dropout,
            self.standardise,
            True,
            self.init_std,
        )

    @property
    def positions(self) -> tuple[str, ...]:
        return self.read

    @property
    def outputs(self) -> tuple[str, ...]:
        return ("reward", "logit")

    def module(self, width: int) -> nn.Module:
        return CorrectnessModule(self, width)

    def compare(self, out: torch.Tensor, pairs: torch.Tensor) -> torch.Tensor:
        return out[pairs[:, 0], 1] - out[pairs[:, 1], 1]


class CorrectnessModule(ScalarModule):
    """The torch module of a `Correctness` head."""

    def __init__(self, head: Correctness, width: int) -> None:
        super().__init__(head.scores(), width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        z = super().forward(x)
        return torch.cat([z.sigmoid(), z], dim=1)
