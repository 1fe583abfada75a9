"""Cross-entropy of steps: values by hand, the first error, signed and soft labels, several responses in a batch."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch

from guerdon.core.errors import DataError, SpecError
from guerdon.core.types import Message, Response, Sample, Step, sample, user
from guerdon.models.batch import Batch
from guerdon.models.objectives.process_bce import ProcessBce, earlier
from guerdon.models.steps import by_step

NAN = float("nan")


def stepped(*labels: float | None, name: str = "step") -> Response:
    text = "ab" * len(labels)
    steps = tuple(Step(message=0, start=2 * t, end=2 * t + 2) for t in range(len(labels)))
    named = {f"{name}.{t}": v for t, v in enumerate(labels) if v is not None}
    return Response(messages=(Message(role="assistant", content=text),), steps=steps, labels=named)


def batch(*responses: Response) -> Batch:
    return Batch.of([by_step(Sample(id="s", prompt=user("q"), responses=responses))])


def targets(objective: ProcessBce, *responses: Response) -> list[float]:
    return objective.targets(batch(*responses)).tolist()


def same(found: list[float], wanted: list[float]) -> bool:
    return all(a == pytest.approx(b) or (a != a and b != b) for a, b in zip(found, wanted, strict=True))


def test_the_mean_is_over_the_steps_up_to_the_first_error() -> None:
    rows = batch(stepped(1.0, 0.0, 1.0), stepped(None, 1.0))
    out = torch.tensor([[2.0], [2.0], [9.0], [9.0], [-1.0]])
    by_hand = [math.log(1 + math.exp(-2)), math.log(1 + math.exp(2)), math.log(1 + math.exp(1))]
    loss, logs = ProcessBce().loss(out, rows)
    assert float(loss) == pytest.approx(sum(by_hand) / 3, abs=1e-6) and ProcessBce().items(rows) == 3
    assert logs["correctness"] == pytest.approx(1 / 3)
    assert ProcessBce(until_error=False).items(rows) == 4, "all labelled steps"


def test_an_error_masks_what_follows_in_its_own_response_only() -> None:
    found = targets(ProcessBce(), stepped(1.0, 0.0, 1.0), stepped(1.0, 1.0), stepped(0.0, 0.0))
    assert same(found, [1, 0, NAN, 1, 1, 0, NAN])
    assert same(targets(ProcessBce(until_error=False), stepped(0.0, 1.0)), [0, 1])


@pytest.mark.parametrize(
    ("neutral", "wanted"),
    [("right", [1, 1, 0]), ("wrong", [1, 0, NAN]), ("half", [1, 0.5, 0]), ("masked", [1, NAN, 0])],
)
def test_signed_labels_and_what_neutral_counts_as(neutral: Any, wanted: list[float]) -> None:
    assert same(targets(ProcessBce(scale="signed", neutral=neutral), stepped(1.0, 0.0, -1.0)), wanted)


def test_soft_labels_train_as_they_are() -> None:
    objective = ProcessBce(label="value", until_error=False)
    out = torch.tensor([[0.0], [0.0]])
    loss, _ = objective.loss(out, batch(stepped(0.25, 0.75, name="value")))
    assert float(loss) == pytest.approx(math.log(2))


def test_earlier_sums_within_a_response() -> None:
    assert earlier(torch.tensor([1, 0, 1, 1, 0]), torch.tensor([0, 0, 0, 4, 4])).tolist() == [0, 1, 1, 0, 1]


def test_mistakes_are_told() -> None:
    made = by_step(Sample(id="s", prompt=user("q"), responses=(stepped(1.0, -1.0),)))
    with pytest.raises(DataError, match="step is -1, outside 0 to 1") as error:
        ProcessBce().fault(made)
    assert error.value.field == "responses.1.labels.step" and ProcessBce(scale="signed").fault(made) is None
    assert ProcessBce().fault(sample("q", "a")) == "responses.steps"
    unlabelled = by_step(Sample(id="s", prompt=user("q"), responses=(stepped(None),)))
    assert ProcessBce().fault(unlabelled) == "responses.labels.step"
    with pytest.raises(SpecError, match="Did you mean 'signed'"):
        ProcessBce(scale="sined")  # type: ignore[arg-type]
    rows = Batch.of([Sample(id="s", prompt=user("q"), responses=(Response(messages=(), labels={"step": 1.0}),))])
    with pytest.raises(SpecError, match="step:last"):
        ProcessBce().loss(torch.zeros(1, 1), rows)
