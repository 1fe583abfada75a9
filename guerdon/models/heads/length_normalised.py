"""`models.heads.length_normalised`: another head's outputs divided by the logarithm of the response's length."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import torch
from torch import nn

from guerdon.core.contracts import Head
from guerdon.core.errors import SpecError
from guerdon.models.heads.scalar import Scalar
from guerdon.models.pooling import features_of, parse_read


@dataclass(frozen=True)
class LengthNormalised(Head):
    """Length normalisation: r' = r / log(1 + n), r the outputs of `head` and n the response's tokens before any cut.

    The division [inferred: the paper says only "by log(response length)"; 1 + n keeps it above 0 for n = 1] is part of the
    model, in training and scoring alike; all outputs are divided, and pairs compared by the divided ones. Off by default
    everywhere: it is this head or none. Raises SpecError for a head that encodes responses jointly.
    BaseReward (arXiv 2509.16127), which tried and dropped it.
    """

    head: Head = field(default_factory=Scalar)

    def __post_init__(self) -> None:
        if self.head.layout != "apart":
            raise SpecError(f"{self.head.use} reads several responses in one sequence; one length does not divide it")

    @property
    def positions(self) -> tuple[str, ...]:
        joint = any(f.view == "" for f in features_of(parse_read(tuple(self.head.positions))))
        return (*self.head.positions, "log_length" if joint else "response:log_length")  # no pass for the length alone

    @property
    def outputs(self) -> tuple[str, ...]:
        return self.head.outputs

    def module(self, width: int) -> nn.Module:
        return LengthNormalisedModule(self.head.module(width - 1))

    def initialise(self, module: nn.Module, token_rows: Callable[[Sequence[str] | None], torch.Tensor]) -> None:
        self.head.initialise(module.inner, token_rows)  # type: ignore[arg-type]

    def compare(self, out: torch.Tensor, pairs: torch.Tensor) -> torch.Tensor:
        return self.head.compare(out, pairs)


class LengthNormalisedModule(nn.Module):
    """The inner module on all columns but the last, which is log(1 + n)."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = self.inner(x[:, :-1])
        return found / x[:, -1:].to(found.dtype).clamp(min=0.6931471805599453)  # log 2: a response has a token
