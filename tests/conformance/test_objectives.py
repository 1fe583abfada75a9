"""The Objective and Head contracts: each objective with every head that fits it, on hand-made pairs."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
import torch

from guerdon.core.build import method_class
from guerdon.core.catalog import methods
from guerdon.core.contracts import Head, Objective
from guerdon.core.errors import SpecError
from guerdon.core.types import Preference, Sample, sample
from guerdon.models.batch import Batch

HEADS = sorted(n for n, e in methods().items() if e.kind == "Head")
POLICY = {"models.objectives.likelihood_policy"}  # objectives on a policy's log-probabilities, which no head gives
# Those that ask for `tokens` train the language model and no head (tests/models/objectives/test_language_model.py).
OBJECTIVES = sorted(
    n
    for n, e in methods().items()
    if e.kind == "Objective" and n not in POLICY and not method_class(n).example().tokens  # type: ignore[attr-defined]
)
WIDTH = 12
# Objectives on absolute values, for which a constant matters, and those that prefer no response to another.
LABELLED = {
    "models.objectives.regression", "models.objectives.binary_cross_entropy", "models.objectives.process_bce",
    "models.objectives.process_advantage",
}  # fmt: skip
ABSOLUTE = {
    "models.objectives.centred", "models.objectives.weighted_sum", "models.objectives.answer",
    "models.objectives.geometric_projection", *LABELLED,
}  # fmt: skip
# Those that need no preference to be right: of states under dropout, which these batches have not, or of unlabelled responses.
UNLABELLED = {"models.objectives.simcse", "models.objectives.swav", "models.objectives.difference"}
INDIFFERENT = {"models.objectives.centred", *LABELLED, *UNLABELLED}


def group(number: int) -> Sample:
    """A pair with everything an objective may read."""
    pair = (Preference(better=0, worse=1),)
    made = sample(
        "q", "a", "b", id=f"g{number}", preferences=pair, context={"subset": ("helpful", "harmless")[number % 2]}
    )
    rated = tuple(dataclasses.replace(r, labels=labels(i)) for i, r in enumerate(made.responses))
    return dataclasses.replace(made, responses=rated)


def labels(i: int) -> dict[str, float]:
    """Those of response i, or of the one step of response i: the first is the better."""
    good = float(1 - i)
    return {"helpfulness": good, "step": good, "step_of": float(i), "value": good, "start_value": 0.5}


def batch(count: int, head: Head) -> Batch:
    made = Batch.of([group(i) for i in range(count)])
    return dataclasses.replace(made, compare=head.compare, outputs=head.outputs, scalar=head.scalar)


def fitting(objective: Objective) -> list[Head]:
    """The heads whose outputs the objective takes."""
    found = []
    for name in HEADS:
        head = method_class(name).example()
        assert isinstance(head, Head)
        try:
            objective.loss(torch.zeros(4, len(head.outputs)), batch(2, head))
        except SpecError:
            continue
        found.append(head)
    return found


CASES = [
    pytest.param(objective, head, id=f"{name}-{type(head).__name__}")
    for name in OBJECTIVES
    for objective in [method_class(name).example()]
    for head in fitting(objective)  # type: ignore[arg-type]
]


def without(left_out: set[str]) -> list[Any]:
    return [c for c in CASES if c.values[0].use not in left_out]  # type: ignore[attr-defined]


def test_every_objective_has_a_head_and_every_head_an_objective() -> None:
    assert {type(c.values[0]).__name__ for c in CASES} == {methods()[n].cls for n in OBJECTIVES}
    assert {type(c.values[1]).__name__ for c in CASES} == {methods()[n].cls for n in HEADS}


@pytest.mark.parametrize(("objective", "head"), without({"models.objectives.centred"} | UNLABELLED))
def test_a_step_down_the_gradient_moves_the_better_one_up(objective: Objective, head: Head) -> None:
    torch.manual_seed(0)
    module = head.module(WIDTH * len(head.positions)).eval()
    x, rows = torch.randn(8, WIDTH * len(head.positions)), batch(4, head)
    before, _ = objective.loss(module(x), rows)
    before.backward()
    start = head.compare(module(x), rows.pairs).detach()
    with torch.no_grad():
        for parameter in module.parameters():
            if parameter.grad is not None:
                parameter -= 0.01 * parameter.grad
    after, _ = objective.loss(module(x), rows)
    assert after < before
    assert (head.compare(module(x), rows.pairs) - start).mean() > 0


# Heads whose outputs are no rewards that a constant could be added to, and why.
NO_SHIFT = {
    "PreferenceEmbedding": "it compares by a product of vectors, not by a difference",
    "Digits": "its outputs are probabilities on a fixed scale",
}


def test_the_heads_without_shift_invariance_exist() -> None:
    assert set(NO_SHIFT) <= {methods()[n].cls for n in HEADS}


@pytest.mark.parametrize(("objective", "head"), without(ABSOLUTE))
def test_adding_a_constant_to_all_rewards_changes_nothing(objective: Objective, head: Head) -> None:
    if type(head).__name__ in NO_SHIFT:
        return
    torch.manual_seed(1)
    out, rows = torch.randn(8, len(head.outputs)), batch(4, head)
    rewards = [i for i, name in enumerate(head.outputs) if not name.startswith("log_gate")]
    moved = out.clone()
    moved[:, rewards] += 3.0
    assert torch.allclose(objective.loss(out, rows)[0], objective.loss(moved, rows)[0], atol=1e-5)


@pytest.mark.parametrize(("objective", "head"), CASES)
@pytest.mark.parametrize("size", [50.0, -50.0])
def test_it_stays_finite_far_out(objective: Objective, head: Head, size: float) -> None:
    out = torch.zeros(4, len(head.outputs))
    out[::2] = size
    out.requires_grad_()
    loss, logs = objective.loss(out, batch(2, head))
    loss.backward()
    assert torch.isfinite(loss) and torch.isfinite(out.grad).all()
    assert all(isinstance(v, float) for v in logs.values())


def preferring(head: Head, pairs: torch.Tensor) -> torch.Tensor:
    """Outputs that the head itself gives, the first of each pair preferred by its own comparison."""
    torch.manual_seed(3)
    module = head.module(WIDTH * len(head.positions)).eval()
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(0.3 * torch.randn_like(parameter))  # away from heads that start at 0
        out = module(torch.randn(2 * len(pairs), WIDTH * len(head.positions)))
        if (
            len(head.outputs) > 1
            and head.scalar
            and "reward" in head.outputs
            and not {"std", "log_no"} & set(head.outputs)
        ):
            out[pairs[:, 0]] = out[pairs[:, 0]].sort(descending=True).values.abs() + 1  # every part agrees
            out[pairs[:, 1]] = -out[pairs[:, 0]].abs()
    lost = head.compare(out, pairs) < 0
    turned = torch.where(lost[:, None], pairs.flip(1), pairs)
    return out[turned.flatten()].reshape(-1, out.shape[1])


@pytest.mark.parametrize(("objective", "head"), without(INDIFFERENT))
def test_turning_the_pairs_round_raises_a_loss_that_prefers(objective: Objective, head: Head) -> None:
    rows = batch(2, head)
    out = preferring(head, rows.pairs)
    right, wrong = (
        objective.loss(out, rows)[0],
        objective.loss(out, dataclasses.replace(rows, pairs=rows.pairs.flip(1)))[0],
    )
    assert right < wrong


@pytest.mark.parametrize("name", HEADS)
def test_a_head_gives_one_number_an_output_and_antisymmetric_log_odds(name: str) -> None:
    torch.manual_seed(2)
    head = method_class(name).example()
    assert isinstance(head, Head)
    out = head.module(WIDTH * len(head.positions)).eval()(torch.randn(5, WIDTH * len(head.positions)))
    assert out.shape == (5, len(head.outputs)) and len(set(head.outputs)) == len(head.outputs)
    forward, back = torch.tensor([[0, 1], [2, 3]]), torch.tensor([[1, 0], [3, 2]])
    assert torch.allclose(head.compare(out, forward), -head.compare(out, back), atol=1e-6)
