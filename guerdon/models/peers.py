"""The training behind `models.peer_models`: the batches of an epoch, the reviewed step, and which pairs each model was given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from guerdon.core.types import Sample
from guerdon.models.curriculum import curriculum
from guerdon.models.learner import Learner
from guerdon.models.peer_models import PeerModels
from guerdon.models.updating import Updating


class Peers(Updating):
    """Two members, a and b, on the same batches; the first epochs without a review."""

    names = ("a", "b")

    def __init__(self, fit: PeerModels, out: Path) -> None:
        super().__init__(replace(fit.model, ensemble=2), out, fit)
        self.peers, self.unreviewed = fit, replace(fit.update, review="none")

    def batches(self, learners: Mapping[str, Learner], epoch: int) -> Sequence[Sequence[Sample]]:
        groups, peers = learners["a"].data.groups, self.peers
        ordered = peers.order != "random" and epoch >= peers.warmup_epochs
        easy = easiness(list(learners.values()), groups) if ordered else None
        numbers = curriculum(peers.order, len(groups), self.batch_size, self.fit.seed, epoch, easy, peers.bins)
        return [[groups[n] for n in batch] for batch in numbers]

    def step(self, learners: Mapping[str, Learner], batch: Sequence[Sample], epoch: int) -> Mapping[str, float]:
        return (self.unreviewed if epoch < self.peers.warmup_epochs else self.peers.update).step(learners, batch)

    def record(self, learners: Mapping[str, Learner], batch: Sequence[Sample]) -> dict[str, Any]:
        pairs = [(s.id, j) for s in batch for j in range(len(s.preferences))]
        return {name: [list(pairs[n]) for n in learner.kept] for name, learner in learners.items()}


def easiness(learners: Sequence[Learner], groups: Sequence[Sample]) -> list[float]:
    """The mean margin of each group's pairs, by the mean of the models, without dropout."""
    margins = torch.stack([learner.margins(groups) for learner in learners]).mean(0)
    parts = torch.split(margins, [len(g.preferences) for g in groups])
    return [float(p.mean()) if len(p) else 0.0 for p in parts]
