"""`models.parts_search`: what is drawn, and that the best of it is kept."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from guerdon.core.build import build
from guerdon.core.contracts import Fit
from guerdon.core.errors import DataError, SpecError
from guerdon.models.parts_search import PartsSearch
from tests.models.parts_world import rated, spec


def search(**fields: Any) -> PartsSearch:
    given = {"use": "models.parts_search", "model": spec(validation=0.3), "epochs": [2.0], "trials": 3, **fields}
    made = build(given, Fit)  # type: ignore[type-abstract]
    assert isinstance(made, PartsSearch)
    return made


def test_draws_are_seeded_and_stay_in_the_space() -> None:
    drawn = search(trials=60).drawn()
    assert drawn == search(trials=60).drawn() != search(trials=60, seed=1).drawn()
    assert {fit.head.hidden for fit in drawn} == {(), (3,), (5,), (5, 3), (4, 2), (6, 4, 2)}  # type: ignore[attr-defined]
    assert {fit.head.activation for fit in drawn} == {"tanh", "relu", "sigmoid", "none"}  # type: ignore[attr-defined]
    assert all(0.005 <= f.learning_rate <= 0.1 and 0.2 <= f.warmup <= 0.4 for f in drawn)
    assert {f.gradient_accumulation for f in drawn} == {1, 2, 4} and {f.epochs for f in drawn} == {2.0}


def test_the_trial_of_least_validation_loss_is_the_checkpoint(tmp_path: Path) -> None:
    made = search()
    about = json.loads((made.fit(rated(40), tmp_path / "m") / "guerdon.json").read_text(encoding="utf-8"))
    losses = [t["eval_loss"] for t in about["trials"]]
    assert len(losses) == 3 and about["best_trial"] == losses.index(min(losses))
    assert about["result"]["eval_loss"] == pytest.approx(min(losses)), "the kept one was trained again from its seed"
    assert about["head"] == about["trials"][about["best_trial"]]["head"]


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"trials": 0}, "trials"),
        ({"model": spec()}, "validation is above 0"),
        ({"hidden": []}, "at least one"),
        ({"warmup": [0.4, 0.2]}, "from low to high"),
        ({"hidden": [[0]]}, "hidden"),
    ],
)
def test_bad_fields_are_spec_errors(fields: dict[str, Any], says: str) -> None:
    with pytest.raises(SpecError, match=says):
        search(**fields).drawn()


def test_no_validation_prompt_is_said(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="validation share"):
        search(model=spec(validation=1e-6)).fit(rated(8), tmp_path / "m")
