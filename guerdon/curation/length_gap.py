"""`curation.length_gap`: leaves out pairs whose chosen answer is much longer than the rejected one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from guerdon.core.contracts import Stage
from guerdon.core.errors import SpecError
from guerdon.core.types import Preference, Sample
from guerdon.judging.lengths import LENGTHS as UNITS

LENGTHS = {"tokens": UNITS["pieces"], "words": UNITS["words"], "characters": UNITS["characters"]}


@dataclass(frozen=True)
class LengthGap(Stage):
    """Length debiasing: a preference is dropped where n_better > ratio · n_worse and n_better − n_worse > gap.

    Only long winners go: a short answer that beat a long one stays, so a reward trained on the rest has less to gain from
    length. `unit`: "tokens" are words and punctuation marks (no tokenizer is needed), or words, or characters. Ties stay;
    samples stay, in order, with the preferences that are left, and without any where none is. Raises SpecError for a
    ratio below 1 or a negative gap.
    InternLM-XComposer2.5-Reward (arXiv 2501.12368), which drops such pairs and publishes no threshold: 1.5 and 100
    [inferred].
    """

    ratio: float = 1.5
    gap: int = 100
    unit: Literal["tokens", "words", "characters"] = "tokens"

    def __post_init__(self) -> None:
        if self.ratio < 1 or self.gap < 0:
            raise SpecError(f"ratio is at least 1 and gap not negative, found {self.ratio} and {self.gap}")

    @property
    def needs(self) -> frozenset[str]:
        return frozenset({"preferences"})

    async def apply(self, samples: Sequence[Sample]) -> list[Sample]:
        return [replace(s, preferences=tuple(p for p in s.preferences if self._fair(s, p))) for s in samples]

    def _fair(self, sample: Sample, preference: Preference) -> bool:
        length = LENGTHS[self.unit]
        better, worse = (length(sample.responses[i].text) for i in (preference.better, preference.worse))
        return preference.tie or not (better > self.ratio * worse and better - worse > self.gap)
