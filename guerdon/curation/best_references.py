"""`curation.best_references`: the responses that win most comparisons with the others, to be references."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Self

from guerdon.core.contracts import Reward, Stage
from guerdon.core.errors import SpecError
from guerdon.core.types import Judgement, Sample


@dataclass(frozen=True)
class BestReferences(Stage):
    """Best-of-N reference selection: all pairs of the N responses are compared; the k with the most wins stay, best first.

    win(i, j) = 1 where (r_ij + 1 − r_ji)/2 > 1/2, r_ij the reward's value of response i with response j as reference, both
    orders asked, so that the judge's position bias cancels; 1/2 each for a tie; wins sum to N(N − 1)/2. Equal counts stand in
    the given order. Each response keeps its wins as the label `wins`; the first becomes the sample's `reference` with
    `as_reference`. A pair without a value in one of its orders is left out of the counts. Asks N² values a sample.
    Raises SpecError for k below 1, and for a reward that needs no reference.
    RewardDance (arXiv 2509.08826): N = 16, k = 2; the mean of both orders is [inferred].
    """

    reward: Reward
    k: int = 2
    as_reference: bool = True

    def __post_init__(self) -> None:
        if self.k < 1:
            raise SpecError(f"k is at least 1, found {self.k}")
        if "reference" not in self.reward.needs:
            raise SpecError(
                f"reward: {self.reward.use} compares with no reference, so nobody would win against anybody"
            )

    @classmethod
    def example(cls) -> Self:
        from guerdon.core.build import build

        return cls(reward=build("rewards.verifiers.exact", Reward))  # type: ignore[type-abstract]

    @property
    def needs(self) -> frozenset[str]:
        return self.reward.needs - {"reference"}

    async def apply(self, samples: Sequence[Sample]) -> list[Sample]:
        asked = [one for s in samples for one in _asked(s)]
        judged = iter(await self.reward.score(asked)) if asked else iter(())
        return [self._chosen(s, [next(judged) for _ in s.responses]) for s in samples]

    def _chosen(self, sample: Sample, judged: Sequence[Judgement]) -> Sample:
        found = wins(judged)
        order = sorted(range(len(found)), key=lambda i: -found[i])[: self.k]
        kept = tuple(
            replace(sample.responses[i], labels={**sample.responses[i].labels, "wins": found[i]}) for i in order
        )
        reference = kept[0].text if kept and self.as_reference else sample.reference
        return replace(sample, responses=kept, reference=reference, preferences=())


def _asked(sample: Sample) -> list[Sample]:
    """One sample a response as reference, with all responses against it (itself too: its place stays)."""
    return [
        replace(sample, id=f"{sample.id}:against:{j}", reference=r.text, preferences=())
        for j, r in enumerate(sample.responses)
    ]


def wins(judged: Sequence[Judgement]) -> list[float]:
    """Wins of each of N responses; `judged[j].values[i]` is the value of response i against reference j."""
    found = [0.0] * len(judged)
    for i, j in combinations(range(len(judged)), 2):
        forth, back = judged[j].values[i], judged[i].values[j]
        if forth is None or back is None:
            continue
        won = 0.5 if forth == back else float(forth > back)  # (r_ij + 1 − r_ji)/2 > 1/2
        found[i] += won
        found[j] += 1 - won
    return found
