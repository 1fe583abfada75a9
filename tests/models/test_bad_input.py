"""What a training does with data that is wrong, empty or odd: each case through the spec and the public call."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file

from guerdon.core.build import build
from guerdon.core.contracts import Fit
from guerdon.core.errors import DataError, SpecError
from guerdon.core.types import Preference, Response, Sample, sample
from tests.models import tiny

Folder = Callable[..., Path]
PAIRWISE = ("bradley_terry", "scaled_bradley_terry", "margin_bradley_terry", "ordinal", "best_of_n", "plackett_luce")
RATINGS = {"use": "models.heads.ratings", "names": ["help", "style"], "read": ["mean"], "standardise": True}
REGRESSION = {"use": "models.objectives.regression", "labels": ["help", "style"], "scale": [0, 4]}


def fit(folder: Path, out: Path, rows: Sequence[Sample], **fields: Any) -> dict[str, Any]:
    """What guerdon.json says after a fit."""
    usual: dict[str, Any] = {
        "use": "models.reward_model", "backbone": str(folder), "device": "cpu", "epochs": 2, "batch_size": 4,
        "head": {"use": "models.heads.scalar", "read": ["mean"]}, "validation": 0.0,
    }  # fmt: skip
    made = build({**usual, **fields}, Fit).fit(rows, out)  # type: ignore[type-abstract]
    said: dict[str, Any] = json.loads((made / "guerdon.json").read_text())
    return said


def tied(rows: Sequence[Sample], every: int = 1) -> list[Sample]:
    return [
        dataclasses.replace(s, preferences=(Preference(better=0, worse=1, tie=True),)) if i % every == 0 else s
        for i, s in enumerate(rows)
    ]


def objective(name: str) -> dict[str, Any]:
    made: dict[str, Any] = {"objective": {"use": f"models.objectives.{name}"}}
    digits = {"use": "models.heads.digits", "read": ["mean"], "standardise": True}
    return {**made, "head": digits} if name == "ordinal" else made


@pytest.mark.parametrize("name", PAIRWISE)
def test_a_batch_of_ties_teaches_nothing_and_spoils_nothing(name: str, model_folder: Folder, tmp_path: Path) -> None:
    """Batches of one group: those that hold a tie have no term and leave the others' gradients as they are."""
    said = fit(model_folder("bert"), tmp_path / "out", tied(tiny.pairs(12), 2), batch_size=1, **objective(name))
    assert said["data"]["ties"] == 6 and said["data"]["used"] == 6
    curve = json.loads((tmp_path / "out" / "curves.json").read_text())
    assert all(0 < row["loss"] < 5 for row in curve), "no NaN"


@pytest.mark.parametrize("name", PAIRWISE)
def test_nothing_but_ties_is_told(name: str, model_folder: Folder, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="finds nothing to learn in 12 groups: 12 of 12 pairs are ties .*davidson"):
        fit(model_folder("bert"), tmp_path / "out", tied(tiny.pairs(12)), **objective(name))
    assert not (tmp_path / "out" / "guerdon.json").exists()


@pytest.mark.parametrize("name", ["davidson", "tied_bradley_terry"])
def test_objectives_of_ties_learn_from_them(name: str, model_folder: Folder, tmp_path: Path) -> None:
    assert fit(model_folder("bert"), tmp_path / "out", tied(tiny.pairs(12)), **objective(name))["data"]["ties"] == 12


def test_validation_groups_that_are_all_tied_are_no_validation(model_folder: Folder, tmp_path: Path) -> None:
    from guerdon.models.groups import split

    held = {s.id for s in split(tiny.pairs(24), 0.2)[1]}
    rows = [tied([s])[0] if s.id in held else s for s in tiny.pairs(24)]
    said = fit(model_folder("bert"), tmp_path / "out", rows, validation=0.2)
    assert held and said["data"]["validation_groups"] == 0 and said["result"] == {}


def test_a_group_of_one_response_is_left_out_and_counted(model_folder: Folder, tmp_path: Path) -> None:
    alone = [sample("Is it so?", "Yes.", id=f"alone:{i}") for i in range(3)]
    said = fit(model_folder("bert"), tmp_path / "out", [*tiny.pairs(8), *alone])
    assert said["data"]["left_out"] == {"no_preference": 3} and said["data"]["used"] == 8
    assert said["data"]["left_out_lines"] == [
        "3 left out: no preference in the sample (such as alone:0, alone:1, alone:2)"
    ]
    with pytest.raises(DataError, match="no usable group in 3 samples"):
        fit(model_folder("bert"), tmp_path / "none", alone)
    with pytest.raises(DataError, match="preference|response"):
        sample("Is it so?", "Yes.", id="x", preferences=(Preference(better=0, worse=1),))


def test_strength_zero_prefers_nothing_and_a_negative_one_is_an_error(model_folder: Folder, tmp_path: Path) -> None:
    def strong(rows: Sequence[Sample], *strengths: float) -> list[Sample]:
        return [
            dataclasses.replace(s, preferences=(dataclasses.replace(s.preferences[0], strength=strengths[i % len(strengths)]),))
            for i, s in enumerate(rows)
        ]  # fmt: skip

    scaled, heads = objective("scaled_bradley_terry"), []
    mixed = strong(tiny.pairs(12), 1.0, 0.0)
    for name, rows in (("mixed", mixed), ("without", mixed[::2])):
        fit(model_folder("bert"), tmp_path / name, rows, batch_size=16, epochs=3, **scaled)
        heads.append(load_file(tmp_path / name / "head.safetensors")["members.0.score.weight"])
    assert heads[0].allclose(heads[1], atol=1e-6), "as if the pairs of strength 0 were not there"
    with pytest.raises(DataError, match="finds nothing to learn in 12 groups: every strength is 0"):
        fit(model_folder("bert"), tmp_path / "zero", strong(tiny.pairs(12), 0.0), **scaled)
    with pytest.raises(DataError, match="strength"):
        fit(model_folder("bert"), tmp_path / "negative", strong(tiny.pairs(12), 1.0, -1.0), **scaled)


def rated(rows: Sequence[Sample], *labels: dict[str, float]) -> list[Sample]:
    """Samples whose responses have these labels in turn, and no preferences."""
    turn, made = 0, []
    for s in rows:
        responses: list[Response] = []
        for r in s.responses:
            responses.append(dataclasses.replace(r, labels=labels[turn % len(labels)]))
            turn += 1
        made.append(dataclasses.replace(s, responses=tuple(responses), preferences=()))
    return made


def test_ratings_that_are_missing_are_masked_and_none_at_all_is_an_error(model_folder: Folder, tmp_path: Path) -> None:
    options: dict[str, Any] = {"head": RATINGS, "objective": REGRESSION}
    some = rated(tiny.pairs(8), {"help": 4.0, "style": 1.0}, {"help": 0.0}, {"style": float("nan"), "help": 2.0}, {})
    said = fit(model_folder("bert"), tmp_path / "some", some, **options)
    assert said["data"]["training_groups"] == 8 and said["outputs"] == ["help", "style"]
    with pytest.raises(
        DataError, match="no usable group in 8 samples. 8 left out: a field that the objective or the head needs"
    ):
        fit(model_folder("bert"), tmp_path / "none", rated(tiny.pairs(8), {}, {"help": -100.0}), **options)


@pytest.mark.parametrize("value", [4.5, -1.0])
def test_a_label_outside_the_scale_names_sample_and_field(value: float, model_folder: Folder, tmp_path: Path) -> None:
    rows = rated(tiny.pairs(4), {"help": 1.0})
    rows[2] = rated([rows[2]], {"help": 1.0}, {"help": value})[0]
    with pytest.raises(DataError, match=rf"sample 'pair:2': help is {value}, outside 0.* to 4") as caught:
        fit(model_folder("bert"), tmp_path / "out", rows, head=RATINGS, objective=REGRESSION)
    assert caught.value.field == "responses.1.labels.help"


def test_a_level_that_is_none_is_an_error(model_folder: Folder, tmp_path: Path) -> None:
    rows = [
        dataclasses.replace(s, responses=tuple(dataclasses.replace(r, labels={"level": 7.0}) for r in s.responses))
        for s in tiny.pairs(4)
    ]
    with pytest.raises(DataError, match="a level is a whole number from 0 to 2"):
        fit(model_folder("bert"), tmp_path / "out", rows, **objective("ordinal"))


def test_a_tokenizer_whose_digits_are_no_single_tokens_is_told_before_training(
    model_folder: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A WordPiece vocabulary without the digit 7."""
    from guerdon.models import backbone

    real = backbone.load_tokenizer

    class Split:
        """The tokenizer, but a digit 7 on its own is two tokens."""

        def __init__(self, folder: Path) -> None:
            self.inner = real(folder)

        def __getattr__(self, name: str) -> Any:
            return getattr(self.inner, name)

        def __call__(self, text: Any, **options: Any) -> Any:
            found = self.inner(text, **options)
            return {"input_ids": [*found["input_ids"], 1]} if text == "7" else found

    monkeypatch.setattr(backbone, "load_tokenizer", Split)
    digits = {"head": {"use": "models.heads.digits"}, "objective": {"use": "models.objectives.ordinal"}}
    with pytest.raises(SpecError, match="'7' is no single token of .* tokenizer"):
        fit(model_folder("qwen3"), tmp_path / "out", tiny.pairs(4), **digits)


@pytest.mark.parametrize(
    ("policy", "side"), [("prompt", "a prompt loses its oldest"), ("response", "a response loses its end")]
)
def test_texts_over_the_limit_are_cut_by_the_stated_policy_and_counted(
    policy: str, side: str, model_folder: Folder, tmp_path: Path
) -> None:
    from guerdon.cli.train import summary

    long = [
        dataclasses.replace(s, id=f"long:{i}", prompt=sample("Is it so? " * 80).prompt)
        for i, s in enumerate(tiny.pairs(3))
    ]
    said = fit(model_folder("qwen3"), tmp_path / "out", [*tiny.pairs(5), *long], max_length=64, truncation=policy)
    assert (
        said["data"]["truncated"] == 6 and said["data"]["responses"] == 16 and said["backbone"]["truncation"] == policy
    )
    lines = summary(tmp_path / "out", "pairs.jsonl", [])
    assert any(line.startswith("6 of 16 texts cut to 64 tokens (" + side) for line in lines)


def test_texts_over_the_limit_are_left_out_and_counted_where_cutting_is_refused(
    model_folder: Folder, tmp_path: Path
) -> None:
    long = [
        dataclasses.replace(s, id=f"long:{i}", prompt=sample("Is it so? " * 80).prompt)
        for i, s in enumerate(tiny.pairs(3))
    ]
    said = fit(model_folder("qwen3"), tmp_path / "out", [*tiny.pairs(5), *long], max_length=64, truncation="refuse")
    assert said["data"]["left_out"] == {"unreadable": 3} and said["data"]["truncated"] == 0


def test_another_seed_starts_another_head_and_takes_another_order(model_folder: Folder, tmp_path: Path) -> None:
    from guerdon.models.dataset import GroupSampler

    heads = []
    for name, seed in (("a", 3), ("b", 3), ("c", 4)):
        fit(model_folder("bert"), tmp_path / name, tiny.pairs(12), seed=seed, learning_rate=1e-12)
        heads.append(load_file(tmp_path / name / "head.safetensors")["members.0.score.weight"])
    assert heads[0].equal(heads[1]) and not heads[0].allclose(heads[2], atol=1e-4)
    orders = [list(GroupSampler([1] * 20, 4, seed)) for seed in (3, 3, 4)]
    assert orders[0] == orders[1] != orders[2]
