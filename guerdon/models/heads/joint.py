"""`models.heads.joint`: one reward a response, all responses of a group read in one text."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import torch
from torch import nn

from guerdon.core.contracts import Head
from guerdon.core.errors import SpecError, closest

Span = Literal["last", "first", "concat", "add", "subtract", "mean"]
POSITIONS: dict[str, tuple[str, ...]] = {
    "last": ("last",), "first": ("response_first",), "concat": ("response_first", "last"), "add": ("response_first", "last"),
    "subtract": ("last-response_first",), "mean": ("response_mean",),
}  # fmt: skip


@dataclass(frozen=True)
class Joint(Head):
    """N rewards from one pass: r_i = (w·SiLU(W x_i + b) + c)/√H, x_i the state where response i ends.

    The group stands in one text (`guerdon.models.joint`) with full causal attention: response i sees the prompt and responses
    1 … i − 1, so it is compared with them, and its reward depends on their order (which training draws anew each epoch, and
    `rewards.trained` says by `order_sensitive`). x [N, H] by `read`: "last" token, "first" token, both ("concat" [N, 2H],
    "add", "subtract": last − first), or the "mean" over the response's tokens. Weights start at N(0, `init_std`²), biases at
    0; H is the backbone's width, r [N, 1] in the log-odds units of its objective. Needs a decoder.
    Raises SpecError for an unknown `read`, a size below 1 or a negative `init_std`.
    YOJO (arXiv 2604.10966): hidden 1024, init_std 0.01, read "last".
    """

    read: Span = "last"
    hidden: int = 1024
    init_std: float = 0.01

    def __post_init__(self) -> None:
        if self.read not in POSITIONS:
            raise SpecError(f"read: no '{self.read}'.{closest(self.read, POSITIONS)} Known: {', '.join(POSITIONS)}.")
        if self.hidden < 1:
            raise SpecError(f"hidden is at least 1, found {self.hidden}")
        if self.init_std < 0:
            raise SpecError(f"init_std is not negative, found {self.init_std}")

    @property
    def positions(self) -> tuple[str, ...]:
        return POSITIONS[self.read]

    @property
    def layout(self) -> Literal["apart", "joint"]:
        return "joint"

    def module(self, width: int) -> nn.Module:
        return JointModule(self, width)


class JointModule(nn.Module):
    """The torch module of a `Joint` head."""

    def __init__(self, head: Joint, width: int) -> None:
        super().__init__()
        self.backbone_width = width // len(head.positions)
        self.add = head.read == "add"
        self.body = nn.Linear(self.backbone_width if self.add else width, head.hidden)
        self.score = nn.Linear(head.hidden, 1)
        for layer in (self.body, self.score):
            nn.init.normal_(layer.weight, std=head.init_std)
            nn.init.zeros_(layer.bias)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = x.to(self.score.weight.dtype)
        if self.add:
            x = x[:, : self.backbone_width] + x[:, self.backbone_width :]
        found: torch.Tensor = self.score(nn.functional.silu(self.body(x))) / math.sqrt(self.backbone_width)
        return found
