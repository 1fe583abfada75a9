"""`models.heads.geometric_projection`: where its axes start, what is the origin, and what it refuses."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch.nn.functional import normalize

from guerdon.core.build import build
from guerdon.core.contracts import Head
from guerdon.core.errors import DataError, SpecError
from guerdon.core.types import Preference, sample
from guerdon.models.batch import Batch


def head(**fields: Any) -> Head:
    spec = {"use": "models.heads.geometric_projection", "dimensions": ["care", "safety"], "size": 6, **fields}
    return build(spec, Head)  # type: ignore[type-abstract]


def batch(made: Head, *named: tuple[str, ...]) -> Batch:
    samples = [sample("q", "a", "b", preferences=(Preference(better=1, worse=0, dimensions=n),)) for n in named]
    return replace(Batch.of(samples), outputs=made.outputs)


def test_an_axis_starts_at_the_mean_displacement_of_the_preferred_on_its_dimension() -> None:
    torch.manual_seed(0)
    made = head()
    net, x = made.module(8), torch.randn(6, 8)
    before = net.axis.detach().clone()  # type: ignore[operator, union-attr]
    net.begin(x, batch(made, ("care",), ("care",), ("care",)))  # type: ignore[operator]
    v = net.displacement(x).detach()  # type: ignore[operator]
    assert torch.allclose(net.axis[0], normalize(v[[1, 3, 5], 0].mean(0), dim=0), atol=1e-6)  # type: ignore[index]
    assert torch.equal(net.axis[1], before[1]), "no pair speaks of safety"  # type: ignore[index]


def test_an_unknown_dimension_is_told_before_training() -> None:
    made = head()
    with pytest.raises(DataError, match="no dimension 'cares'"):
        made.module(8).begin(torch.randn(2, 8), batch(made, ("cares",)))  # type: ignore[operator]


def test_standardising_leaves_the_prompt_the_origin() -> None:
    net = head(standardise=True).module(8).eval()
    moves = torch.randn(50, 4) * torch.tensor([1.0, 10.0, 0.1, 1.0]) + 5
    net.input.adapt(moves)  # type: ignore[union-attr, operator]
    at_prompt = net(torch.randn(1, 4).repeat(1, 2))
    assert torch.equal(at_prompt[:, 1:3], torch.zeros(1, 2)) and torch.equal(at_prompt[:, 5:], torch.zeros(1, 4))


def test_the_reward_standardises_what_training_saw() -> None:
    torch.manual_seed(1)
    made = head()
    net, x = made.module(8).train(), torch.randn(200, 8)
    net(x)
    out = net.eval()(x)
    assert torch.allclose(out[:, 0], out[:, 3:5].mean(1))
    assert torch.allclose(out[:, 3:5].std(0, unbiased=False), torch.ones(2), atol=1e-3)


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"dimensions": []}, "one or more"),
        ({"dimensions": ["a", "a"]}, "different"),
        ({"dimensions": ["reward"]}, "none of them 'reward'"),
        ({"dimensions": ["a", "a_rho"]}, "different"),
        ({"size": 0}, "size"),
        ({"momentum": 0.0}, "momentum"),
        ({"init_std": 0.0}, "init_std"),
        ({"read": ["log_length"], "origin": []}, "not lengths"),
        ({"read": ["last", "mean"]}, "give one for each"),
    ],
)
def test_bad_fields_are_spec_errors(fields: dict[str, Any], says: str) -> None:
    with pytest.raises(SpecError, match=says):
        head(**fields)
