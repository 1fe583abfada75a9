"""`models.hedge` and `models.reweigh`: only the gate changes, whatever the tuning; bad input is counted or named."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from guerdon.core.build import build
from guerdon.core.contracts import Fit
from guerdon.core.errors import DataError, OutputError, SpecError
from guerdon.core.types import Preference, Sample
from guerdon.models.checkpoint import load_checkpoint, read_checkpoint
from tests.models.test_start import train
from tests.models.tiny import pairs

Folder = Callable[..., Path]
HEAD = {
    "use": "models.heads.routed", "parts": ["a", "b", "c"], "read": ["last"], "gate": ["prompt:last"], "gate_hidden": [8],
    "compares": "mixture", "init_std": None,
}  # fmt: skip
MIXTURE = {"use": "models.objectives.mixture_bradley_terry"}


def asked(count: int = 16) -> list[Sample]:
    """Pairs whose context says which way they go."""
    made = []
    for i, s in enumerate(pairs(count)):
        (p,) = s.preferences
        turned = Preference(better=p.worse, worse=p.better)
        context = {"criterion": "the day the day" if i % 4 < 2 else "autumn"}
        made.append(dataclasses.replace(s, context=context, preferences=(p if i % 4 < 2 else turned,)))
    return made


def stage_1(out: Path, backbone: Path, **fields: Any) -> Path:
    return train(out, asked(), backbone=backbone, head=HEAD, objective=MIXTURE, learning_rate=1e-3, **fields)


def fit(out: Path, samples: list[Sample], use: str = "models.hedge", **fields: Any) -> Path:
    return build({"use": use, "device": "cpu", **fields}, Fit).fit(samples, out)  # type: ignore[type-abstract]


@pytest.mark.parametrize("tuning", ["frozen", "lora", "full"])
def test_only_the_gate_changes(tuning: str, tmp_path: Path, model_folder: Folder) -> None:
    first = stage_1(tmp_path / "1", model_folder("qwen3"), tuning=tuning, ensemble=2 if tuning == "frozen" else 1)
    second = fit(tmp_path / "2", asked(), init=str(first), epochs=3)
    before, after = (load_file(f / "head.safetensors") for f in (first, second))
    changed = {n.split(".", 2)[2] for n in before if not torch.equal(before[n], after[n])}
    assert before.keys() == after.keys() and changed == {"gate.weight", "gate.bias", "body.1.weight", "body.1.bias"}
    for file in first.glob("*-0/*.safetensors"):
        moved = load_file(second / file.relative_to(first))
        assert all(torch.equal(moved[n], t) for n, t in load_file(file).items())
    about = read_checkpoint(second).about
    assert about["data"]["pairs"] == 16 and about["fit"]["use"] == "models.hedge"


def test_a_large_tau_leaves_the_gate_where_it_is(tmp_path: Path, model_folder: Folder) -> None:
    first = stage_1(tmp_path / "1", model_folder("qwen3"))
    texts = [(s.prompt, r) for s in asked() for r in s.responses]
    found = [
        torch.from_numpy(load_checkpoint(folder, device="cpu").score(texts).outputs)
        for folder in (first, *(fit(tmp_path / f"{t}", asked(), init=str(first), tau=t) for t in (1e9, 1e-3)))
    ]
    still, moved = ((f - found[0]).abs().max() for f in found[1:])
    assert still < 0.1 * moved, "rounding alone moves it: AdamW makes steps of the least gradient"


def test_the_same_seed_gives_the_same_gate(tmp_path: Path, model_folder: Folder) -> None:
    first = stage_1(tmp_path / "1", model_folder("qwen3"))
    made = [
        fit(tmp_path / f"seed-{i}", asked(), init=str(first), batch_size=4, seed=s) for i, s in enumerate((0, 0, 1))
    ]
    gates = [load_file(m / "head.safetensors")["members.0.gate.weight"] for m in made]
    assert torch.equal(gates[0], gates[1]) and not torch.equal(gates[0], gates[2])


def test_weights_go_by_the_summed_losses(tmp_path: Path, model_folder: Folder) -> None:
    """w_k ∝ exp(−Σ_i L_ik), recomputed from the scores of the checkpoint itself."""
    first, samples = stage_1(tmp_path / "1", model_folder("qwen3"), ensemble=2), pairs(6)
    made = fit(tmp_path / "2", samples, "models.reweigh", init=str(first))
    said = torch.tensor(read_checkpoint(made).about["result"]["weights"])
    texts = [(s.prompt, s.responses[i]) for s in samples for p in s.preferences for i in (p.better, p.worse)]
    rewards = torch.from_numpy(load_checkpoint(first, device="cpu").score(texts).outputs)[:, :, 1:4]
    wanted = -torch.nn.functional.softplus(rewards[:, 1::2] - rewards[:, ::2]).sum(1)
    torch.testing.assert_close(said.double(), wanted.softmax(-1), rtol=1e-4, atol=1e-5)
    outputs = torch.from_numpy(load_checkpoint(made, device="cpu").score(texts).outputs)
    torch.testing.assert_close(outputs[:, :, 1:4], rewards, rtol=0, atol=1e-5)
    torch.testing.assert_close(outputs[:, :, 4:].exp(), said.double()[:, None].expand(-1, 12, -1), rtol=1e-4, atol=1e-5)


def test_samples_without_the_context_and_ties_are_left_out_and_counted(tmp_path: Path, model_folder: Folder) -> None:
    first = stage_1(tmp_path / "1", model_folder("qwen3"))
    samples = asked(8)
    samples[3] = dataclasses.replace(samples[3], context={})
    samples[5] = dataclasses.replace(samples[5], preferences=(Preference(better=0, worse=1, tie=True),))
    made = fit(tmp_path / "2", samples, init=str(first))
    about = read_checkpoint(made).about["data"]
    assert about["pairs"] == 6 and about["left_out"] == {"lacking": 1}
    with pytest.raises(DataError, match=r"context\.persona"):
        fit(tmp_path / "3", samples, init=str(first), context="persona")
    with pytest.raises(DataError, match="tie"):
        fit(tmp_path / "4", samples[5:6], init=str(first))


def test_other_heads_full_folders_and_bad_fields_are_refused(tmp_path: Path, model_folder: Folder) -> None:
    scalar = train(tmp_path / "scalar", pairs(8), backbone=model_folder("qwen3"))
    with pytest.raises(SpecError, match="heads.scalar; this fit"):
        fit(tmp_path / "1", asked(), init=str(scalar))
    first = stage_1(tmp_path / "2", model_folder("qwen3"))
    static = fit(tmp_path / "static", asked(), "models.reweigh", init=str(first))
    with pytest.raises(SpecError, match="static mixture"):
        fit(tmp_path / "3", asked(), init=str(static))
    again = fit(tmp_path / "again", asked(), "models.reweigh", init=str(static))
    assert read_checkpoint(again).head == read_checkpoint(static).head
    with pytest.raises(OutputError, match="another folder"):
        fit(static, asked(), init=str(first))
    for use, name in (("models.hedge", "tau"), ("models.hedge", "epochs"), ("models.reweigh", "temperature")):
        with pytest.raises(SpecError, match=name):
            fit(tmp_path / "4", [], use, init=str(first), **{name: 0})
