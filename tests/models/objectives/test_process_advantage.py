"""Process advantages: targets by hand, both losses, what is masked."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch

from guerdon.core.errors import DataError, SpecError
from guerdon.core.types import Response, Sample, user
from guerdon.models.batch import Batch
from guerdon.models.objectives.process_advantage import ProcessAdvantage
from guerdon.models.steps import by_step
from tests.models.objectives.test_process_bce import same, stepped

NAN = float("nan")


def valued(*values: float | None, start: float | None = 0.5) -> Response:
    made = stepped(*values, name="value")
    return made if start is None else replace(made, labels={**made.labels, "start_value": start})


def batch(*responses: Response) -> Batch:
    return Batch.of([by_step(Sample(id="s", prompt=user("q"), responses=responses))])


def test_targets_are_the_prover_s_progress_within_a_response() -> None:
    rows = batch(valued(0.75, 0.25, 1.0), valued(0.0, None, 1.0, 0.5), valued(0.9, 0.9, start=None))
    found = ProcessAdvantage().targets(rows).tolist()
    assert same(found, [0.25, -0.5, 0.75, -0.5, NAN, NAN, -0.5, NAN, 0.0])
    assert ProcessAdvantage().items(rows) == 6


def test_squared_error_and_cross_entropy_by_hand() -> None:
    rows = batch(valued(1.0, 0.5))  # A = 0.5, −0.5
    out = torch.tensor([[0.25], [0.5]])
    loss, logs = ProcessAdvantage().loss(out, rows)
    assert float(loss) == pytest.approx((0.25**2 + 1.0**2) / 2) and logs["sign"] == 0.5
    cross, _ = ProcessAdvantage(how="bce").loss(torch.tensor([[0.0], [1.0]]), rows)
    second = -(0.25 * math.log(1 / (1 + math.exp(-1))) + 0.75 * math.log(1 / (1 + math.exp(1))))
    assert float(cross) == pytest.approx((math.log(2) + second) / 2, abs=1e-6)


def test_where_nothing_is_known_nothing_is_trained_and_bad_values_are_told() -> None:
    out = torch.zeros(1, 1, requires_grad=True)
    loss, _ = ProcessAdvantage().loss(out, batch(valued(1.0, start=None)))
    loss.backward()
    assert float(loss.detach()) == 0.0 and not bool(out.grad.any())  # type: ignore[union-attr]
    made = by_step(Sample(id="s", prompt=user("q"), responses=(valued(1.5),)))
    with pytest.raises(DataError, match="value is 1.5, outside 0 to 1"):
        ProcessAdvantage().fault(made)
    with pytest.raises(SpecError, match="Did you mean 'mse'"):
        ProcessAdvantage(how="mce")  # type: ignore[arg-type]
