"""`curation.extreme_pairs`: the best against the worst response of a prompt, as a reward sees them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

from guerdon.core.contracts import Reward, Stage
from guerdon.core.errors import SpecError
from guerdon.core.types import Preference, Sample


@dataclass(frozen=True)
class ExtremePairs(Stage):
    """Preference mining: samples → those with one preference argmax_j r(x, y_j) ≻ argmin_j r(x, y_j).

    A prompt whose gap r_max − r_min is not above `gap` is left out, and so is one with fewer than two scored responses (ties
    are no gap). Among equal rewards the earlier response is taken. Existing preferences are replaced; `margin` keeps the gap where
    `keep_margin` asks for it. Order is kept; all responses stay in the sample. Units of `gap`: the reward's. Raises
    SpecError for a negative gap. The annotation of Dr.SoW (arXiv:2411.02481) and the mining of follow-up likelihood
    (arXiv:2409.13948, K = 8 responses at temperature 0.7) [selection by the two extremes and the gap inferred there].
    """

    reward: Reward
    gap: float = 0.0
    keep_margin: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.gap < float("inf"):
            raise SpecError(f"gap is not negative, found {self.gap}")

    @classmethod
    def example(cls) -> Self:
        from guerdon.core.build import build

        return cls(reward=build("rewards.verifiers.length", Reward))  # type: ignore[type-abstract]

    async def apply(self, samples: Sequence[Sample]) -> list[Sample]:
        judged = await self.reward.score(samples)
        made = [self._paired(s, j.values) for s, j in zip(samples, judged, strict=True)]
        return [s for s in made if s is not None]

    def _paired(self, sample: Sample, values: Sequence[float | None]) -> Sample | None:
        known = [(v, -i) for i, v in enumerate(values) if v is not None]
        if len(known) < 2:
            return None
        (high, best), (low, worst) = max(known), min(known, key=lambda k: (k[0], -k[1]))
        if high - low <= self.gap:
            return None
        pair = Preference(better=-best, worse=-worst, margin=high - low if self.keep_margin else 0.0)
        return replace(sample, preferences=(pair,))
