"""Another reward's parts as features of responses: asked once, in a fixed order by name, those that lack one left out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from guerdon.core.concurrency import run_sync
from guerdon.core.contracts import Reward
from guerdon.core.errors import SpecError
from guerdon.core.progress import Progress
from guerdon.core.types import Sample, Score
from guerdon.models.dataset import Groups
from guerdon.models.groups import Intake, drop_unreadable, split, take
from guerdon.models.objectives.bradley_terry import BradleyTerry

WINDOW = 256  # samples a call of the reward


@dataclass(frozen=True)
class PartsRows:
    """Groups whose responses all have every feature, and the features [N, F] of their responses, flat; `asked_again` counts
    the responses that were scored more than once for want of a feature."""

    groups: tuple[Sample, ...]
    rows: torch.Tensor
    intake: Intake
    asked_again: int

    def sides(self, share: float) -> tuple[Groups, Groups]:
        """(training, validation), split by prompt."""
        first, begin = {}, 0
        for group in self.groups:
            first[id(group)] = begin
            begin += len(group.responses)
        training, validation = split(self.groups, share)
        return self._dataset(training, first), self._dataset(validation, first)

    def _dataset(self, groups: Sequence[Sample], first: dict[int, int]) -> Groups:
        flat = [range(first[id(g)], first[id(g)] + len(g.responses)) for g in groups]
        return Groups(groups, [1] * len(groups), Read(self.rows, flat))


@dataclass(frozen=True)
class Read:
    """Numbers of groups → the features of their responses."""

    rows: torch.Tensor
    flat: Sequence[range]

    def __call__(self, numbers: Sequence[int]) -> torch.Tensor:
        return self.rows[[i for n in numbers for i in self.flat[n]]]


def features_of(score: Score, features: Sequence[str], scale: float) -> list[float]:
    """The features of one score by name, divided by `scale`; NaN where a part has no value."""
    found = [score.parts.get(name) for name in features]
    return [float("nan") if v is None else v / scale for v in found]


def parts_rows(
    reward: Reward, features: Sequence[str], scale: float, samples: Iterable[Sample], resample: int
) -> PartsRows:
    """Scores the usable pairs of the samples and keeps those whose responses have every feature.

    A response that lacks one is scored again up to `resample` times, then left out with its pairs and counted, never 0.
    Raises DataError when nothing usable is left, SpecError for an order-sensitive reward.
    """
    if reward.order_sensitive:
        raise SpecError(f"{reward.use} sees several responses at once, in an order: its parts are no features of one")
    groups, intake = take(samples, BradleyTerry())
    rows = [[[float("nan")] * len(features) for _ in g.responses] for g in groups]
    again = 0
    for attempt in range(1 + resample):
        lacking = [i for i, found in enumerate(rows) if np.isnan(found).any()]
        if not lacking:
            break
        if attempt:
            again += sum(int(np.isnan(rows[i]).any(1).sum()) for i in lacking)
        _ask(reward, groups, rows, lacking, features, scale)
    bad = [[bool(np.isnan(row).any()) for row in found] for found in rows]
    kept = drop_unreadable(groups, bad, intake, "missing_part")
    return PartsRows(tuple(kept), _flat(groups, rows, kept), intake, again)


def _ask(
    reward: Reward, groups: Sequence[Sample], rows: list[list[list[float]]], wanted: Sequence[int],
    features: Sequence[str], scale: float,
) -> None:  # fmt: skip
    """Fills the rows of the wanted groups; those of a response that is whole stay as they are."""
    with Progress("features", len(wanted), "samples") as bar:
        for begin in range(0, len(wanted), WINDOW):
            part = wanted[begin : begin + WINDOW]
            for i, judged in zip(part, run_sync(reward.score([groups[i] for i in part])), strict=True):
                for j, score in enumerate(judged.scores):
                    if np.isnan(rows[i][j]).any():
                        rows[i][j] = features_of(score, features, scale)
            bar.advance(len(part))


def _flat(groups: Sequence[Sample], rows: list[list[list[float]]], kept: Sequence[Sample]) -> torch.Tensor:
    """The rows of the responses that are left, in the order of the kept groups: a kept response is its group's own object."""
    place = {
        (g.id, id(r)): row
        for g, found in zip(groups, rows, strict=True)
        for r, row in zip(g.responses, found, strict=True)
    }
    return torch.tensor([place[g.id, id(r)] for g in kept for r in g.responses], dtype=torch.float32)
