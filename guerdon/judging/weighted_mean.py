"""`judging.weighted_mean`: rubric verdicts → the weighted share of criteria met, over trees of criteria too."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from guerdon.core.contracts import Aggregator
from guerdon.core.types import Criterion, Rubric, Status, Verdict


@dataclass(frozen=True)
class WeightedMean(Aggregator):
    """The weighted mean of verdicts: value = Σ_c w_c v_c / Σ_{c: w_c > 0} w_c, v_c ∈ [0, 1] the verdict on criterion c.

    Negative weights are deductions: they subtract and do not count below the line; `clip` bounds the value to [0, 1]. A
    criterion with children has their weighted mean as its verdict. A criterion without a verdict makes the value None
    (unscored), or with `partial` is left out above and below the line. `bounds` take every open verdict as 0 or 1. A rubric
    whose weights are all negative divides by 1. No paper: the usual reading of a weighted checklist.
    """

    clip: bool = False
    partial: bool = False

    def value(self, rubric: Rubric, verdicts: Sequence[Verdict]) -> float | None:
        known = by_criterion(verdicts)
        found = self._level(rubric, None, lambda c: known.get(c.id))
        return found if found is None or not self.clip else min(max(found, 0.0), 1.0)

    def bounds(self, rubric: Rubric, verdicts: Sequence[Verdict]) -> tuple[float, float]:
        known = by_criterion(verdicts)

        def least(c: Criterion) -> float:
            return known.get(c.id, 1.0 if c.weight < 0 else 0.0)

        def most(c: Criterion) -> float:
            return known.get(c.id, 0.0 if c.weight < 0 else 1.0)

        found = [self._level(rubric, None, end) or 0.0 for end in (least, most)]
        low, high = (min(max(v, 0.0), 1.0) for v in found) if self.clip else found
        return (low, high)

    def _level(self, rubric: Rubric, parent: str | None, verdict: Callable[[Criterion], float | None]) -> float | None:
        rows = [c for c in rubric.criteria if c.parent == parent]
        found = []
        for criterion in rows:
            inner = any(c.parent == criterion.id for c in rubric.criteria)
            value = self._level(rubric, criterion.id, verdict) if inner else verdict(criterion)
            if value is None and not self.partial:
                return None
            if value is not None:
                found.append((criterion.weight, value))
        if not found:
            return None
        positive = sum(w for w, _ in found if w > 0)
        return sum(w * v for w, v in found) / (positive if positive > 0 else 1.0)


def by_criterion(verdicts: Sequence[Verdict]) -> Mapping[str, float]:
    """The known values by criterion; several verdicts on one (units, votes) are averaged."""
    found: dict[str, list[float]] = {}
    for verdict in verdicts:
        if verdict.status is Status.OK and verdict.value is not None:
            found.setdefault(verdict.criterion, []).append(verdict.value)
    return {name: sum(values) / len(values) for name, values in found.items()}
