"""Groups read jointly → datasets: laid out in an order drawn from the seed, anew each epoch where the backbone is tuned.

A frozen backbone's features depend on the order, so they are cached by the text of the whole group, in one order a group.
What a response has as labels and preferences goes with it; those that do not fit take no part in that reading of their group.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from guerdon.core.contracts import Head
from guerdon.core.errors import DataError
from guerdon.core.types import Sample
from guerdon.models.backbone import LoadedBackbone
from guerdon.models.batch import Batch
from guerdon.models.dataset import Groups
from guerdon.models.groups import Intake, split, subset
from guerdon.models.joint import JointTexts, joint_texts, refuse_other_views, shuffled
from guerdon.models.memory import Memory
from guerdon.models.network import Reading, ViewTexts, view_texts
from guerdon.models.packing import Packing
from guerdon.models.prepare import Prepared, Rows, dataset
from guerdon.models.template import Encoded


class JointGroups(Groups):
    """Groups whose responses stand in one text each, in an order of the epoch's own; validation groups keep their first."""

    def __init__(
        self, groups: Sequence[Sample], texts: Sequence[JointTexts], fill: int, budget: int, packing: Packing, seed: int,
        memory: Memory,
    ) -> None:  # fmt: skip
        tokens = [t.tokens for t in texts]
        super().__init__(groups, tokens, self._inputs, tokens, budget, memory)
        self.texts, self.fill, self.packing, self.seed, self.epoch = texts, fill, packing, seed, 0

    def set_epoch(self, epoch: int) -> None:
        self.epoch = epoch

    def batch(self, numbers: Sequence[int], head: Head) -> Batch:
        """The batch of the responses that fit, labels and preferences with them."""
        laid = [self._laid(n) for n in numbers]
        groups = [subset(self.groups[n], kept) for n, (kept, _) in zip(numbers, laid, strict=True)]
        made = Batch.of(groups, self._read([e for _, readings in laid for e in readings]))
        return replace(made, compare=head.compare, outputs=head.outputs, scalar=head.scalar)

    def _laid(self, number: int) -> tuple[list[int], list[Encoded]]:
        """The responses of a group that fit in this epoch's order, by number, and how each is read."""
        group = self.groups[number]
        order = shuffled(len(group.responses), self.seed, self.epoch, group.id)
        found = [(i, e) for i, e in enumerate(self.texts[number].lay(order)) if isinstance(e, Encoded)]
        return [i for i, _ in found], [e for _, e in found]

    def _inputs(self, numbers: Sequence[int]) -> dict[str, ViewTexts]:
        return self._read([e for n in numbers for e in self._laid(n)[1]])

    def _read(self, readings: Sequence[Encoded]) -> dict[str, ViewTexts]:
        return {"": view_texts(readings, self.fill, self.memory.within(self.budget), self.packing)}


def prepare_jointly(
    backbone: LoadedBackbone,
    groups: Sequence[Sample],
    reading: Reading,
    intake: Intake,
    share: float,
    frozen: bool,
    budget: int,
    seed: int,
) -> Prepared:
    """As `prepare`, for a head that reads the responses of a group in one text."""
    refuse_other_views(list(reading.views))
    groups, texts = _readable(backbone, groups, intake)
    laid = [t.lay(shuffled(len(g.responses), seed, 0, g.id)) for g, t in zip(groups, texts, strict=True)]
    flat = [e for readings in laid for e in readings]
    cut = sum(not isinstance(e, Encoded) or e.truncated for e in flat)
    if frozen:
        return _fixed(backbone, groups, laid, reading, share, budget, cut)
    place = {id(g): t for g, t in zip(groups, texts, strict=True)}
    sides = [
        JointGroups(side, [place[id(g)] for g in side], backbone.pad, budget, backbone.packing, seed, backbone.memory)
        for side in split(groups, share)
    ]
    return Prepared(sides[0], sides[1], cut, len(flat), backbone.memory)


def _readable(
    backbone: LoadedBackbone, groups: Sequence[Sample], intake: Intake
) -> tuple[list[Sample], list[JointTexts]]:
    """The groups that have a response to read, without those that are empty or cannot be read, and their texts."""
    found = joint_texts(backbone.template, [(g.prompt, g.responses) for g in groups], backbone.config.separator)
    kept, texts = [], []
    for group, text in zip(groups, found, strict=True):
        good = [i for i, fault in enumerate(text.faults) if fault is None]
        if len(good) < len(group.responses):
            empty = all(not group.responses[i].text.strip() for i in set(range(len(text.faults))) - set(good))
            intake.leave_out("empty" if empty else "unreadable", group.id, len(group.responses) - len(good))
        if good:
            kept.append(subset(group, good))
            texts.append(text.only(good))
    if not kept:
        raise DataError("no usable group: no text can be encoded. " + " ".join(intake.lines()))
    return kept, texts


def _fixed(
    backbone: LoadedBackbone,
    groups: Sequence[Sample],
    laid: Sequence[Sequence[Encoded | DataError]],
    reading: Reading,
    share: float,
    budget: int,
    cut: int,
) -> Prepared:
    """The datasets of a frozen backbone: each group in one order, its features from the cache."""
    fitting = [[i for i, e in enumerate(readings) if isinstance(e, Encoded)] for readings in laid]
    kept = [subset(g, numbers) for g, numbers in zip(groups, fitting, strict=True)]
    flat = [e for readings in laid for e in readings if isinstance(e, Encoded)]
    first, begin = {}, 0
    for group in kept:
        first[id(group)] = begin
        begin += len(group.responses)
    rows = Rows.of(backbone, {"": flat}, reading.views, budget)
    sides = [dataset(side, first, [len(e.ids) for e in flat], rows) for side in split(kept, share)]
    return Prepared(sides[0], sides[1], cut, sum(len(readings) for readings in laid), backbone.memory)
