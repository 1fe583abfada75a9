"""`curation.vote_strength`: how strongly several rewards prefer the better of each pair."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Self

from guerdon.core.concurrency import gather
from guerdon.core.contracts import Reward, Stage
from guerdon.core.errors import SpecError
from guerdon.core.types import Sample, Score
from guerdon.data.votes import noted, with_votes


@dataclass(frozen=True)
class VoteStrength(Stage):
    """Preference strength by voting of M rewards: d_m = r_m(x, y_b) − r_m(x, y_w), μ = Σ_m d_m / M, σ² = Σ_m (d_m − μ)² / M.

    The value of member m is kept as the response's label `vote_m` (see `guerdon.data.votes`), and for each preference
    `context["votes"]` has mean, std, differences and how many members agree with the label. μ < 0: most likely a wrong label;
    μ ≈ 0: ambiguous. `curation.repair_by_votes` acts on it. Members are usually models of one spec and data in other random
    orders, M = 10 in the paper: an `ensemble` of `models.reward_model`, as `rewards.trained` with `each`, whose parts
    `member_0` … all vote. A response that a member leaves unscored has no votes, and no strength where it is a side. Members run
    at the same time.
    Raises SpecError for no members or a member without scores.
    Secrets of RLHF II (arXiv 2401.06080), section 2.
    """

    members: tuple[Reward, ...]

    def __post_init__(self) -> None:
        if not self.members:
            raise SpecError("members is empty: give the rewards that vote")
        silent = [m.use for m in self.members if "scores" not in m.gives]
        if silent:
            raise SpecError(f"members: {silent[0]} gives no scores to vote with")

    @classmethod
    def example(cls) -> Self:
        from guerdon.core.build import build

        specs = ({"use": "rewards.verifiers.length", "unit": unit} for unit in ("words", "characters"))
        return cls(members=tuple(build(s, Reward) for s in specs))  # type: ignore[type-abstract]

    @property
    def needs(self) -> frozenset[str]:
        return frozenset({"preferences"}).union(*(m.needs for m in self.members))

    async def apply(self, samples: Sequence[Sample]) -> list[Sample]:
        judged = await gather([partial(m.score, samples) for m in self.members], limit=len(self.members))
        made = []
        for sample, by_member in zip(samples, zip(*judged, strict=True), strict=True):
            columns = zip(*(j.scores for j in by_member), strict=True)
            responses = tuple(
                with_votes(r, _votes(scores)) for r, scores in zip(sample.responses, columns, strict=True)
            )
            made.append(noted(replace(sample, responses=responses)))
        return made


def _votes(scores: Sequence[Score]) -> list[float]:
    """The votes of all members on one response; none where one of them has none."""
    found: list[float | None] = []
    for score in scores:
        inside = [score.parts.get(f"member_{m}") for m in range(sum(n.startswith("member_") for n in score.parts))]
        found += inside if inside and score.value is not None else [score.value]
    return [v for v in found if v is not None] if None not in found else []
