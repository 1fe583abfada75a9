"""`models.objectives.weighted_sum`: several objectives at once, each with a weight."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import torch

from guerdon.core.contracts import Objective
from guerdon.core.errors import SpecError
from guerdon.core.types import Sample
from guerdon.models.batch import Batch


@dataclass(frozen=True)
class WeightedSum(Objective):
    """Weighted sum of objectives on the same batch: L = Σᵢ wᵢ·Lᵢ, each Lᵢ a mean over its own terms.

    `weights` default to 1 each. Needs are those of all parts. Logs of part i carry its name and place in front. Split into
    micro-batches, each part is averaged with the number of terms of the first one, which is exact wherever parts have
    their terms in common (pairs with pairs). Raises SpecError for no parts, a number of weights that is not the number of
    parts, weights that are not finite, and two parts with parameters of their own. No paper: the sum that papers write with a λ, as BaseReward's centring
    (arXiv 2509.16127).
    """

    parts: tuple[Objective, ...]
    weights: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if not self.parts:
            raise SpecError("parts is empty: give at least one objective")
        if self.weights and len(self.weights) != len(self.parts):
            raise SpecError(f"{len(self.weights)} weights for {len(self.parts)} parts: give one weight a part, or none")
        if sum(getattr(p, "module", None) is not None for p in self.parts) > 1:
            raise SpecError("parts: two of them learn parameters of their own; one can")
        if not all(map(math.isfinite, self.weights)):
            raise SpecError(f"weights are finite numbers, found {list(self.weights)}")

    @classmethod
    def example(cls) -> Self:
        from guerdon.models.objectives.bradley_terry import BradleyTerry
        from guerdon.models.objectives.centred import Centred

        return cls(parts=(BradleyTerry(), Centred()), weights=(1.0, 0.01))

    @property
    def needs(self) -> frozenset[str]:
        return frozenset().union(*(p.needs for p in self.parts))

    def fault(self, sample: Sample) -> str | None:
        return next((f for p in self.parts if (f := p.fault(sample)) is not None), None)

    @property
    def tokens(self) -> bool:
        return any(p.tokens for p in self.parts)

    @property
    def views(self) -> int:
        """Passes with different dropout that a batch must have: the most that a part asks for."""
        return max(int(getattr(p, "views", 1)) for p in self.parts)

    @property
    def module(self) -> Any:
        """How to make the parameters of the part that learns some, or None."""
        return next((p.module for p in self.parts if getattr(p, "module", None) is not None), None)  # type: ignore[attr-defined]

    def items(self, batch: Batch) -> int:
        """The number of terms of the first part."""
        counted = getattr(self.parts[0], "items", lambda b: len(b.group))
        return int(counted(batch))

    def loss(self, out: torch.Tensor, batch: Batch) -> tuple[torch.Tensor, Mapping[str, float]]:
        logs: dict[str, float] = {}
        total = out.sum() * 0.0
        for i, (part, weight) in enumerate(zip(self.parts, self.weights or (1.0,) * len(self.parts), strict=True)):
            value, found = part.loss(out, batch)
            total = total + weight * value
            name = f"{part.use.replace(':', '.').rsplit('.', 1)[-1]}_{i}"
            logs |= {f"{name}_{k}": v for k, v in found.items() if k != "ties"} | {
                f"{name}_loss": float(value.detach())
            }
            logs["ties"] = max(logs.get("ties", 0.0), found.get("ties", 0.0))
        return total, logs
