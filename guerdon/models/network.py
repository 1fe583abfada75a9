"""Backbone + head as one torch module, over given features (frozen) or over texts (tuned)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import torch
from torch import nn

from guerdon.core.contracts import Head
from guerdon.core.errors import SpecError
from guerdon.models.collate import TOKENS, Padded
from guerdon.models.next_token import NLL
from guerdon.models.packing import Packed, Packing
from guerdon.models.pooling import Feature, Term, features_of, gather, parse_read, width_of
from guerdon.models.states import batches, run_all
from guerdon.models.template import Encoded

Tensor = torch.Tensor


@dataclass(frozen=True)
class ViewTexts:
    """The distinct texts of one view in passes, and which of them each response reads: index [N]."""

    batches: tuple[Padded | Packed, ...]
    count: int
    index: Tensor

    def to(self, device: Any, non_blocking: bool = False) -> ViewTexts:
        moved = tuple(b.to(device, non_blocking) for b in self.batches)
        return ViewTexts(moved, self.count, self.index.to(device))


def view_texts(encoded: Sequence[Encoded], fill: int, budget: int = TOKENS, packing: Packing = "padded") -> ViewTexts:
    """One text a response, equal ones once, in packed rows or length-bucketed batches."""
    number: dict[Encoded, int] = {}
    index = [number.setdefault(e, len(number)) for e in encoded]
    made = tuple(batches(list(number), fill, budget, packing))
    return ViewTexts(made, len(number), torch.tensor(index))


@dataclass(frozen=True)
class Reading:
    """What a head reads of a backbone: its terms and the features they need, view by view, and their widths."""

    terms: tuple[Term, ...]
    hidden: int

    @staticmethod
    def of(head: Head, hidden: int) -> Reading:
        return Reading(parse_read(tuple(head.positions)), hidden)

    @property
    def features(self) -> tuple[Feature, ...]:
        return features_of(self.terms)

    @property
    def views(self) -> dict[str, tuple[Feature, ...]]:
        """Features by view, both in a fixed order."""
        names = sorted({f.view for f in self.features})
        return {v: tuple(f for f in self.features if f.view == v) for v in names}

    @property
    def width(self) -> int:
        return width_of(self.terms, self.hidden)

    def split(self, rows: Tensor) -> dict[Feature, Tensor]:
        """Feature columns [N, width of all] (in `views` order) → by feature."""
        ordered = [f for features in self.views.values() for f in features]
        parts = torch.split(rows, [f.width(self.hidden) for f in ordered], dim=-1)
        return dict(zip(ordered, parts, strict=True))

    def gather(self, states: Mapping[Feature, Tensor]) -> Tensor:
        return gather(states, self.terms)


class RewardNetwork(nn.Module):
    """Responses → outputs [N, outputs]. `backbone` is None where features are given instead of texts; `untied`: the output
    embeddings of a language model whose input embeddings are others."""

    untied: Tensor | None

    def __init__(
        self,
        head: nn.Module,
        reading: Reading,
        backbone: Any = None,
        segments: bool = False,
        untied: Tensor | None = None,
    ) -> None:
        super().__init__()
        self.backbone, self.head = backbone, head
        self.reading, self.segments = reading, segments
        self.register_buffer("untied", untied, persistent=False)
        self.learned: nn.Module | None = None  # of an objective that learns more than rewards (`guerdon.models.views`)

    def forward(self, inputs: Tensor | Mapping[str, ViewTexts], tokens: bool = False, views: int = 1) -> Any:
        """Outputs [N, outputs]. With `tokens` also the language model's loss on each response and its tokens [N, 2]; with two
        `views` also the states before the last layer of this and of one more pass, whose dropout is another, and what the
        objective's own module gives."""
        if views > 1:
            out, first = self._pass(inputs)
            _, second = self._pass(inputs)
            return out, (first, second), None if self.learned is None else self.learned()
        if not tokens:
            return self.head(self.read(inputs))
        if isinstance(inputs, Tensor) or "" not in inputs:
            raise SpecError(
                "the objective language_model needs a tuned decoder and a head that reads prompt and response together"
            )
        states = self._states(inputs, self.output_rows())
        return self.head(self.reading.gather(states)), states[NLL]

    def output_rows(self) -> Tensor:
        """The output embeddings [V, H]: the input's own where they are tied."""
        rows: Tensor = self.backbone.get_input_embeddings().weight if self.untied is None else self.untied
        return rows

    def _pass(self, inputs: Tensor | Mapping[str, ViewTexts]) -> tuple[Tensor, Tensor]:
        """Outputs and states: what the head's `score` reads where it has `states` before it, else what the head gets."""
        x, head = self.read(inputs), cast(Any, self.head)
        if not hasattr(head, "states"):
            return head(x), x
        found: Tensor = head.states(x)
        return head.score(found), found

    @property
    def state_width(self) -> int:
        """The width of the states of `views`."""
        return self.head.score.in_features if hasattr(self.head, "states") else self.reading.width  # type: ignore[union-attr, return-value]

    def read(self, inputs: Tensor | Mapping[str, ViewTexts]) -> Tensor:
        """What the head gets, [N, width]."""
        states = self.reading.split(inputs) if isinstance(inputs, Tensor) else self._states(inputs)
        return self.reading.gather(states)

    def _states(self, inputs: Mapping[str, ViewTexts], rows: Tensor | None = None) -> dict[Feature, Tensor]:
        states: dict[Feature, Tensor] = {}
        for view, features in self.reading.views.items():
            texts = inputs[view]
            asked = rows if view == "" else None
            found = run_all(self.backbone, texts.batches, texts.count, features, self.segments, asked)
            states |= {f: v[texts.index] for f, v in found.items()}
        return states
