"""`curation.swap_consistent`: keeps the pairs that a judge decides as labelled in both orders."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, Self

from guerdon.core.contracts import Reward, Stage
from guerdon.core.errors import SpecError
from guerdon.core.types import Judgement, Preference, Sample
from guerdon.judging.pairs import margin

Kind = Literal["consistent", "biased", "wrong", "unscored"]


@dataclass(frozen=True)
class SwapConsistent(Stage):
    """Swap-consistency filter: a preference stays where the judge prefers its winner shown first and shown second.

    Verdicts (v₁, v₂) for the winner, shown first and second: both > 0 consistent · one > 0, one < 0 biased by position ·
    both < 0, or a tie, wrong · no verdict unscored. `keep` says which stay: consistent ones (training data for a judge's style) or
    "hard" ones, biased and wrong (the cases its preference training is made of). Samples stay, in order, with the
    preferences that are left; `context.swap` says of each of the sample's pairs what it was. Ties stay out of it. Raises SpecError for a judge
    that does not take two responses. RISE-Judge (arXiv 2502.11689).
    """

    judge: Reward
    keep: Literal["consistent", "hard"] = "consistent"

    def __post_init__(self) -> None:
        least, most = self.judge.group_size
        if least > 2 or (most is not None and most < 2):
            raise SpecError(f"judge: {self.judge.use} takes {least} to {most} responses, not two")

    @classmethod
    def example(cls) -> Self:
        from guerdon.core.build import build

        return cls(judge=build("rewards.verifiers.length", Reward))  # type: ignore[type-abstract]

    @property
    def needs(self) -> frozenset[str]:
        return frozenset({"preferences"}) | self.judge.needs

    async def apply(self, samples: Sequence[Sample]) -> list[Sample]:
        pairs = [(s, p) for s in samples for p in s.preferences if not p.tie]
        shown = [two(s, order) for s, p in pairs for order in ((p.better, p.worse), (p.worse, p.better))]
        judged = iter(await self.judge.score(shown))
        kinds = iter([kind_of(next(judged), next(judged)) for _ in pairs])
        return [self._kept(s, [next(kinds) for p in s.preferences if not p.tie]) for s in samples]

    def _kept(self, sample: Sample, kinds: Sequence[Kind]) -> Sample:
        wanted = {"consistent"} if self.keep == "consistent" else {"biased", "wrong"}
        decided = [p for p in sample.preferences if not p.tie]
        kept: list[Preference] = [p for p, kind in zip(decided, kinds, strict=True) if kind in wanted]
        return replace(sample, preferences=tuple(kept), context={**sample.context, "swap": list(kinds)})


def two(sample: Sample, order: tuple[int, int]) -> Sample:
    """The sample with these two responses, in this order."""
    return replace(sample, responses=tuple(sample.responses[i] for i in order), preferences=())


def kind_of(first: Judgement, second: Judgement) -> Kind:
    """What two judgements say of a pair: its winner shown first, then shown second."""
    forth, back = margin(first, 0, 1), margin(second, 0, 1)
    if forth is None or back is None:
        return "unscored"
    won = (forth > 0, back < 0)
    return "consistent" if all(won) else "biased" if forth and back and any(won) else "wrong"
