"""`models.probe` and `models.gating`: bad input is named before a model is opened, missing ratings are masked."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from guerdon.core.build import build
from guerdon.core.contracts import Fit
from guerdon.core.errors import DataError, OutputError, SpecError
from guerdon.core.types import Sample, sample
from guerdon.models.checkpoint import read_checkpoint
from tests.models.test_start import train
from tests.models.tiny import pairs


def rated(*labels: dict[str, float]) -> list[Sample]:
    made = [sample(f"the day {i}", f"answer {i}", id=f"s{i}") for i in range(len(labels))]
    return [
        dataclasses.replace(s, responses=(dataclasses.replace(s.responses[0], labels=row),))
        for s, row in zip(made, labels, strict=True)
    ]


def fit(out: Path, samples: list[Sample], use: str = "models.probe", **fields: Any) -> Path:
    return build({"use": use, "device": "cpu", **fields}, Fit).fit(samples, out)  # type: ignore[type-abstract]


def test_an_attribute_that_nobody_rated_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="'coherance'.*'coherence'") as caught:
        fit(tmp_path / "a", rated({"coherence": 1.0}), labels=["coherance"])
    assert caught.value.field == "responses.labels.coherance"


def test_a_rating_that_is_no_number_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="'s1'") as caught:
        fit(tmp_path / "a", rated({"a": 1.0}, {"a": float("nan")}), labels=["a"])
    assert (caught.value.row, caught.value.field) == (1, "responses.labels.a")


@pytest.mark.parametrize(
    ("use", "fields", "says"),
    [
        ("models.probe", {"labels": []}, "one or more"),
        ("models.probe", {"labels": ["a"], "alphas": []}, "alphas"),
        ("models.probe", {"labels": ["a"], "alphas": [0.0]}, "alphas"),
        ("models.probe", {"labels": ["coherence"], "scales": {"coherance": [0, 1]}}, "'coherence'"),
        ("models.probe", {"labels": ["a"], "scales": {"a": [0, 0]}}, "divisor"),
        ("models.probe", {"labels": ["a"], "validation": 1.0}, "validation"),
        ("models.gating", {"init": "x", "steps": 0}, "steps"),
        ("models.gating", {"init": "x", "temperature": 0}, "temperature"),
        ("models.gating", {"init": "x", "gate": ["last"]}, "prompt alone"),
        ("models.gating", {"init": "x", "grid": [0.5, 0.1]}, "grid"),
    ],
)
def test_bad_fields_are_spec_errors(use: str, fields: dict[str, Any], says: str) -> None:
    with pytest.raises(SpecError, match=says):
        build({"use": use, **fields}, Fit)  # type: ignore[type-abstract]


def test_empty_and_unrated_answers_are_counted_and_a_gate_needs_a_probe(
    tmp_path: Path, model_folder: Callable[..., Path]
) -> None:
    rows = rated({"a": 1.0}, {"a": 0.0}, {}, {"a": 1.0, "b": 2.0}, {"a": 0.5})
    rows[4] = dataclasses.replace(rows[4], responses=(sample("q", " ").responses[0],))
    rows[4] = dataclasses.replace(rows[4], responses=(dataclasses.replace(rows[4].responses[0], labels={"a": 0.5}),))
    backbone = str(model_folder("qwen3"))
    made = fit(tmp_path / "probe", rows, labels=["a", "b"], reward="b", backbone=backbone, validation=0.4)
    about = read_checkpoint(made).about
    assert about["data"]["left_out"] == {"lacking": 1, "empty": 1}
    assert about["result"]["a"]["ratings"] == 3 and about["result"]["b"]["ratings"] == 1
    assert read_checkpoint(made).outputs == ("b", "a")
    with pytest.raises(OutputError, match="another folder"):
        fit(tmp_path / "probe", rows, labels=["a"], backbone=backbone)

    scalar = train(tmp_path / "scalar", pairs(8), backbone=Path(backbone))
    with pytest.raises(SpecError, match="linear models.heads.ratings"):
        fit(tmp_path / "gate", pairs(8), "models.gating", init=str(scalar))
    with pytest.raises(SpecError, match="no 'verbositi'"):
        fit(tmp_path / "gate", pairs(8), "models.gating", init=str(made), verbosity="verbositi")
