"""The hidden states of texts, read token by token or over a stretch, however they stand in the model's output. Pure.

`place` counts a text's own tokens from 0; all values come in float32.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import torch

Tensor = torch.Tensor


class TokenStates(Protocol):
    """States of B texts of width H."""

    def at(self, place: Tensor) -> Tensor:
        """[B, H] at one place [B] a text."""

    def mean(self, start: Tensor, end: Tensor, power: int = 1) -> Tensor:
        """[B, H], the mean of states**power over start ≤ place < end; 0 where there is none."""

    def max(self, start: Tensor, end: Tensor) -> Tensor:
        """[B, H], the largest over start ≤ place < end."""


@dataclass(frozen=True)
class PaddedStates:
    """Right-padded: hidden [B, T, H]; row [R]: the row that each reading is of, None for one reading a row, in order."""

    hidden: Tensor
    row: Tensor | None = None

    def at(self, place: Tensor) -> Tensor:
        row = torch.arange(len(place), device=place.device) if self.row is None else self.row
        return self.hidden[row, place].to(torch.float32)

    def _mask(self, start: Tensor, end: Tensor) -> Tensor:
        place = torch.arange(self.hidden.shape[1], device=self.hidden.device)
        return (place >= start[:, None]) & (place < end[:, None])

    def mean(self, start: Tensor, end: Tensor, power: int = 1) -> Tensor:
        mask = self._mask(start, end).to(torch.float32)
        states = self.hidden.to(torch.float32) ** power
        if self.row is None:
            total = torch.bmm(mask[:, None, :], states)[:, 0]
        else:  # one row at a time: its readings are many and its states stand once
            total = mask.new_zeros(len(mask), states.shape[2])
            for number in sorted(set(self.row.tolist())):
                mine = torch.nonzero(self.row == number).flatten()
                total = total.index_copy(0, mine, mask[mine] @ states[number])
        return total / mask.sum(1, keepdim=True).clamp(min=1.0)

    def max(self, start: Tensor, end: Tensor) -> Tensor:
        outside = ~self._mask(start, end)
        states = self.hidden if self.row is None else self.hidden[self.row]
        return states.to(torch.float32).masked_fill(outside[..., None], -torch.inf).amax(1)


@dataclass(frozen=True)
class PackedStates:
    """In a packed row: where a text's prefix starts, how long it is, where its own tokens start [B]; hidden [N, H]."""

    prefix: Tensor
    shared: Tensor
    own: Tensor
    hidden: Tensor | None = None

    def of(self, hidden: Tensor) -> PackedStates:
        """The same texts with these states."""
        return PackedStates(self.prefix, self.shared, self.own, hidden)

    def to(self, device: Any) -> PackedStates:
        return PackedStates(self.prefix.to(device), self.shared.to(device), self.own.to(device))

    @property
    def states(self) -> Tensor:
        assert self.hidden is not None
        return self.hidden

    def at(self, place: Tensor) -> Tensor:
        where = torch.where(place < self.shared, self.prefix + place, self.own + place - self.shared)
        return self.states[where].to(torch.float32)

    def _mask(self, start: Tensor, end: Tensor) -> Tensor:
        """[B, N]: the tokens of each text between two places."""
        n = torch.arange(len(self.states), device=self.states.device)
        found = _between(n, self.prefix + start, self.prefix + torch.minimum(end, self.shared))
        before = (
            self.own - self.shared
        )  # where place 0 would stand if the prefix stood right before the text's own tokens
        return found | _between(n, before + torch.maximum(start, self.shared), before + end)

    def mean(self, start: Tensor, end: Tensor, power: int = 1) -> Tensor:
        mask = self._mask(start, end).to(torch.float32)
        return (mask @ self.states.to(torch.float32) ** power) / mask.sum(1, keepdim=True).clamp(min=1.0)

    def max(self, start: Tensor, end: Tensor) -> Tensor:
        return torch.stack([self.states[row].to(torch.float32).amax(0) for row in self._mask(start, end)])


def _between(n: Tensor, start: Tensor, end: Tensor) -> Tensor:
    return (n >= start[:, None]) & (n < end[:, None])
