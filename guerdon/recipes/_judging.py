"""What recipes of judges share: one simulated world, fixed before any recipe was run, and figures by seed and prompt.

The simulated judge sees the known quality of an answer through noise: slope 0.6, a position bias of 1 and an error rate of
5 %. Recipes change one of these at a time and say which.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from guerdon.core.build import build
from guerdon.core.concurrency import run_sync
from guerdon.core.contracts import Reward
from guerdon.core.types import Judgement, Sample
from guerdon.judging.pairs import margin
from guerdon.runs.present import Orders, judge
from guerdon.simulation.answers import AnswerWorld

JUDGE: Mapping[str, Any] = {"use": "simulation.judge", "slope": 0.6, "position_bias": 1.0, "error_rate": 0.05}
Row = dict[str, float]


@dataclass(frozen=True)
class Scale:
    """Seeds, prompts a seed and responses a prompt."""

    seeds: tuple[int, ...]
    count: int
    responses: int = 2

    @staticmethod
    def of(scale: str, count: int = 300, responses: int = 2) -> Scale:
        """toy: three seeds of `count` prompts; smoke: one seed of a tenth of them."""
        return Scale((0,), max(20, count // 10), responses) if scale == "smoke" else Scale((0, 1, 2), count, responses)

    def samples(self, seed: int) -> list[Sample]:
        """The prompts of one seed."""
        return AnswerWorld(responses=self.responses, seed=seed).samples(self.count)


def engine(seed: int, **change: Any) -> dict[str, Any]:
    """The simulated judge of a seed, with changes."""
    return {**JUDGE, "seed": seed, **change}


def judged(spec: Mapping[str, Any], samples: Sequence[Sample], orders: Orders = "one") -> list[Judgement]:
    """What the reward of a spec says of samples, shown as the runner shows them."""
    return run_sync(judge(build(spec, Reward), samples, orders))  # type: ignore[type-abstract]


def right(samples: Sequence[Sample], found: Sequence[Judgement]) -> Row:
    """1, ½ (tie or unscored) or 0 by sample id: is the first preference's winner ahead?"""
    rows = {}
    for sample, judgement in zip(samples, found, strict=True):
        best = sample.preferences[0]
        lead = margin(judgement, best.better, best.worse)
        rows[sample.id] = 0.5 if not lead else float(lead > 0)
    return rows


def by_seed(scale: Scale, figure: Callable[[int, list[Sample]], Row]) -> list[Row]:
    """The rows of every seed."""
    return [figure(seed, scale.samples(seed)) for seed in scale.seeds]
