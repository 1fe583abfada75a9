"""Texts → padded batches of similar length under a token budget. Groups stay known through the flat response index.

For groups that are trained on, `batches_of` keeps a whole group in one effective batch.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from guerdon.models.pooling import Spans
from guerdon.models.template import Encoded
from guerdon.models.token_states import PaddedStates

TOKENS = 2048  # padded tokens a forward pass, by default [measured on two CPU cores: larger is no faster]


@dataclass(frozen=True)
class Padded:
    """ids, mask, segments [B, T], right-padded · spans · rows [R]: which text each reading is · row [R]: the row it is of,
    None for one a row."""

    ids: torch.Tensor
    mask: torch.Tensor
    segments: torch.Tensor
    spans: Spans
    rows: torch.Tensor
    row: torch.Tensor | None = None

    @property
    def tokens(self) -> int:
        """Real tokens, padding not counted."""
        return int(self.mask.sum())

    def to(self, device: Any, non_blocking: bool = False) -> Padded:
        ids, mask, segments = (t.to(device, non_blocking=non_blocking) for t in (self.ids, self.mask, self.segments))
        row = None if self.row is None else self.row.to(device)
        return Padded(ids, mask, segments, self.spans.to(device), self.rows, row)

    def inputs(self, segments: bool) -> dict[str, torch.Tensor]:
        """What the model is called with."""
        found = {"input_ids": self.ids, "attention_mask": self.mask}
        return {**found, "token_type_ids": self.segments} if segments else found

    def read(self, hidden: torch.Tensor) -> PaddedStates:
        """The states of the texts, from those of the batch [B, T, H]."""
        return PaddedStates(hidden, self.row)


def buckets(lengths: Sequence[int], budget: int = TOKENS) -> list[list[int]]:
    """Indices sorted by length, cut so that rows × longest row ≤ budget; a text longer than the budget goes alone."""
    order = sorted(range(len(lengths)), key=lambda i: (lengths[i], i))
    found: list[list[int]] = []
    for i in order:
        if found and (len(found[-1]) + 1) * lengths[i] <= budget:
            found[-1].append(i)
        else:
            found.append([i])
    return found


def same_texts(encoded: Sequence[Encoded]) -> list[list[int]]:
    """The numbers of the readings of each text, in the order of their first ones."""
    found: dict[object, list[int]] = {}
    for i, e in enumerate(encoded):
        found.setdefault(e.text if e.end else i, []).append(i)
    return list(found.values())


def spans_of(readings: Sequence[Encoded]) -> Spans:
    """Where the readings are in their texts."""
    return Spans(
        length=torch.tensor([e.stop for e in readings]),
        start=torch.tensor([e.start for e in readings]),
        response_tokens=torch.tensor([e.response_tokens for e in readings]),
    )


def pad(encoded: Sequence[Encoded], rows: Sequence[int], fill: int) -> Padded:
    """The texts number `rows` as one right-padded batch."""
    return pad_texts(encoded, [[i] for i in rows], fill)


def pad_texts(encoded: Sequence[Encoded], readings: Sequence[Sequence[int]], fill: int) -> Padded:
    """One right-padded row for each list of readings of one text."""
    chosen = [encoded[numbers[0]] for numbers in readings]
    longest = max(len(e.ids) for e in chosen)
    length = torch.tensor([len(e.ids) for e in chosen])
    ids = torch.tensor([(*e.ids, *(fill,) * (longest - len(e.ids))) for e in chosen])
    segments = torch.tensor([(*e.segments, *(0,) * (longest - len(e.ids))) for e in chosen])
    mask = (torch.arange(longest) < length[:, None]).long()
    rows = [i for numbers in readings for i in numbers]
    many = len(rows) > len(readings)
    row = torch.tensor([n for n, numbers in enumerate(readings) for _ in numbers]) if many else None
    return Padded(ids, mask, segments, spans_of([encoded[i] for i in rows]), torch.tensor(rows), row)


def padded_batches(encoded: Sequence[Encoded], fill: int, budget: int = TOKENS) -> Iterator[Padded]:
    """All texts in length-bucketed batches under the token budget."""
    readings = same_texts(encoded)
    for rows in buckets([len(encoded[numbers[0]].ids) for numbers in readings], budget):
        yield pad_texts(encoded, [readings[i] for i in rows], fill)


def batches_of(lengths: Sequence[int], size: int, seed: int, epoch: int, window: int = 50) -> list[int]:
    """An order of the groups for one epoch: shuffled, then sorted by length inside windows of `window` batches, then the
    batches shuffled again, so that a batch of `size` groups holds similar lengths and no epoch is like another.

    Depends on the effective batch size only: 8 × 1 and 1 × 8 see the same batches.
    """
    generator = torch.Generator().manual_seed(seed * 100_003 + epoch)
    order = torch.randperm(len(lengths), generator=generator).tolist()
    batches: list[list[int]] = []
    for begin in range(0, len(order), size * window):
        part = sorted(order[begin : begin + size * window], key=lambda i: lengths[i])
        batches += [part[i : i + size] for i in range(0, len(part), size)]
    whole = [b for b in batches if len(b) == size]
    rest = [b for b in batches if len(b) < size]  # a short batch in the middle would shift all that follow it
    shuffled = [whole[i] for i in torch.randperm(len(whole), generator=generator).tolist()]
    return [i for batch in (*shuffled, *rest) for i in batch]
