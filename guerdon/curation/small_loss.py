"""`curation.small_loss`: keeps the pairs that a reward finds easiest, as a reviewer of noisy labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

from guerdon.core.contracts import Reward, Stage
from guerdon.core.errors import SpecError
from guerdon.core.types import Sample
from guerdon.data.flips import FLIPPED, flips
from guerdon.metrics.selection import largest


@dataclass(frozen=True)
class SmallLoss(Stage):
    """Small-loss selection: of every `batch` pairs the ⌊(1 − η)·n + ½⌋ (at least 1) of least −log σ(r_better − r_worse) stay.

    Least loss is largest margin m = r(x, y_better) − r(x, y_worse). η: `noise`, the estimated share of wrong labels; batch:
    pairs compared with each other, in order, 0 for all at once. Ties and pairs with an unscored response stay and count in
    no n: nothing is known against them. Samples stay, with the preferences that are left; `context["flipped"]` follows them.
    With `rewards.likelihood.implicit` as the reward m is β·[log π(y_w)/π_ref(y_w) − log π(y_l)/π_ref(y_l)], the selection of
    the implicit-reward variant. Raises SpecError for a noise outside [0, 1) or a negative batch.
    Collaborative Reward Modeling (arXiv 2505.10597), where the reviewer is the other of two models in training
    (`models.peer_review`); after Co-teaching (arXiv 1804.06872).
    """

    reward: Reward
    noise: float = 0.2
    batch: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.noise < 1:
            raise SpecError(f"noise is in [0, 1), found {self.noise}")
        if self.batch < 0:
            raise SpecError(f"batch is not negative, found {self.batch}")

    @classmethod
    def example(cls) -> Self:
        from guerdon.core.build import build

        return cls(reward=build("rewards.verifiers.length", Reward))  # type: ignore[type-abstract]

    @property
    def needs(self) -> frozenset[str]:
        return frozenset({"preferences"})

    async def apply(self, samples: Sequence[Sample]) -> list[Sample]:
        judged = await self.reward.score(samples)
        margins: dict[tuple[int, int], float] = {}
        for i, (sample, judgement) in enumerate(zip(samples, judged, strict=True)):
            for j, p in enumerate(sample.preferences):
                better, worse = judgement.values[p.better], judgement.values[p.worse]
                if not p.tie and better is not None and worse is not None:
                    margins[i, j] = better - worse
        places = list(margins)
        size = self.batch or len(places)
        left: set[tuple[int, int]] = set()
        for begin in range(0, len(places), max(size, 1)):
            part = places[begin : begin + size]
            kept = {part[k] for k in largest([margins[p] for p in part], 1 - self.noise)}
            left |= set(part) - kept
        return [_without(s, {j for j in range(len(s.preferences)) if (i, j) in left}) for i, s in enumerate(samples)]


def _without(sample: Sample, left: set[int]) -> Sample:
    """The sample without the preferences numbered, and without their known flips."""
    stays = [j for j in range(len(sample.preferences)) if j not in left]
    known, context = flips(sample), dict(sample.context)
    if known is not None:
        context[FLIPPED] = [known[j] for j in stays]
    return replace(sample, preferences=tuple(sample.preferences[j] for j in stays), context=context)
