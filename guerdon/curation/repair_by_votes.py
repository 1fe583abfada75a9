"""`curation.repair_by_votes`: flips, smooths and weighs preferences by the strength that reward models voted."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from guerdon.core.contracts import Stage
from guerdon.core.errors import DataError, SpecError, closest
from guerdon.core.types import Preference, Sample
from guerdon.data.flips import FLIPPED, flip, flips
from guerdon.data.votes import noted, strength

Flip = Literal["none", "share", "negative"]
Which = Literal["none", "rest", "all"]
CHOICES = {"flip": ("none", "share", "negative"), "margin": ("none", "rest", "all"), "soft": ("none", "rest", "all")}
Place = tuple[int, int]


@dataclass(frozen=True)
class RepairByVotes(Stage):
    """Data cleaning by voted strength μ, in rising order: the bottom → flipped, the next → smoothed, the rest → margins.

    flip: "share" swaps better and worse of the bottom ⌊`flip_share`·n⌋ pairs, "negative" of every pair with μ < 0 and of no
    other, "none" of none; μ̂ = −μ of a flipped pair, else μ. smoothing: the next ⌊`smooth_share`·n⌋ pairs get the soft
    label 1 − p, p = `smoothing` (0 for none), so that Bradley-Terry is −(1−p) log σ(Δ) − p log(1−σ(Δ)). margin: pairs get the
    margin μ̂, so that it is −log σ(Δ − μ̂); soft: the label σ(μ̂) [inferred form]; each for "none", the "rest" above both bands,
    or "all" pairs.
    Shares and p: 0.2, 0.2 as the paper finds wrong and ambiguous labels in HH-RLHF, 0.1 [inferred]; flip, smooth and margin
    together are its advice [recalled]. n counts the pairs with votes; others and ties stay as they are. `context["flipped"]`
    follows where it is known, and `context["votes"]` is written anew. All samples must come in one call: ranks are among them.
    Raises SpecError for an unknown choice or shares outside [0, 1] together; DataError where no pair has votes.
    Secrets of RLHF II (arXiv 2401.06080); votes from `curation.vote_strength` or a published file (`voted_pair`).
    """

    flip: Flip = "share"
    flip_share: float = 0.2
    smooth_share: float = 0.2
    smoothing: float = 0.1
    margin: Which = "rest"
    soft: Which = "none"

    def __post_init__(self) -> None:
        for name, known in CHOICES.items():
            value = getattr(self, name)
            if value not in known:
                raise SpecError(f"{name}: no '{value}'.{closest(value, known)} Known: {', '.join(known)}.")
        if min(self.flip_share, self.smooth_share) < 0 or self.flip_share + self.smooth_share > 1:
            raise SpecError(
                f"flip_share and smooth_share are shares, together at most 1, found {self.flip_share}, {self.smooth_share}"
            )
        if not 0 <= self.smoothing < 0.5:
            raise SpecError(f"smoothing is in [0, 0.5), found {self.smoothing}")

    @property
    def needs(self) -> frozenset[str]:
        return frozenset({"preferences"})

    async def apply(self, samples: Sequence[Sample]) -> list[Sample]:
        if not samples:
            return []
        found: dict[Place, float] = {}
        for i, sample in enumerate(samples):
            for j, p in enumerate(sample.preferences):
                known = strength(sample, p)
                if known is not None and not p.tie:
                    found[i, j] = known[0]
        if not found:
            raise DataError("no pair has votes: apply curation.vote_strength first", field="responses.labels.vote_0")
        ranked = sorted(found, key=lambda place: (found[place], place))
        cut = math.floor(self.flip_share * len(ranked))
        bottom = set(ranked[:cut])
        ambiguous = set(ranked[cut : cut + math.floor(self.smooth_share * len(ranked))])
        turned = {p for p in found if self._wrong(found[p], p in bottom)}
        changed = {p: self._changes(-found[p] if p in turned else found[p], p in bottom, p in ambiguous) for p in found}
        return [_repaired(s, i, turned, changed) for i, s in enumerate(samples)]

    def _wrong(self, mean: float, bottom: bool) -> bool:
        return {"none": False, "share": bottom, "negative": mean < 0}[self.flip]

    def _changes(self, mean: float, bottom: bool, ambiguous: bool) -> dict[str, float]:
        """Fields of a preference of (repaired) strength `mean` that change."""
        which = {"none": False, "all": True, "rest": not (bottom or ambiguous)}
        made: dict[str, float] = {}
        if which[self.margin]:
            made["margin"] = mean
        if which[self.soft]:
            made["prob"] = 1 / (1 + math.exp(-mean)) if mean > -700 else 0.0
        elif ambiguous and self.smoothing:
            made["prob"] = 1 - self.smoothing
        return made


def _repaired(sample: Sample, i: int, turned: set[Place], changed: dict[Place, dict[str, float]]) -> Sample:
    """The sample with its flips and changes; known flips are only followed, never made up."""
    places = [(i, j) for j in range(len(sample.preferences))]
    known = flips(sample) is not None
    made = flip(sample, [p in turned for p in places])
    context = made.context if known else {k: v for k, v in made.context.items() if k != FLIPPED}
    preferences: tuple[Preference, ...] = tuple(
        replace(p, **changed.get(place, {}))  # type: ignore[arg-type]
        for p, place in zip(made.preferences, places, strict=True)
    )
    found = replace(made, preferences=preferences, context=context)
    return noted(found) if any(p in changed for p in places) else found
