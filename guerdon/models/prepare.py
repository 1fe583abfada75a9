"""Groups → datasets: texts encoded once, features of a frozen backbone taken from the cache."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch

from guerdon.core.errors import DataError
from guerdon.core.types import Sample
from guerdon.models.backbone import LoadedBackbone
from guerdon.models.batch import Batch
from guerdon.models.dataset import Groups
from guerdon.models.features import feature_rows
from guerdon.models.groups import Intake, drop_unreadable, split
from guerdon.models.memory import Memory
from guerdon.models.network import Reading, RewardNetwork, ViewTexts, view_texts
from guerdon.models.packing import Packing, shares
from guerdon.models.pooling import Feature
from guerdon.models.standardise import Standardise
from guerdon.models.template import Encoded

ADAPT_ROWS = 512  # responses read to standardise a head on a backbone that is tuned (a frozen one: all of them)


@dataclass(frozen=True)
class Prepared:
    """Datasets of training and validation groups, the input rows a head is adapted to, and what was cut."""

    training: Groups
    validation: Groups
    truncated: int
    responses: int
    memory: Memory


def encode(
    backbone: LoadedBackbone, groups: Sequence[Sample], views: Sequence[str], intake: Intake
) -> tuple[list[Sample], dict[str, list[Encoded]]]:
    """The groups whose texts can be encoded, and one text a response and view, flat."""
    texts = [(g.prompt, r) for g in groups for r in g.responses]
    found = {view: backbone.template.encode_many(texts, view) for view in views}
    bad = [any(isinstance(found[v][i], DataError) for v in views) for i in range(len(texts))]
    if any(bad):
        flags = iter(bad)
        kept = drop_unreadable(groups, [[next(flags) for _ in g.responses] for g in groups], intake)
        return encode(backbone, kept, views, intake)
    return list(groups), {v: [e for e in found[v] if isinstance(e, Encoded)] for v in views}


def prepare(
    backbone: LoadedBackbone,
    groups: Sequence[Sample],
    reading: Reading,
    intake: Intake,
    share: float,
    frozen: bool,
    budget: int,
) -> Prepared:
    """Encodes the groups, splits them by prompt and says how their inputs are read."""
    views = reading.views
    groups, texts = encode(backbone, groups, list(views), intake)
    count = sum(len(g.responses) for g in groups)
    cut = sum(any(texts[v][i].truncated for v in views) for i in range(count))
    source = (
        Rows.of(backbone, texts, views, budget)
        if frozen
        else Texts(texts, backbone.pad, budget, backbone.packing, backbone.memory)
    )
    first: dict[int, int] = {}
    begin = 0
    for group in groups:
        first[id(group)] = begin
        begin += len(group.responses)
    lengths = [sum(len(texts[v][i].ids) for v in views) for i in range(count)]
    sides = [dataset(side, first, lengths, source) for side in split(groups, share)]
    return Prepared(sides[0], sides[1], cut, count, backbone.memory)


def dataset(groups: Sequence[Sample], first: Mapping[int, int], lengths: Sequence[int], source: Rows | Texts) -> Groups:
    """The dataset of some of the groups, reading flat rows of the source. Their order goes by the lengths of the texts
    themselves, so that it is the same however they are packed."""
    flat = [list(range(first[id(g)], first[id(g)] + len(g.responses))) for g in groups]
    read = Reader(source, flat)
    if isinstance(source, Rows):
        return Groups(groups, [sum(lengths[i] for i in rows) for rows in flat], read)
    costs = [source.tokens(rows) for rows in flat]
    return Groups(groups, [sum(lengths[i] for i in rows) for rows in flat], read, costs, source.budget, source.memory)


@dataclass(frozen=True)
class Reader:
    """Numbers of groups → the network's inputs for their responses."""

    source: Rows | Texts
    flat: list[list[int]]

    def __call__(self, numbers: Sequence[int]) -> torch.Tensor | dict[str, ViewTexts]:
        return self.source.read([i for n in numbers for i in self.flat[n]])


@dataclass(frozen=True)
class Rows:
    """Inputs that are feature rows [N, width of all features]."""

    rows: np.ndarray

    @staticmethod
    def of(
        backbone: LoadedBackbone,
        texts: Mapping[str, Sequence[Encoded]],
        views: Mapping[str, Sequence[Feature]],
        budget: int,
    ) -> Rows:
        parts = [
            feature_rows(backbone, texts[v], features, budget=budget, what=f"reading {v or 'text'}s")
            for v, features in views.items()
        ]
        return Rows(parts[0] if len(parts) == 1 else np.concatenate(parts, axis=1))

    def read(self, rows: Sequence[int]) -> torch.Tensor:
        return torch.from_numpy(self.rows[list(rows)])


@dataclass(frozen=True)
class Texts:
    """Inputs that are texts, packed or padded batch by batch."""

    texts: Mapping[str, Sequence[Encoded]]
    fill: int
    budget: int
    packing: Packing
    memory: Memory = field(default_factory=Memory)

    def tokens(self, rows: Sequence[int]) -> int:
        """Tokens that go through the model for these texts, over all views (padding not counted)."""
        views = [list({texts[i].text: texts[i] for i in rows}.values()) for texts in self.texts.values()]
        if self.packing == "shared":
            lengths = [[len(e.ids) for e in texts] for texts in views]
            return sum(s.tokens(n) for texts, n in zip(views, lengths, strict=True) for s in shares(texts))
        return sum(len(e.ids) for texts in views for e in texts)

    def read(self, rows: Sequence[int]) -> dict[str, ViewTexts]:
        return {
            v: view_texts([texts[i] for i in rows], self.fill, self.memory.within(self.budget), self.packing)
            for v, texts in self.texts.items()
        }


@torch.no_grad()
def adapt(network: RewardNetwork, training: Groups) -> None:
    """Lets a head that standardises its input see training rows, and one whose module has `begin(rows, batch)` take its start
    from them: all rows where they are features, else up to ADAPT_ROWS."""
    wanted = [m for m in network.head.modules() if isinstance(m, Standardise)]
    begin = getattr(network.head, "begin", None)
    if not wanted and begin is None:
        return
    device = next(network.parameters()).device
    frozen = network.backbone is None
    network.eval()
    parts: list[torch.Tensor] = []
    numbers = range(0)
    for first in range(0, len(training), 256 if frozen else 8):
        numbers = range(first, min(first + (256 if frozen else 8), len(training)))
        inputs = training.read(numbers)
        inputs = inputs.to(device) if frozen else {v: t.to(device) for v, t in inputs.items()}
        parts.append(network.read(inputs).cpu())
        if not frozen and sum(len(p) for p in parts) >= ADAPT_ROWS:
            break
    rows = torch.cat(parts).to(device)
    hooks = [m.register_forward_pre_hook(lambda module, given: module.adapt(given[0])) for m in wanted]
    network.head(rows)  # each sees just what it will standardise
    for hook in hooks:
        hook.remove()
    if begin is not None:
        begin(rows, Batch.of(training.groups[: numbers.stop]).to(device))
