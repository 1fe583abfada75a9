"""The training behind `models.meta_reward_model`: batches of preferences, each with some of the policy's own answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from guerdon.core.errors import DataError
from guerdon.core.types import Sample
from guerdon.models.curriculum import curriculum
from guerdon.models.groups import Intake, take
from guerdon.models.learner import Learner
from guerdon.models.meta_reward_model import MetaRewardModel
from guerdon.models.prepare import Prepared
from guerdon.models.updating import Updating


class Meta(Updating):
    """One member; groups without preferences are the shifted ones."""

    def __init__(self, fit: MetaRewardModel, out: Path) -> None:
        super().__init__(fit.model, out, fit)
        self.meta = fit

    def _take(self, samples: Iterable[Sample]) -> tuple[list[Sample], Intake]:
        found = list(samples)
        shifted = [s for s in found if not s.preferences and _told_apart(s)]
        groups, intake = take([s for s in found if s.preferences or not _told_apart(s)], self.fit.objective)
        if not shifted:
            raise DataError(
                "no sample without preferences: give the policy's own answers, two or more a prompt, beside the pairs",
                field="preferences",
            )
        intake.samples += len(shifted)
        return groups + shifted, intake

    def steps_an_epoch(self, data: Prepared) -> int:
        return -(-sum(bool(g.preferences) for g in data.training.groups) // self.batch_size)

    def batches(self, learners: Mapping[str, Learner], epoch: int) -> Sequence[Sequence[Sample]]:
        groups = learners["model"].data.groups
        labelled, shifted = ([g for g in groups if bool(g.preferences) is wanted] for wanted in (True, False))
        numbers = curriculum("random", len(labelled), self.batch_size, self.fit.seed, epoch)
        order = np.random.default_rng([self.fit.seed, epoch, 1]).permutation(len(shifted))
        count = min(self.meta.shifted, len(shifted))
        return [
            [*(labelled[n] for n in batch), *(shifted[order[(i * count + j) % len(shifted)]] for j in range(count))]
            for i, batch in enumerate(numbers)
        ]

    def step(self, learners: Mapping[str, Learner], batch: Sequence[Sample], epoch: int) -> Mapping[str, float]:
        return self.meta.update.step(learners, batch)


def _told_apart(sample: Sample) -> bool:
    """Whether a sample has two or more responses with words."""
    return len(sample.responses) > 1 and all(r.text.strip() for r in sample.responses)
