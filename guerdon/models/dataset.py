"""The groups of a training by number, the order an epoch takes them in, and what one process has of a batch."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import torch

from guerdon.core.contracts import Head, Objective
from guerdon.core.types import Sample
from guerdon.models.batch import Batch
from guerdon.models.collate import batches_of
from guerdon.models.memory import Memory

ReadInputs = Callable[[Sequence[int]], Any]  # numbers of groups → what the network reads
NOTHING = -1  # fills up an order, so that every process has as many batches; no group is seen twice


class Groups(torch.utils.data.Dataset[tuple["Groups", int]]):
    """Groups by number, their lengths, and how their inputs are read; the collator turns numbers into a `Share`. Where `costs`
    says how many tokens of each group go through the model, a Batch has at most `budget` (a group alone may have more)."""

    def __init__(
        self,
        groups: Sequence[Sample],
        lengths: Sequence[int],
        read: ReadInputs,
        costs: Sequence[int] = (),
        budget: int = 0,
        memory: Memory | None = None,
    ) -> None:
        self.groups, self.lengths, self.read = groups, lengths, read
        self.costs, self.budget, self.memory = costs, budget, memory or Memory()

    def __len__(self) -> int:
        return len(self.groups)

    def __getitem__(self, number: int) -> tuple[Groups, int]:
        return self, number

    def set_epoch(self, epoch: int) -> None:
        """Told before each epoch, for groups that are read differently from one to the next; these are not."""

    def parts(self, numbers: Sequence[int]) -> list[list[int]]:
        """The groups, in order, in parts within the budget."""
        made: list[list[int]] = []
        filled, budget = 0, self.memory.within(self.budget)
        for number in numbers:
            cost = self.costs[number] if self.costs else 0
            if made and filled + cost <= budget:
                made[-1].append(number)
                filled += cost
            else:
                made.append([number])
                filled = cost
        return made

    def batch(self, numbers: Sequence[int], head: Head) -> Batch:
        """The batch of these groups, compared as the head compares."""
        return compared(Batch.of([self.groups[n] for n in numbers], self.read(numbers)), head)

    def shortest(self) -> int:
        """The number of the group that costs least."""
        costs = self.costs or self.lengths
        return min(range(len(self)), key=lambda i: costs[i])


class Share:
    """What one process has of a micro-batch: its groups in batches within the token budget, which are made anew when the
    budget was halved. `passes` is how many passes all processes make of it, since they meet in each."""

    def __init__(self, data: Groups, numbers: Sequence[int], head: Head) -> None:
        self.data, self.numbers, self.head = data, [n for n in numbers if n != NOTHING], head
        self.passes = 0
        self._made: tuple[int, list[Batch]] | None = None

    @property
    def batches(self) -> list[Batch]:
        """The groups in parts."""
        size = self.data.memory.parts
        if self._made is None or self._made[0] != size:
            self._made = size, [self.data.batch(n, self.head) for n in self.data.parts(self.numbers)]
        return self._made[1]

    def evened(self) -> list[tuple[Batch, bool]]:
        """The batches that count, then others that do not, up to `passes`: a process with less to do would wait anyway."""
        made = [(batch, True) for batch in self.batches]
        if len(made) >= self.passes:
            return made
        idle = self.data.batch([self.data.shortest()], self.head)
        return made + [(idle, False)] * (self.passes - len(made))


class GroupSampler(torch.utils.data.Sampler[int]):
    """The order of `batches_of`, anew each epoch, the same for the same seed; without a seed as the groups stand. Filled up
    with NOTHING to a multiple of `multiple`; `begin` is told the epoch."""

    def __init__(
        self,
        lengths: Sequence[int],
        size: int,
        seed: int | None,
        multiple: int = 1,
        begin: Callable[[int], None] = lambda epoch: None,
    ) -> None:
        self.lengths, self.size, self.seed, self.multiple = lengths, size, seed, multiple
        self.begin, self.epoch = begin, 0

    def __len__(self) -> int:
        return -(-len(self.lengths) // self.multiple) * self.multiple

    def set_epoch(self, epoch: int) -> None:
        self.epoch = epoch

    def __iter__(self) -> Iterator[int]:
        self.begin(self.epoch)
        order = list(range(len(self.lengths)))
        if self.seed is not None:
            order = batches_of(self.lengths, self.size, self.seed, self.epoch)
        return iter(order + [NOTHING] * (len(self) - len(order)))


def items(objective: Objective, batch: Batch) -> int:
    """The number of terms an objective's mean is over: its own `items(batch)`, else the responses."""
    counted = getattr(objective, "items", None)
    return int(counted(batch)) if counted is not None else len(batch.group)


def compared(batch: Batch, head: Head) -> Batch:
    """The batch with what objectives ask of the head: its comparison and the names of its outputs."""
    return replace(batch, compare=head.compare, outputs=head.outputs, scalar=head.scalar)


def teach(groups: Sequence[Sample], objective: Objective, head: Head, chunk: int = 256) -> bool:
    """Whether an objective finds any term in the groups (Bradley-Terry finds none in ties)."""
    starts = range(0, len(groups), chunk)
    return any(items(objective, compared(Batch.of(groups[i : i + chunk]), head)) > 0 for i in starts)
