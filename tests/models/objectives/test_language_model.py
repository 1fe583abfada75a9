"""`models.objectives.language_model`: the loss of a causal model on padded labels, from packed rows too, and training with it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM

from guerdon.core.build import build
from guerdon.core.contracts import Fit, Head, Objective
from guerdon.core.errors import SpecError
from guerdon.core.types import Preference, Sample, sample
from guerdon.models.backbone import Backbone
from guerdon.models.batch import Batch
from guerdon.models.network import Reading, RewardNetwork, view_texts
from guerdon.models.template import Encoded
from guerdon.models.views import forward
from tests.models.tiny import pairs

Folder = Callable[..., Path]
LONG = "I would rather not say, but the capital of France is Paris."


def groups() -> list[Sample]:
    first = (Preference(better=0, worse=1), Preference(better=0, worse=2))
    return [sample("What is it?", LONG, "Yes.", "No, no.", preferences=first),
            sample("Is it so, in autumn?", "Yes.", "Go to bed.", preferences=(Preference(better=1, worse=0),))]  # fmt: skip


def objective(**fields: Any) -> Objective:
    return build({"use": "models.objectives.language_model", **fields}, Objective)  # type: ignore[type-abstract]


def read(folder: Path, packing: str, budget: int = 4096) -> tuple[RewardNetwork, Batch, list[Encoded]]:
    backbone = Backbone(str(folder), packing=packing).load("cpu")  # type: ignore[arg-type]
    head = build({"use": "models.heads.scalar"}, Head)  # type: ignore[type-abstract]
    reading = Reading.of(head, backbone.hidden_size)
    torch.manual_seed(0)
    network = RewardNetwork(head.module(reading.width), reading, backbone.model, False, backbone.untied_rows())
    encoded = [backbone.template.encode(g.prompt, r) for g in groups() for r in g.responses]
    return network, Batch.of(groups(), {"": view_texts(encoded, backbone.pad, budget, backbone.packing)}), encoded


def by_hand(folder: Path, encoded: list[Encoded], chosen: list[int]) -> torch.Tensor:
    """The causal model's own loss on one padded batch, prompt and padding masked by −100."""
    model = AutoModelForCausalLM.from_pretrained(folder).eval()
    longest = max(len(e.ids) for e in encoded)
    ids = torch.zeros(len(chosen), longest, dtype=torch.long)
    labels, mask = torch.full_like(ids, -100), torch.zeros_like(ids)
    for row, number in enumerate(chosen):
        e = encoded[number]
        ids[row, : len(e.ids)], mask[row, : len(e.ids)] = torch.tensor(e.ids), 1
        labels[row, e.start : len(e.ids)] = torch.tensor(e.ids[e.start :])
    found: torch.Tensor = model(input_ids=ids, attention_mask=mask, labels=labels).loss
    return found


@pytest.mark.parametrize("kind", ["qwen3", "llama", "gemma"])
@pytest.mark.parametrize(("packing", "budget"), [("shared", 4096), ("unshared", 60), ("padded", 60)])
def test_it_is_the_causal_models_own_loss_on_padded_labels(
    model_folder: Folder, kind: str, packing: str, budget: int
) -> None:
    folder = model_folder(kind)
    network, batch, encoded = read(folder, packing, budget)
    out, batch = forward(network, objective(), batch)
    assert isinstance(out, torch.Tensor) and out.shape == (5, 1) and batch.nll is not None
    value, _ = objective().loss(out, batch)
    expected = by_hand(folder, encoded, [0, 1, 2, 3, 4])
    torch.testing.assert_close(value, expected, atol=1e-4, rtol=1e-5)
    assert batch.nll[:, 1].tolist() == [len(e.ids) - e.start for e in encoded]
    assert objective().items(batch) == sum(len(e.ids) - e.start for e in encoded)
    preferred, _ = objective(of="preferred").loss(out, batch)
    torch.testing.assert_close(preferred, by_hand(folder, encoded, [0, 4]), atol=1e-4, rtol=1e-5)


def test_gradients_are_the_same_packed_and_padded(model_folder: Folder) -> None:
    found = []
    for packing in ("shared", "padded"):
        network, batch, _ = read(model_folder("qwen3"), packing)
        out, batch = forward(network, objective(), batch)
        objective().loss(out, batch)[0].backward()
        found.append({n: p.grad for n, p in network.backbone.named_parameters() if p.grad is not None})
    assert found[0].keys() == found[1].keys() and len(found[0]) > 10
    for name, gradient in found[0].items():
        torch.testing.assert_close(gradient, found[1][name], atol=1e-4, rtol=1e-3)


def test_the_joint_loss_is_the_sum_of_both(model_folder: Folder) -> None:
    joint = build(
        {"use": "models.objectives.weighted_sum", "weights": [0.5, 1.0],
         "parts": [{"use": "models.objectives.bradley_terry"}, {"use": "models.objectives.language_model"}]}, Objective)  # type: ignore[type-abstract]  # fmt: skip
    network, batch, encoded = read(model_folder("qwen3"), "shared")
    out, batch = forward(network, joint, batch)
    pairwise = -torch.nn.functional.logsigmoid(batch.margins(out)).mean()
    expected = 0.5 * pairwise + by_hand(model_folder("qwen3"), encoded, [0, 1, 2, 3, 4])
    torch.testing.assert_close(joint.loss(out, batch)[0], expected, atol=1e-4, rtol=1e-5)


def test_nothing_to_learn_is_zero_and_no_nan() -> None:
    batch = Batch.of([sample("q", "a", "b", preferences=(Preference(better=0, worse=1, tie=True),))])
    value, _ = objective(of="preferred").loss(torch.zeros(2, 1), replace(batch, nll=torch.ones(2, 2)))
    assert float(value) == 0.0


@pytest.mark.parametrize("tuning", ["lora", "full"])
def test_training_lowers_it_and_the_checkpoint_scores_again(model_folder: Folder, tmp_path: Path, tuning: str) -> None:
    spec = {
        "use": "models.reward_model", "backbone": str(model_folder("qwen3")), "tuning": tuning, "epochs": 3,
        "head": {"use": "models.heads.scalar"}, "learning_rate": 3e-3, "batch_size": 4, "validation": 0.0, "device": "cpu",
        "objective": {"use": "models.objectives.weighted_sum", "weights": [0.5, 1.0], "parts": [
            {"use": "models.objectives.bradley_terry"}, {"use": "models.objectives.language_model"}]},
    }  # fmt: skip
    folder = build(spec, Fit).fit(pairs(12), tmp_path / "model")  # type: ignore[type-abstract]
    curve = [row["loss"] for row in json.loads((folder / "curves.json").read_text(encoding="utf-8")) if "loss" in row]
    assert curve[-1] < curve[0]


def test_what_has_no_tokens_is_refused_before_anything_runs() -> None:
    with pytest.raises(SpecError, match="tune the backbone"):
        build({"use": "models.reward_model", "objective": {"use": "models.objectives.language_model"}}, Fit)  # type: ignore[type-abstract]
    with pytest.raises(SpecError, match="'all', 'preferred'"):
        objective(of="best")
