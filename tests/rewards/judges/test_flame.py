"""FLAMe's unified format: three blocks, three kinds of task."""

from __future__ import annotations

import pytest

from guerdon.core.build import build
from guerdon.core.contracts import Reward
from guerdon.core.errors import SpecError
from guerdon.core.types import sample
from tests.rewards.judges.listening import judged, margin_of, prompt_text, value_of

ONE = sample("Name a city.", "Paris", id="p", context={"passage": "Paris is a city."})
LABELS = {"labels": {"supported": 1.0, "not supported": 0.0}, "kind": "classification"}


@pytest.mark.parametrize(
    ("reply", "margin"), [("Choice: A", 1.0), ("choice: B.", -1.0), ("Both are right.\n**Choice:** A", 1.0)]
)
def test_pairs(reply: str, margin: float) -> None:
    assert margin_of("rewards.judges.flame", reply) == margin


@pytest.mark.parametrize("reply", ["A", "Choice: C", "Choice: A\nChoice: B"])
def test_pairs_it_refuses(reply: str) -> None:
    assert margin_of("rewards.judges.flame", reply) is None


def test_ratings_and_labels() -> None:
    assert value_of("rewards.judges.flame", "Rating: 4", ONE, kind="pointwise") == 4
    assert value_of("rewards.judges.flame", "Rating: 6", ONE, kind="pointwise") is None
    assert value_of("rewards.judges.flame", "Rating: 6", ONE, kind="pointwise", high=7) == 6
    assert value_of("rewards.judges.flame", "Label: not supported", ONE, **LABELS) == 0
    assert value_of("rewards.judges.flame", "Label: not\nLabel: supported", ONE, parse="published", **LABELS) == 1, (
        "the last line"
    )


def test_the_three_blocks_in_order() -> None:
    _, asked = judged("rewards.judges.flame", ["Attribution: supported"], ONE, context=["passage"], output="Attribution", task="Is it backed?", **LABELS)  # fmt: skip
    text = prompt_text(asked)
    wanted = [
        "INSTRUCTIONS:",
        "Is it backed?",
        "Attribution: value",
        "CONTEXT:",
        "Paris is a city.",
        "Name a city.",
        "EVALUATION:",
    ]
    assert [text.index(w) for w in wanted] == sorted(text.index(w) for w in wanted)
    assert asked[0].temperature == 0 and asked[0].max_tokens == 1024


def test_bad_settings_are_told() -> None:
    engine = {"use": "engines.scripted", "reply": "x"}
    for wrong in ({"kind": "classification"}, {"labels": {"a": 1.0}}, {"low": 5}):
        with pytest.raises(SpecError):
            build({"use": "rewards.judges.flame", "engine": engine, **wrong}, Reward)
