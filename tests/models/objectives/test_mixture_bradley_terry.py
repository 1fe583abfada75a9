"""`models.objectives.mixture_bradley_terry`: its options, its regularisers, and the heads it takes."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest
import torch

from guerdon.core.build import build
from guerdon.core.contracts import Head, Objective
from guerdon.core.errors import SpecError
from guerdon.models.batch import Batch

EVEN = [math.log(0.5)] * 2


def objective(**fields: Any) -> Any:
    return build({"use": "models.objectives.mixture_bradley_terry", **fields}, Objective)  # type: ignore[type-abstract]


def out(*margins: float, penalties: tuple[float, ...] = ()) -> torch.Tensor:
    first = [sum(margins) / 2, *margins, *EVEN, *penalties]
    return torch.tensor([first, [0.0] * 3 + EVEN + list(penalties)], requires_grad=True)


def test_a_soft_label_weighs_both_outcomes_and_a_weight_scales() -> None:
    won, lost = (float(objective(alpha=0.0).loss(out(m, 0.0), Batch.of_pairs([(0, 1)]))[0]) for m in (2.0, -2.0))
    soft = Batch.of_pairs([(0, 1)], prob=[0.7], weight=[2.0])
    assert float(objective(alpha=0.0).loss(out(2.0, 0.0), soft)[0]) == pytest.approx(2 * (0.7 * won + 0.3 * lost))


def test_ties_are_left_out_and_counted() -> None:
    rows = Batch.of_pairs([(0, 1), (1, 0)], tie=[False, True])
    value, logs = objective().loss(out(1.0, 2.0), rows)
    assert logs["ties"] == 1.0 and float(value) == float(objective().loss(out(1.0, 2.0), Batch.of_pairs([(0, 1)]))[0])
    assert float(objective().loss(out(1.0, 2.0), Batch.of_pairs([(0, 1)], tie=[True]))[0]) == 0.0


def test_the_ensemble_leaves_the_gate_alone_and_the_mixture_does_not() -> None:
    for mix, moved in (("ensemble", False), ("probability", True)):
        states = out(3.0, -1.0)
        objective(mix=mix).loss(states, Batch.of_pairs([(0, 1)]))[0].backward()
        assert states.grad is not None and bool(states.grad[:, 3:].abs().max() > 0) is moved


def test_the_released_code_pays_for_the_gates_variance_beside_the_mixed_reward() -> None:
    gate = torch.tensor([0.8, 0.2])
    states = torch.cat([torch.zeros(2, 3), gate.log().expand(2, -1)], 1)
    value = float(objective(mix="reward", alpha=1.0).loss(states, Batch.of_pairs([(0, 1)]))[0])
    assert value == pytest.approx(math.log(2) + 0.18, abs=1e-6)  # var of (.8, .2), n − 1


def test_regularisers_of_the_weights() -> None:
    head = build({"use": "models.heads.routed", "penalties": True, "init_std": None, "standardise": False}, Head)  # type: ignore[type-abstract]
    module = head.module(4)
    with torch.no_grad():
        module.score.weight.copy_(torch.tensor([[3.0, 4.0], [1.0, 0.0]]))
    found = module(torch.randn(2, 4))
    assert found[0, 5:].tolist() == pytest.approx([3.0, 2.0, 1.0]), "|w1·w2|, (|5 − 1| + 0)/2, |corr|"
    rows = replace(Batch.of_pairs([(0, 1)]), outputs=head.outputs)
    plain = float(objective().loss(found, rows)[0])
    for name, value in zip(("orthogonality", "unit_norm", "correlation"), (3.0, 2.0, 1.0), strict=True):
        assert float(objective(**{name: 0.5}).loss(found, rows)[0]) - plain == pytest.approx(0.5 * value, abs=1e-5)
    with pytest.raises(SpecError, match="penalties = true"):
        objective(unit_norm=0.1).loss(out(1.0, 2.0), Batch.of_pairs([(0, 1)]))


@pytest.mark.parametrize("width", [1, 2, 4])
def test_heads_without_a_gate_are_refused(width: int) -> None:
    with pytest.raises(SpecError, match="models.heads.routed"):
        objective().loss(torch.zeros(2, width), Batch.of_pairs([(0, 1)]))
    with pytest.raises(SpecError, match="models.heads.routed"):
        rows = replace(Batch.of_pairs([(0, 1)]), outputs=("a", "b", "c"))
        objective().loss(torch.zeros(2, 3), rows)


@pytest.mark.parametrize("name", ["alpha", "orthogonality", "unit_norm", "correlation"])
def test_negative_weights_are_spec_errors(name: str) -> None:
    with pytest.raises(SpecError, match=name):
        objective(**{name: -1.0})
