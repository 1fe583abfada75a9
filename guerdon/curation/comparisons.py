"""`curation.comparisons`: preferences become questions whether a response beats a reference, in both directions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from guerdon.core.contracts import Stage
from guerdon.core.errors import SpecError
from guerdon.core.types import Preference, Sample


@dataclass(frozen=True)
class Comparisons(Stage):
    """A pair → two samples: (reference = the worse text, response = the better, label 1) and the other way round, label 0.

    That is what a comparative generative reward is trained on (`models.heads.yes_no` with the objective `answer` on the
    label): both answers occur equally often, and so does each text on either side. Ties say nothing and are left out. The new
    ids are the sample's with `:better:worse:1` or `:0`; the label's name is `label`; preferences end here.
    Raises SpecError for an empty label. RewardDance (arXiv 2509.08826); both directions of every pair are [inferred].
    """

    label: str = "yes"

    def __post_init__(self) -> None:
        if not self.label:
            raise SpecError("label is empty: name the label that holds the answer")

    @property
    def needs(self) -> frozenset[str]:
        return frozenset({"preferences"})

    async def apply(self, samples: Sequence[Sample]) -> list[Sample]:
        return [one for s in samples for p in s.preferences if not p.tie for one in self._both(s, p)]

    def _both(self, sample: Sample, pair: Preference) -> list[Sample]:
        made = []
        for answer, (shown, against) in ((1, (pair.better, pair.worse)), (0, (pair.worse, pair.better))):
            response = sample.responses[shown]
            labelled = replace(response, labels={**response.labels, self.label: float(answer)})
            made.append(
                replace(
                    sample,
                    id=f"{sample.id}:{pair.better}:{pair.worse}:{answer}",
                    responses=(labelled,),
                    reference=sample.responses[against].text,
                    preferences=(),
                )
            )
        return made
