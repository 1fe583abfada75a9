"""`models.heads.perceptron`: where its activations stand."""

from __future__ import annotations

from typing import Any

import pytest
from torch import nn

from guerdon.core.build import build
from guerdon.core.contracts import Head
from guerdon.core.errors import SpecError


def layers(**fields: Any) -> list[str]:
    net = build({"use": "models.heads.perceptron", **fields}, Head).module(7)  # type: ignore[type-abstract]
    found = [
        type(m).__name__
        for m in net.modules()
        if isinstance(m, nn.Linear | nn.ReLU | nn.Tanh | nn.Sigmoid | nn.Identity)
    ]
    return [{"Linear": "L"}.get(n, n) for n in found]


def test_the_activation_follows_every_layer_but_the_output() -> None:
    assert layers(hidden=[6, 4, 2], activation="tanh") == ["L", "Tanh", "L", "Tanh", "L", "Tanh", "L"]
    assert layers(activation="sigmoid") == ["L"]
    assert layers(hidden=[3], activation="none") == ["L", "Identity", "L"]


def test_the_released_layout_has_it_after_the_first_and_the_last_layer() -> None:
    assert layers(hidden=[6, 4, 2], activate="ends") == ["L", "ReLU", "L", "L", "L", "ReLU"]
    assert layers(activate="ends") == ["L", "ReLU"]


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"hidden": [0]}, "at least 1"),
        ({"activation": "rleu"}, "Did you mean 'relu'"),
        ({"activate": "last"}, "ends"),
        ({"read": ["lst"]}, "Did you mean 'last'"),
    ],
)
def test_bad_fields_are_spec_errors(fields: dict[str, Any], says: str) -> None:
    with pytest.raises(SpecError, match=says):
        layers(**fields)
