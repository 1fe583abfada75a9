"""`models.heads.routed`: the mixture, its gate, and what the gate may read."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from guerdon.core.build import build
from guerdon.core.contracts import Head
from guerdon.core.errors import SpecError


def head(**fields: Any) -> Head:
    return build({"use": "models.heads.routed", **fields}, Head)  # type: ignore[type-abstract]


def filled(width: int = 8, **fields: Any) -> torch.nn.Module:
    made = head(**fields).module(width).eval()
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.normal_(generator=torch.Generator().manual_seed(1))
    return made


def test_the_reward_is_the_gated_sum_of_its_parts() -> None:
    x = torch.randn(5, 8, generator=torch.Generator().manual_seed(0))
    out = filled()(x)
    assert head().outputs == ("reward", "helpful", "harmless", "log_gate_helpful", "log_gate_harmless")
    gates = out[:, 3:].exp()
    torch.testing.assert_close(gates.sum(1), torch.ones(5))
    torch.testing.assert_close(out[:, 0], (gates * out[:, 1:3]).sum(1))


def test_the_gate_sees_the_prompt_alone() -> None:
    x = torch.randn(2, 8, generator=torch.Generator().manual_seed(0))
    x[1, 4:] = x[0, 4:]  # another response to the same prompt
    out = filled()(x)
    assert torch.equal(out[0, 3:], out[1, 3:]) and not torch.equal(out[0, 1:3], out[1, 1:3])


def test_it_starts_at_zero_with_an_even_gate() -> None:
    out = head().module(8)(torch.randn(3, 8))
    assert out[:, :3].abs().max() == 0.0 and torch.allclose(out[:, 3:].exp(), torch.full((3, 2), 0.5))


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"parts": []}, "one or more"),
        ({"parts": ["one", "one"]}, "one or more"),
        ({"gate": ["response:mean"]}, "prompt alone"),
        ({"gate": ["mean"]}, "prompt alone"),
        ({"gate": ["prompt:mean*response:mean"]}, "prompt alone"),
        ({"read": ["log_length"]}, "one width"),
        ({"input_dropout": 1.0}, "input_dropout"),
    ],
)
def test_bad_fields_are_spec_errors(fields: dict[str, Any], says: str) -> None:
    with pytest.raises(SpecError, match=says):
        head(**fields)


def test_a_hidden_gate_starts_even_and_rewards_at_random() -> None:
    made = head(gate_hidden=[16], init_std=None)
    out = made.module(8)(torch.randn(3, 8))
    assert torch.allclose(out[:, 3:].exp(), torch.full((3, 2), 0.5)) and not torch.allclose(out[:, 1], out[:, 2])


def test_a_static_mixture_has_one_gate_for_all_prompts() -> None:
    made, x = head(gate=[]), torch.randn(4, 8, generator=torch.Generator().manual_seed(0))
    out = filled(gate=[])(x)
    assert made.positions == ("response:mean",)
    torch.testing.assert_close(out[:, 3:], out[:1, 3:].expand(4, -1))
    assert not torch.allclose(out[0, 3], out[0, 4])


def test_the_gate_alone_is_that_of_the_whole() -> None:
    module = filled(gate_hidden=[16])
    x = torch.randn(5, 8, generator=torch.Generator().manual_seed(0))
    module.input.adapt(x)  # type: ignore[union-attr,operator]
    torch.testing.assert_close(module.log_gate(x[:, 4:]), module(x)[:, 3:])  # type: ignore[operator]


def test_only_a_mixture_gives_margins() -> None:
    assert [head(compares=c).margins for c in ("reward", "mixture")] == [False, True]
