"""`rewards.compose.weighted_parts`: cells, weights and missing parts."""

from __future__ import annotations

from typing import Any

import pytest

from guerdon.core.build import build
from guerdon.core.concurrency import run_sync
from guerdon.core.contracts import Reward
from guerdon.core.errors import SpecError
from guerdon.core.types import Judgement, Sample, Status, answer, user

LABELS = {"use": "rewards.labels", "names": ["care", "safety"]}
CELLS = {"advice/neurology": {"safety": 1.0}, "advice/": {"care": 0.9, "safety": 0.1}}


def made(**fields: Any) -> Reward:
    spec = {"use": "rewards.compose.weighted_parts", "reward": LABELS, "parts": ["care", "safety"], **fields}
    return build(spec, Reward)  # type: ignore[type-abstract]


def one(context: dict[str, str] | None = None, **labels: float) -> Sample:
    return Sample(id="s", prompt=user("q"), responses=(answer("a", labels=labels),), context=context or {})


def score(reward: Reward, *samples: Sample) -> list[Judgement]:
    return run_sync(reward.score(samples))


def test_the_cell_of_the_sample_weighs_its_parts() -> None:
    rows = [
        one({"scenario": "advice", "discipline": "neurology"}, care=4.0, safety=2.0),
        one({"scenario": "advice"}, care=4.0, safety=2.0),
        one({"scenario": "triage", "discipline": "neurology"}, care=4.0, safety=2.0),
        one(care=4.0, safety=2.0),
    ]
    assert [j.values[0] for j in score(made(cells=CELLS), *rows)] == pytest.approx([2.0, 3.8, 3.0, 3.0])
    assert [j.values[0] for j in score(made(cells=CELLS, weights={"care": 1.0}), *rows)] == pytest.approx(
        [2.0, 3.8, 4.0, 4.0]
    )
    assert score(made(scale=2.0), rows[3])[0].values == (1.5,)
    assert score(made(), rows[3])[0].scores[0].parts == {"care": 4.0, "safety": 2.0}


def test_a_missing_part_matters_where_it_weighs_something() -> None:
    lacking = one({"scenario": "advice", "discipline": "neurology"}, safety=2.0)
    assert score(made(cells=CELLS), lacking)[0].values == (2.0,), "care weighs nothing in this cell"
    (found,) = score(made(), one(safety=2.0))
    assert found.values == (None,) and found.scores[0].status is Status.FAILED and "care" in found.scores[0].error
    assert score(made(on_missing="renormalise", weights={"care": 0.75, "safety": 0.25}), one(safety=2.0))[0].values == (
        2.0,
    )
    assert score(made(on_missing="renormalise"), one())[0].values == (None,)


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"parts": []}, "one or more"),
        ({"parts": ["care", "care"]}, "different"),
        ({"weights": {"cares": 1.0}}, "no part 'cares'. Did you mean 'care'"),
        ({"weights": {"care": 0.5}}, "add up to 1, these to 0.5"),
        ({"weights": {"care": 1.5, "safety": -0.5}}, "not negative"),
        ({"cells": {"a/b": {"care": 0.2, "safety": 0.2}}}, "cells.a/b: weights add up to 1"),
        ({"cells": {"a/b": {}}}, "add up to 1"),
        ({"scale": 0.0}, "scale"),
    ],
)
def test_bad_fields_are_spec_errors(fields: dict[str, Any], says: str) -> None:
    with pytest.raises(SpecError, match=says):
        made(**fields)
