"""`models.objectives.answer`: next-token cross-entropy on the answer yes or no."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch

from guerdon.core.contracts import Objective
from guerdon.core.errors import DataError, SpecError
from guerdon.models.batch import Batch


@dataclass(frozen=True)
class Answer(Objective):
    """Cross-entropy of the answer: loss = mean of −log P(a_i), a_i = yes where response i deserves it, else no.

    out [N, 3] of a head with the outputs log_yes and log_no (`models.heads.yes_no`). With `label`, a_i is the response's
    label of that name, 1 for yes and 0 for no (unlabelled ones are left out). Without, both responses of every pair that is
    no tie: the preferred one yes, the other no, each pair weighted. Beside `bradley_terry` in `weighted_sum` with weight 0.1
    [inferred] it is the point-wise generative loss. Raises SpecError for another head, DataError for a label that is neither
    0 nor 1. RewardDance (arXiv 2509.08826); the tokens of a rationale after the answer are not trained here.
    """

    label: str = ""

    @property
    def needs(self) -> frozenset[str]:
        return frozenset({f"responses.labels.{self.label}"} if self.label else {"preferences"})

    def items(self, batch: Batch) -> int:
        """How many terms the mean is taken over: the labelled responses, or the pairs."""
        return len(self._labelled(batch)[0]) if self.label else len(batch.decided)

    def loss(self, out: torch.Tensor, batch: Batch) -> tuple[torch.Tensor, Mapping[str, float]]:
        if not {"log_yes", "log_no"} <= set(batch.outputs):
            raise SpecError("the objective answer needs a head with log_yes and log_no, such as models.heads.yes_no")
        yes, no = out[:, batch.outputs.index("log_yes")], out[:, batch.outputs.index("log_no")]
        if self.label:
            rows, wanted = self._labelled(batch)
            if not len(rows):
                return out.sum() * 0.0, {}
            said = torch.where(wanted, yes[rows], no[rows])
            right = (torch.where(wanted, yes[rows] - no[rows], no[rows] - yes[rows]) > 0).float().mean()
            return -said.mean(), {"answered_right": float(right)}
        kept = batch.decided
        if not len(kept):
            return out.sum() * 0.0, {"ties": float(len(batch.tie))}
        pairs = batch.pairs[kept]
        terms = -batch.weight[kept] * (yes[pairs[:, 0]] + no[pairs[:, 1]]) / 2
        return terms.mean(), {"ties": float(len(batch.tie) - len(kept))}

    def _labelled(self, batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
        """The numbers of the labelled responses, and whether each deserves a yes."""
        found = batch.labels.get(self.label)
        if found is None:
            return batch.group.new_zeros(0), batch.group.new_zeros(0, dtype=torch.bool)
        rows = torch.nonzero(~torch.isnan(found)).flatten()
        values = found[rows]
        if bool(((values != 0) & (values != 1)).any()):
            raise DataError("the answer is 1 for yes or 0 for no", field=f"responses.labels.{self.label}")
        return rows, values == 1
