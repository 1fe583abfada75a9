"""Binary cross-entropy on labelled responses: values by hand, masks, soft labels, bad labels."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch

from guerdon.core.errors import DataError, SpecError
from guerdon.core.types import Sample, sample
from guerdon.models.batch import Batch
from guerdon.models.objectives.binary_cross_entropy import BinaryCrossEntropy


def labelled(*values: float | None) -> Sample:
    made = sample("q", *(f"a{i}" for i in range(len(values))))
    marks = [{} if v is None else {"correct": v} for v in values]
    return replace(made, responses=tuple(replace(r, labels=m) for r, m in zip(made.responses, marks, strict=True)))


def batch(*values: float | None, outputs: tuple[str, ...] = ("reward", "logit")) -> Batch:
    return replace(Batch.of([labelled(*values)]), outputs=outputs)


def test_a_logit_of_two_on_a_right_answer_costs_0_1269() -> None:
    loss, logs = BinaryCrossEntropy().loss(torch.tensor([[0.8808, 2.0]]), batch(1.0))
    assert float(loss) == pytest.approx(0.1269, abs=1e-4) and logs["correctness"] == 1.0
    plain, _ = BinaryCrossEntropy().loss(torch.tensor([[2.0]]), batch(1.0, outputs=("reward",)))
    assert float(plain) == pytest.approx(float(loss)), "without a logit the reward is one"


def test_soft_labels_are_weighed_and_missing_ones_are_masked() -> None:
    out = torch.tensor([[0.0, 1.0], [0.0, -3.0], [0.0, 2.0]])
    rows = batch(0.25, None, 0.0)
    by_hand = [
        -(0.25 * math.log(1 / (1 + math.exp(-1))) + 0.75 * math.log(1 / (1 + math.exp(1)))),
        math.log(1 + math.exp(2)),
    ]
    loss, logs = BinaryCrossEntropy().loss(out, rows)
    assert float(loss) == pytest.approx(sum(by_hand) / 2, abs=1e-6) and BinaryCrossEntropy().items(rows) == 2
    assert logs["correctness"] == 0.0


def test_bad_and_missing_labels_are_told() -> None:
    objective = BinaryCrossEntropy()
    assert (
        objective.fault(labelled(None, None)) == "responses.labels.correct"
        and objective.fault(labelled(None, 1.0)) is None
    )
    with pytest.raises(DataError, match="correct is 2, outside 0 to 1") as error:
        objective.fault(labelled(1.0, 2.0))
    assert error.value.field == "responses.1.labels.correct"
    with pytest.raises(DataError, match="has the label 'correct'"):
        objective.loss(torch.zeros(1, 2), batch(None))
    with pytest.raises(SpecError, match="names a label"):
        BinaryCrossEntropy(label="")
