"""`curation.attribute_pairs`: ratings by attribute become preferences, one pair an attribute."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations
from typing import Self

from guerdon.core.contracts import Stage
from guerdon.core.errors import DataError, SpecError, closest
from guerdon.core.types import Preference, Sample


@dataclass(frozen=True)
class AttributePairs(Stage):
    """Preferences by attribute: for every two responses and attribute a, y_i ≻ y_j where rating_a(y_i) > rating_a(y_j).

    Equal ratings and attributes that one of the two lacks give none. A pair of responses on which all attributes agree that
    decide it is dropped unless `keep_unanimous`: it tells no attribute from another. A pair that only one attribute decides
    is unanimous too. `annotator` of a preference names its attribute; former preferences are replaced. At most `most` pairs of
    responses a sample (0: all), drawn by `seed` and the sample's id. Without `contexts` a sample keeps its place and id, its
    attributes mixed and unlabelled but for `annotator`. With `contexts`, words by attribute, there is one sample an attribute
    (id `<id>:<attribute>`) with `context[context]` and `context["attribute"]`. Samples left without a preference are dropped. `attributes`: labels to
    use, in order; empty takes all that are there. Raises SpecError for a context of an attribute that is not among `attributes`;
    DataError naming the field for an attribute that no sample is rated by.
    MiCRo (arXiv 2505.24846), which makes HelpSteer2 and RPR pairs so.
    """

    attributes: tuple[str, ...] = ()
    contexts: Mapping[str, str] = field(default_factory=dict)
    context: str = "criterion"
    keep_unanimous: bool = False
    most: int = 0
    seed: int = 0

    def __post_init__(self) -> None:
        unknown = sorted(set(self.contexts) - set(self.attributes)) if self.attributes else []
        if unknown:
            raise SpecError(f"contexts: '{unknown[0]}' is not among the attributes {list(self.attributes)}")
        if self.most < 0:
            raise SpecError(f"most is not negative, found {self.most}")

    @classmethod
    def example(cls) -> Self:
        return cls(attributes=("correctness", "verbosity"), contexts={"correctness": "Judge whether it is right."})

    async def apply(self, samples: Sequence[Sample]) -> list[Sample]:
        there = sorted({name for s in samples for r in s.responses for name in r.labels})
        for name in self.attributes or self.contexts:
            if samples and name not in there:
                field = f"responses.labels.{name}"
                raise DataError(f"no sample is rated by '{name}'.{closest(name, there)}", field=field)
        return [made for sample in samples for made in self._made(sample, self.attributes or there)]

    def _made(self, sample: Sample, names: Sequence[str]) -> list[Sample]:
        pairs = list(combinations(range(len(sample.responses)), 2))
        random.Random(f"{self.seed}\0{sample.id}").shuffle(pairs)
        found: list[tuple[Preference, ...]] = []
        for i, j in pairs:
            preferences = _by_attribute(sample, i, j, names)
            unanimous = len({p.better for p in preferences}) < 2
            if preferences and (self.keep_unanimous or not unanimous):
                found.append(preferences)
            if self.most and len(found) == self.most:
                break
        flat = sorted(
            (p for made in found for p in made), key=lambda p: (min(p.better, p.worse), max(p.better, p.worse))
        )
        if not self.contexts:
            return [replace(sample, preferences=tuple(flat))] if flat else []
        return [
            replace(
                sample, id=f"{sample.id}:{name}", preferences=mine,
                context={**sample.context, self.context: self.contexts[name], "attribute": name},
            )
            for name in names
            if name in self.contexts and (mine := tuple(p for p in flat if p.annotator == name))
        ]  # fmt: skip


def _by_attribute(sample: Sample, i: int, j: int, names: Sequence[str]) -> tuple[Preference, ...]:
    """The preferences between responses i and j, one an attribute that decides."""
    made = []
    for name in names:
        first, second = sample.responses[i].labels.get(name), sample.responses[j].labels.get(name)
        if first is not None and second is not None and first != second:
            better, worse = (i, j) if first > second else (j, i)
            made.append(Preference(better=better, worse=worse, annotator=name))
    return tuple(made)
