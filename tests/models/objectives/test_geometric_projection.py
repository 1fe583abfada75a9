"""`models.objectives.geometric_projection`: weights, soft labels, ties and what it refuses (known answers in tests/papers)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch

from guerdon.core.build import build
from guerdon.core.contracts import Head, Objective
from guerdon.core.errors import SpecError
from guerdon.core.types import Preference, sample
from guerdon.models.batch import Batch

HEAD = build({"use": "models.heads.geometric_projection", "dimensions": ["care"], "size": 4}, Head)  # type: ignore[type-abstract]


def objective(**fields: Any) -> Objective:
    return build({"use": "models.objectives.geometric_projection", **fields}, Objective)  # type: ignore[type-abstract]


def batch(**fields: Any) -> Batch:
    one = sample("q", "a", "b", preferences=(Preference(better=0, worse=1, **fields),))
    return replace(Batch.of([one]), outputs=HEAD.outputs)


def out(better: float, worse: float) -> torch.Tensor:
    """Outputs with these scores, on the axis: ρ = |s|."""
    rows = [[9.0, s, 9.0, abs(s), 0.0] for s in (better, worse)]
    return torch.tensor(rows, requires_grad=True)


def test_weight_margin_and_soft_label() -> None:
    plain = objective(axis=0.0, perpendicular=0.0)
    states = out(2.0, 0.5)

    def value(**fields: Any) -> float:
        return float(plain.loss(states, batch(**fields))[0].detach())

    softplus = torch.nn.functional.softplus
    assert value() == pytest.approx(float(softplus(torch.tensor(-1.5))))
    assert value(weight=3.0) == pytest.approx(3 * value())
    assert value(margin=1.5) == pytest.approx(0.6931, abs=1e-4)
    assert value(prob=0.25) == pytest.approx(0.25 * value() + 0.75 * float(softplus(torch.tensor(1.5))))


def test_ties_are_left_out_and_counted() -> None:
    states = out(2.0, 0.5)
    loss, logs = objective().loss(states, batch(tie=True))
    loss.backward()  # type: ignore[no-untyped-call]
    assert float(loss.detach()) == 0.0 and logs["ties"] == 1.0 and not states.grad.any()  # type: ignore[union-attr]
    assert objective().items(batch(tie=True)) == 0  # type: ignore[attr-defined]


def test_a_displacement_of_zero_stays_finite() -> None:
    net = HEAD.module(8)
    x = torch.zeros(2, 8)
    loss, _ = objective().loss(net(x), batch())
    loss.backward()  # type: ignore[no-untyped-call]
    assert torch.isfinite(loss) and all(torch.isfinite(p.grad).all() for p in net.parameters() if p.grad is not None)


@pytest.mark.parametrize("fields", [{"axis": -0.1}, {"perpendicular": float("nan")}])
def test_bad_coefficients_are_spec_errors(fields: dict[str, float]) -> None:
    with pytest.raises(SpecError, match="not negative"):
        objective(**fields)


def test_other_heads_are_refused() -> None:
    with pytest.raises(SpecError, match="geometric_projection"):
        objective().loss(torch.zeros(2, 1), replace(batch(), outputs=("reward",)))
    with pytest.raises(SpecError, match="geometric_projection"):
        objective().loss(torch.zeros(2, 7), batch())
