"""`models.heads.scalar`: one reward from the states it reads, linear or through hidden layers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import nn

from guerdon.core.contracts import Head
from guerdon.core.errors import SpecError
from guerdon.models.pooling import parse_read
from guerdon.models.standardise import Standardise

Activation = Literal["none", "relu", "gelu", "silu", "tanh"]
ACTIVATIONS: dict[str, type[nn.Module]] = {
    "none": nn.Identity, "relu": nn.ReLU, "gelu": nn.GELU, "silu": nn.SiLU, "tanh": nn.Tanh,
}  # fmt: skip


@dataclass(frozen=True)
class Scalar(Head):
    """A scalar reward r = w·φ(x) + b, φ = hidden layers with an activation between them, or the identity.

    x [N, width]: the terms of `read` (see `guerdon.models.pooling`) side by side, with `standardise` minus its mean and
    divided by its standard deviation over the training responses (kept as buffers, never trained). r [N, 1], in the
    log-odds units of its objective. `dropout` acts after each activation, `input_dropout` on x. The last layer starts at
    N(0, 1/(width+1)) unless `init_std` is given, its bias at 0 (arXiv 2009.01325, the reward model's head); hidden layers
    start as torch does. `bias` is for objectives that see absolute values: in differences b cancels, and Adam would walk it
    at random on rounding errors. A linear head without `bias` and `standardise` on ("last",) is the head of
    `AutoModelForSequenceClassification`.
    Raises SpecError for an unknown feature or a size below 1.
    """

    read: tuple[str, ...] = ("last",)
    hidden: tuple[int, ...] = ()
    activation: Activation = "gelu"
    dropout: float = 0.0
    input_dropout: float = 0.0
    standardise: bool = False
    bias: bool = False
    init_std: float | None = None

    def __post_init__(self) -> None:
        parse_read(self.read)
        if any(h < 1 for h in self.hidden):
            raise SpecError(f"hidden sizes are at least 1, found {list(self.hidden)}")
        for name in ("dropout", "input_dropout"):
            if not 0.0 <= getattr(self, name) < 1.0:
                raise SpecError(f"{name} is at least 0 and below 1, found {getattr(self, name)}")
        if self.init_std is not None and self.init_std < 0:
            raise SpecError(f"init_std is not negative, found {self.init_std}")

    @property
    def positions(self) -> tuple[str, ...]:
        return self.read

    def module(self, width: int) -> nn.Module:
        return ScalarModule(self, width)


def layers(
    hidden: tuple[int, ...], activation: Activation, dropout: tuple[float, float], width: int
) -> tuple[nn.Sequential, int]:
    """Hidden layers, each with its activation, and their width; dropout on the input, and after each layer."""
    made: list[nn.Module] = [nn.Dropout(dropout[0])]
    for size in hidden:
        made += [nn.Linear(width, size), ACTIVATIONS[activation](), nn.Dropout(dropout[1])]
        width = size
    return nn.Sequential(*made), width


class ScalarModule(nn.Module):
    """The torch module of a `Scalar` head."""

    def __init__(self, head: Scalar, width: int) -> None:
        super().__init__()
        self.input = Standardise(width) if head.standardise else nn.Identity()
        self.body, width = layers(head.hidden, head.activation, (head.input_dropout, head.dropout), width)
        self.score = nn.Linear(width, 1, bias=head.bias)
        nn.init.normal_(self.score.weight, std=(width + 1) ** -0.5 if head.init_std is None else head.init_std)
        if head.bias:
            nn.init.zeros_(self.score.bias)

    def states(self, x: torch.Tensor) -> torch.Tensor:
        """What the last layer reads, [N, last hidden size]."""
        found: torch.Tensor = self.body(self.input(x.to(self.score.weight.dtype)))
        return found

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = self.score(self.states(x))
        return found
