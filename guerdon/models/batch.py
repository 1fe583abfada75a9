"""The one batch form: groups (a prompt with all its responses) as flat responses, pairs as indices into them.

N responses, G groups, P pairs. A later method reads more columns; none reads another form.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

import torch

from guerdon.core.errors import DataError, SpecError
from guerdon.core.types import Sample

Tensor = torch.Tensor
Compare = Callable[[Tensor, Tensor], Tensor]


def difference(out: Tensor, pairs: Tensor) -> Tensor:
    """Log-odds [P] that the first of each pair wins, for scalar rewards: the difference of the first output."""
    return out[pairs[:, 0], 0] - out[pairs[:, 1], 0]


@dataclass(frozen=True, kw_only=True)
class Batch:
    """pairs [P, 2] (better, worse) · strength, margin, weight, prob [P] · tie [P] bool · group [N] · labels {name: [N], NaN where
    unrated} · ids, contexts [G]: the samples' own · inputs: what the network reads · compare: the head's own comparison of two
    outputs · outputs: the names of the head's outputs, for objectives that train them by name · nll [N, 2]: the language
    model's loss on each response and its number of tokens, for objectives that ask for `tokens` ·
    dimensions [P]: the qualities that a pair itself speaks of (`guerdon.models.dimensions`) · views: in training, for
    objectives that ask for them, the states [N, width] before the head's last layer of two passes with different dropout ·
    learned: what the module of such an objective gives."""

    pairs: Tensor
    strength: Tensor
    margin: Tensor
    weight: Tensor
    prob: Tensor
    tie: Tensor
    group: Tensor
    labels: Mapping[str, Tensor] = field(default_factory=dict)
    ids: tuple[str, ...] = ()
    contexts: tuple[Mapping[str, Any], ...] = ()
    inputs: Any = None
    compare: Compare = difference
    scalar: bool = True
    outputs: tuple[str, ...] = ()
    nll: Tensor | None = None
    dimensions: tuple[tuple[str, ...], ...] = ()
    views: tuple[Tensor, ...] = ()
    learned: Tensor | None = None

    @staticmethod
    def of(groups: Sequence[Sample], inputs: Any = None) -> Batch:
        """The batch of these groups, their responses flattened in order."""
        pairs, group, first = [], [], 0
        preferences = [p for g in groups for p in g.preferences]
        for number, g in enumerate(groups):
            pairs += [(first + p.better, first + p.worse) for p in g.preferences]
            group += [number] * len(g.responses)
            first += len(g.responses)
        names = sorted({name for g in groups for r in g.responses for name in r.labels})
        rows = [r.labels for g in groups for r in g.responses]
        return Batch(
            pairs=torch.tensor(pairs, dtype=torch.long).reshape(-1, 2),
            strength=torch.tensor([p.strength for p in preferences], dtype=torch.float32),
            margin=torch.tensor([p.margin for p in preferences], dtype=torch.float32),
            weight=torch.tensor([p.weight for p in preferences], dtype=torch.float32),
            prob=torch.tensor([p.prob for p in preferences], dtype=torch.float32),
            tie=torch.tensor([p.tie for p in preferences], dtype=torch.bool),
            group=torch.tensor(group, dtype=torch.long),
            labels={n: torch.tensor([r.get(n, float("nan")) for r in rows], dtype=torch.float32) for n in names},
            ids=tuple(g.id for g in groups),
            contexts=tuple(g.context for g in groups),
            inputs=inputs,
            dimensions=tuple(p.dimensions for p in preferences),
        )

    @staticmethod
    def of_pairs(pairs: Sequence[tuple[int, int]], **columns: Sequence[Any]) -> Batch:
        """A batch from index pairs alone, other columns at their defaults: `Batch.of_pairs([(0, 1)], margin=[0.5])`."""
        count = len(pairs)
        given = {n: torch.as_tensor(v, dtype=torch.bool if n == "tie" else torch.float32) for n, v in columns.items()}
        if any(v.shape != (count,) for v in given.values()):
            raise DataError(f"every column of {count} pairs has {count} values")
        ones: dict[str, Any] = {n: torch.ones(count) for n in ("strength", "weight", "prob")}
        rest = {"margin": torch.zeros(count), "tie": torch.zeros(count, dtype=torch.bool)}
        most = 1 + max((i for p in pairs for i in p), default=-1)
        index = torch.tensor(list(pairs), dtype=torch.long).reshape(-1, 2)
        return Batch(pairs=index, group=torch.zeros(most, dtype=torch.long), **{**ones, **rest, **given})

    @property
    def decided(self) -> Tensor:
        """Indices of the pairs that are no ties."""
        return torch.nonzero(~self.tie).flatten()

    def rewards(self, out: Tensor) -> Tensor:
        """The scalar rewards [N], the first output. SpecError for a head whose preference is no scalar."""
        if not self.scalar:
            raise SpecError("this objective needs a head that gives a reward; this one only compares")
        return out[:, 0]

    def margins(self, out: Tensor) -> Tensor:
        """Log-odds [P] that the first of each pair wins."""
        return self.compare(out, self.pairs)

    def to(self, device: Any, non_blocking: bool = False) -> Batch:
        """The same batch on a device."""
        kept = ("ids", "contexts", "compare", "outputs", "dimensions")
        moved = {
            f.name: _moved(getattr(self, f.name), device, non_blocking) for f in fields(self) if f.name not in kept
        }
        return replace(self, **moved)


def _moved(value: Any, device: Any, non_blocking: bool) -> Any:
    if isinstance(value, Mapping):
        return {k: _moved(v, device, non_blocking) for k, v in value.items()}
    if isinstance(value, list):
        return [_moved(v, device, non_blocking) for v in value]
    return value.to(device, non_blocking=non_blocking) if hasattr(value, "to") else value
