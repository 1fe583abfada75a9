"""Texts → packed rows without padding, in which a prefix that several texts share stands once.

A pass is one row of tokens: for each share its common prefix, then what each of its texts has of its own, with positions that
go on from the prefix. A text attends to its prefix and to itself (`guerdon.models.prefix_attention`), so its hidden states
are those it has alone:

    tokens of a share of n texts = p + Σ_i (|x_i| − p),  against n · max_i |x_i| when padded.

The prefix is the longest common one of the ids themselves: nothing is assumed of a template, and the texts of one prompt,
of a conversation and its continuation, or under one long system prompt all share what they have in common.
Hydragen (arXiv 2402.05099) shares prefixes so at inference; here gradients flow through the shared prefix too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import torch

from guerdon.models.collate import same_texts, spans_of
from guerdon.models.pooling import Spans
from guerdon.models.template import Encoded
from guerdon.models.token_states import PackedStates

Packing = Literal["shared", "unshared", "padded"]
PACKINGS: tuple[Packing, ...] = ("shared", "unshared", "padded")


@dataclass(frozen=True, slots=True)
class Share:
    """Texts (by number) whose first `prefix` ids are the same; each has at least one id after them."""

    prefix: int
    texts: tuple[int, ...]

    def tokens(self, lengths: Sequence[int]) -> int:
        """Tokens that go through the model."""
        return self.prefix + sum(lengths[i] - self.prefix for i in self.texts)


@dataclass(frozen=True, slots=True)
class Run:
    """Neighbouring tokens of a packed row."""

    start: int
    length: int

    @property
    def slice(self) -> slice:
        return slice(self.start, self.start + self.length)


@dataclass(frozen=True)
class Layout:
    """Who sees whom in a packed row: for each share its prefix and its texts' own runs. `cache` holds masks between layers."""

    shares: tuple[tuple[Run, tuple[Run, ...]], ...]
    cache: dict[Any, Any] = field(default_factory=dict, repr=False, compare=False)


@dataclass(frozen=True)
class Packed:
    """ids, positions [1, N] · layout · spans of the texts [B] · states: how their tokens are read · rows [B]: which text each is."""

    ids: torch.Tensor
    positions: torch.Tensor
    layout: Layout
    spans: Spans
    places: PackedStates
    rows: torch.Tensor

    @property
    def tokens(self) -> int:
        """Tokens that go through the model."""
        return self.ids.numel()

    def to(self, device: Any, non_blocking: bool = False) -> Packed:
        ids, positions = (t.to(device, non_blocking=non_blocking) for t in (self.ids, self.positions))
        return Packed(
            ids, positions, Layout(self.layout.shares), self.spans.to(device), self.places.to(device), self.rows
        )

    def inputs(self, segments: bool) -> dict[str, Any]:
        """What the model is called with."""
        return {"input_ids": self.ids, "position_ids": self.positions, "packing": self.layout, "use_cache": False}

    def read(self, hidden: torch.Tensor) -> PackedStates:
        """The states of the texts, from those of the row [1, N, H]."""
        return self.places.of(hidden[0])


def common(a: Sequence[int], b: Sequence[int]) -> int:
    """Length of the longest common prefix, at most one less than the shorter of the two."""
    most = min(len(a), len(b)) - 1
    if a[:most] == b[:most]:
        return most
    low, high = 0, most  # a[:low] == b[:low] and a[:high] != b[:high]
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if a[low:middle] == b[low:middle] else (low, middle)
    return low


def shares(texts: Sequence[Encoded]) -> list[Share]:
    """The texts in shares that save the most tokens, in the order of their first texts.

    Sorted by ids, texts with a common prefix stand together; a run of n neighbours that has p ids in common saves (n − 1)·p.
    Each run is kept whole or split where its neighbours have least in common, whichever saves more. A prefix that is less
    than half of the longest prompt in its run (the opening of a chat template) joins nothing.
    """
    order = sorted(range(len(texts)), key=lambda i: texts[i].ids)
    joint = [common(texts[a].ids, texts[b].ids) for a, b in zip(order, order[1:], strict=False)]
    nodes = [_Node(0, len(order))] if order else []
    for node in nodes:  # grows while it is walked: parents before children
        node.split(joint, order, texts)
        nodes += node.parts
    for node in reversed(nodes):
        node.decide()
    found, open_ = [], nodes[:1]
    while open_:
        node = open_.pop()
        if node.whole:
            found.append(Share(node.prefix, tuple(sorted(order[node.begin : node.end]))))
        else:
            open_ += node.parts
    return sorted(found, key=lambda s: s.texts)


class _Node:
    """A run of sorted texts [begin, end): what it saves as one share, and the runs it falls into."""

    def __init__(self, begin: int, end: int) -> None:
        self.begin, self.end = begin, end
        self.prefix, self.saves, self.whole = 0, 0, end - begin == 1
        self.parts: list[_Node] = []

    def split(self, joint: Sequence[int], order: Sequence[int], texts: Sequence[Encoded]) -> None:
        if self.whole:
            return
        self.prefix = min(joint[self.begin : self.end - 1])
        longest = max(texts[i].start for i in order[self.begin : self.end])
        self.saves = (self.end - self.begin - 1) * self.prefix if 2 * self.prefix >= longest else 0
        cuts = [i + 1 for i in range(self.begin, self.end - 1) if joint[i] == self.prefix]
        self.parts = [_Node(a, b) for a, b in zip([self.begin, *cuts], [*cuts, self.end], strict=True)]

    def decide(self) -> None:
        apart = sum(p.saves for p in self.parts)
        self.whole = self.whole or (self.saves > 0 and self.saves >= apart)
        self.saves = max(self.saves, apart)


def passes(found: Sequence[Share], lengths: Sequence[int], budget: int) -> Iterator[list[Share]]:
    """The shares in passes of at most `budget` tokens, in order.

    A share over the budget alone is split over several passes that each repeat its prefix; only a single text that is longer
    than the budget goes over it.
    """
    now: list[Share] = []
    filled = 0
    for share in (part for whole in found for part in _within(whole, lengths, budget)):
        tokens = share.tokens(lengths)
        if now and filled + tokens > budget:
            yield now
            now, filled = [], 0
        now.append(share)
        filled += tokens
    if now:
        yield now


def _within(share: Share, lengths: Sequence[int], budget: int) -> Iterator[Share]:
    begin, filled = 0, share.prefix
    for at, text in enumerate(share.texts):
        own = lengths[text] - share.prefix
        if at > begin and filled + own > budget:
            yield Share(share.prefix, share.texts[begin:at])
            begin, filled = at, share.prefix
        filled += own
    yield Share(share.prefix, share.texts[begin:])


def pack(texts: Sequence[Encoded], chosen: Sequence[Share]) -> Packed:
    """The texts of the shares as one row."""
    ids: list[int] = []
    positions: list[int] = []
    made: list[tuple[Run, tuple[Run, ...]]] = []
    rows: list[int] = []
    places: list[tuple[int, int, int]] = []
    for share in chosen:
        prefix = _put(ids, positions, texts[share.texts[0]].ids[: share.prefix], 0)
        own = tuple(_put(ids, positions, texts[i].ids[share.prefix :], share.prefix) for i in share.texts)
        made.append((prefix, own))
        rows += share.texts
        places += [(prefix.start, prefix.length, run.start) for run in own]
    spans = spans_of([texts[i] for i in rows])
    table = torch.tensor(places)
    states = PackedStates(table[:, 0], table[:, 1], table[:, 2])
    return Packed(
        torch.tensor([ids]), torch.tensor([positions]), Layout(tuple(made)), spans, states, torch.tensor(rows)
    )


def _put(ids: list[int], positions: list[int], new: Sequence[int], position: int) -> Run:
    run = Run(len(ids), len(new))
    ids += new
    positions += range(position, position + len(new))
    return run


def packed_batches(texts: Sequence[Encoded], budget: int, share: bool = True) -> Iterator[Packed]:
    """All texts in packed rows under the token budget, prefixes shared or not."""
    readings = same_texts(texts)
    once = [texts[numbers[0]] for numbers in readings]
    found = shares(once) if share else [Share(0, (i,)) for i in range(len(once))]
    for chosen in passes(found, [len(t.ids) for t in once], budget):
        packed = pack(once, chosen)
        yield packed if len(once) == len(texts) else spread(packed, texts, readings)


def spread(packed: Packed, texts: Sequence[Encoded], readings: Sequence[Sequence[int]]) -> Packed:
    """The row with all readings of its texts."""
    old = packed.rows.tolist()
    rows = [i for number in old for i in readings[number]]
    place = torch.tensor([at for at, number in enumerate(old) for _ in readings[number]])
    states = packed.places
    places = PackedStates(states.prefix[place], states.shared[place], states.own[place])
    return replace(packed, spans=spans_of([texts[i] for i in rows]), places=places, rows=torch.tensor(rows))
