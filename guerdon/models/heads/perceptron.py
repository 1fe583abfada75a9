"""`models.heads.perceptron`: one reward from a few numbers through small layers, for networks of named features."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import nn

from guerdon.core.contracts import Head
from guerdon.core.errors import SpecError
from guerdon.models.pooling import parse_read

Activation = Literal["none", "tanh", "relu", "sigmoid"]
ACTIVATIONS: dict[str, type[nn.Module]] = {
    "none": nn.Identity, "tanh": nn.Tanh, "relu": nn.ReLU, "sigmoid": nn.Sigmoid,
}  # fmt: skip


@dataclass(frozen=True)
class Perceptron(Head):
    """A small network g: x [N, width] → linear layers of sizes `hidden` → 1, each with its bias; r = g(x), in log-odds.

    activate "hidden": the activation follows every layer but the output; "ends": it follows the first and the last linear
    layer, the output, alone. With "ends" and relu the outputs are not below 0 and many seeds die: both outputs of every pair
    at 0, the loss at log 2 for good. No hidden sizes with "hidden" is a linear reward. Layers start as torch does. Seven
    features and hidden = [6, 4, 2] have 89 parameters. `read`: what it reads where a backbone feeds it.
    Raises SpecError for a size below 1 and an unknown feature.
    Opinion summaries (arXiv 2402.15473): hidden of [], [3], [5], [5, 3], [4, 2], [6, 4, 2], any of the four activations;
    "ends" is the layout of the released class.
    """

    hidden: tuple[int, ...] = ()
    activation: Activation = "relu"
    activate: Literal["hidden", "ends"] = "hidden"
    read: tuple[str, ...] = ("last",)

    def __post_init__(self) -> None:
        if any(h < 1 for h in self.hidden):
            raise SpecError(f"hidden sizes are at least 1, found {list(self.hidden)}")
        parse_read(self.read)

    @property
    def positions(self) -> tuple[str, ...]:
        return self.read

    def module(self, width: int) -> nn.Module:
        sizes = (width, *self.hidden, 1)
        count = len(sizes) - 1
        made: list[nn.Module] = []
        ends = {0, count - 1} if self.activate == "ends" else set(range(count - 1))
        for i in range(count):
            made += [nn.Linear(sizes[i], sizes[i + 1]), *([ACTIVATIONS[self.activation]()] if i in ends else [])]
        return PerceptronModule(nn.Sequential(*made))


class PerceptronModule(nn.Module):
    """The torch module of a `Perceptron` head."""

    def __init__(self, layers: nn.Sequential) -> None:
        super().__init__()
        self.layers = layers

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = self.layers(x.to(next(self.parameters()).dtype))
        return found
