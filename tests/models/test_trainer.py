"""The trainer: the right loss scale, resuming bit for bit, the field's metrics, stopping at NaN."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from guerdon.core.errors import DataError, OutputError
from guerdon.core.types import Preference, Sample, sample
from guerdon.models import trainer as trainer_file
from guerdon.models.dataset import GroupSampler
from guerdon.models.heads.scalar import Scalar
from guerdon.models.objectives.bradley_terry import BradleyTerry
from guerdon.models.reward_model import RewardModel
from guerdon.models.trainer import RewardTrainer
from guerdon.models.tuning import Lora
from tests.models import tiny

Folder = Callable[..., Path]


def groups(count: int = 27) -> list[Sample]:
    """Pairs, and every third a list of three with three pairs, one of them a tie, so that groups differ in weight."""
    made: list[Sample] = []
    for i, pair in enumerate(tiny.pairs(count)):
        if i % 3:
            made.append(pair)
            continue
        texts = [r.text for r in pair.responses]
        preferences = (
            *pair.preferences,
            Preference(better=1, worse=2, margin=0.3),
            Preference(better=0, worse=2, tie=True),
        )
        made.append(sample(pair.prompt_text, *texts, f"Air {i}", id=pair.id, preferences=preferences))
    return made


def spec(folder: Path, **fields: Any) -> RewardModel:
    usual: dict[str, Any] = {
        "backbone": str(folder), "head": Scalar(read=("mean",), hidden=(8,), standardise=True), "epochs": 2, "device": "cpu",
        "learning_rate": 1e-2, "early_stopping": 0, "lora": Lora(rank=4, dropout=0.0),
    }  # fmt: skip
    return RewardModel(**{**usual, **fields})


def trained(out: Path) -> tuple[dict[str, torch.Tensor], list[dict[str, float]]]:
    tensors = load_file(out / "head.safetensors")
    for file in out.glob("backbone-0/*.safetensors"):
        tensors |= load_file(file)
    for file in out.glob("adapter-0/*.safetensors"):
        tensors |= load_file(file)
    return tensors, json.loads((out / "curves.json").read_text())


@pytest.mark.parametrize(
    ("kind", "tuning"),
    [("bert", "frozen"), ("qwen3", "frozen"), ("qwen3", "full"), ("llama", "lora"), ("gemma", "full")],
)
def test_eight_at_once_and_one_by_one_take_the_same_path(
    kind: str, tuning: Any, model_folder: Folder, tmp_path: Path
) -> None:
    """The mean is over all pairs of the effective batch, however many pairs a micro-batch holds."""
    rate = 1e-2 if tuning == "frozen" else 1e-3
    runs = []
    for size, steps in ((8, 1), (1, 8), (4, 2)):
        fit = spec(model_folder(kind), tuning=tuning, batch_size=size, gradient_accumulation=steps, learning_rate=rate)
        runs.append(trained(fit.fit(groups(), tmp_path / f"{size}x{steps}")))
    for tensors, curve in runs[1:]:
        assert [r["step"] for r in curve] == [r["step"] for r in runs[0][1]]
        for row, wanted in zip(curve, runs[0][1], strict=True):
            assert row["loss"] == pytest.approx(wanted["loss"], abs=1e-4)
            assert row["eval_loss"] == pytest.approx(wanted["eval_loss"], abs=1e-4)
        assert tensors.keys() == runs[0][0].keys()
        for name, tensor in tensors.items():
            torch.testing.assert_close(tensor, runs[0][0][name], atol=2e-3, rtol=1e-2)


@pytest.mark.parametrize(("tuning", "dropout"), [("frozen", 0.3), ("lora", 0.0), ("full", 0.0)])
@pytest.mark.parametrize("how", ["crash", "ctrl-c"])
def test_a_resumed_training_ends_in_the_same_bits(
    tuning: Any, dropout: float, how: str, model_folder: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A crash goes on from the last checkpoint, Ctrl-C from the very step, in the middle of an epoch; dropout included."""
    head = Scalar(read=("mean",), hidden=(8,), dropout=dropout)
    fit = spec(model_folder("qwen3"), tuning=tuning, head=head, batch_size=4, epochs=3, learning_rate=1e-3)
    whole = fit.fit(groups(), tmp_path / "whole")
    real, calls = RewardTrainer.compute_loss, []

    def stopping(self: RewardTrainer, *arguments: Any, **options: Any) -> Any:
        calls.append(1)
        if len(calls) == 11:
            if how == "crash":
                raise RuntimeError("the machine died")
            os.kill(os.getpid(), signal.SIGINT)
        return real(self, *arguments, **options)

    monkeypatch.setattr(RewardTrainer, "compute_loss", stopping)
    with pytest.raises(RuntimeError if how == "crash" else KeyboardInterrupt):
        fit.fit(groups(), tmp_path / "stopped")
    assert not (tmp_path / "stopped" / "guerdon.json").exists()
    steps = len(calls)
    fit.fit(groups(), tmp_path / "stopped")
    total = 3 * 7  # three epochs of ceil(25 training groups / 4) steps
    again = len(calls) - steps
    assert again < total and (again == total - 11 if how == "ctrl-c" else again == total - 7)
    wanted, found = trained(whole), trained(tmp_path / "stopped")
    assert all(torch.equal(t, found[0][n]) for n, t in wanted[0].items())
    told = [
        [
            {k: v for k, v in row.items() if how == "crash" or k.startswith(("step", "eval"))}
            for row in curve
            if "eval_loss" in row
        ]
        for curve in (wanted[1], found[1])
    ]
    assert told[0] == told[1], "but for the training loss of the interval in which Ctrl-C came, told in two parts"


def test_a_checkpoint_cut_off_by_a_kill_is_passed_over(
    model_folder: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fit = spec(model_folder("bert"), batch_size=4, epochs=3)
    whole = fit.fit(groups(), tmp_path / "whole")
    real = trainer_file.save_file
    calls: list[Path] = []

    def dying(tensors: Any, path: Path, **options: Any) -> None:
        calls.append(path)
        if len(calls) == 2:
            Path(path).write_bytes(b"\0\0")
            raise KeyboardInterrupt
        real(tensors, path, **options)

    monkeypatch.setattr(trainer_file, "save_file", dying)
    with pytest.raises(KeyboardInterrupt):
        fit.fit(groups(), tmp_path / "stopped")
    monkeypatch.setattr(trainer_file, "save_file", real)
    found = trained(fit.fit(groups(), tmp_path / "stopped"))
    assert all(torch.equal(t, found[0][n]) for n, t in trained(whole)[0].items())


def test_nan_stops_the_run_and_keeps_the_ids_of_its_batch(
    model_folder: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, calls = BradleyTerry.loss, []

    def broken(self: BradleyTerry, out: Any, batch: Any) -> Any:
        calls.append(batch.ids)
        loss, logs = real(self, out, batch)
        return (loss * float("nan") if len(calls) == 3 else loss), logs

    monkeypatch.setattr(BradleyTerry, "loss", broken)
    with pytest.raises(DataError, match="the loss is nan at step 2; the ids of its batch are in"):
        spec(model_folder("bert"), batch_size=4).fit(groups(), tmp_path / "out")
    said = json.loads((tmp_path / "out" / "trainer" / "member-0" / "bad_batch.json").read_text())
    assert said["ids"] == list(calls[2]) and said["step"] == 2
    assert not (tmp_path / "out" / "guerdon.json").exists()


def test_metrics_have_the_fields_names_and_are_those_of_a_loop(model_folder: Folder, tmp_path: Path) -> None:
    """eval_accuracy, eval_margin, eval_mean_reward and eval_loss over the held-out pairs, against the reward's own scores."""
    from guerdon.core.concurrency import run_sync
    from guerdon.models.groups import split
    from guerdon.rewards.trained import Trained

    out = spec(model_folder("bert"), batch_size=4, validation=0.3, epochs=2).fit(groups(), tmp_path / "out")
    held_out = split(groups(), 0.3)[1]
    result = json.loads((out / "guerdon.json").read_text())["result"]
    judged = run_sync(Trained(path=out, device="cpu").score(held_out))
    values = [j.values for j in judged]
    margins = [
        float(v[p.better] or 0) - float(v[p.worse] or 0)
        for s, v in zip(held_out, values, strict=True)
        for p in s.preferences
        if not p.tie
    ]
    assert result["eval_pairs"] == len(margins) > 5
    assert result["eval_accuracy"] == pytest.approx(sum(m > 0 for m in margins) / len(margins))
    assert result["eval_margin"] == pytest.approx(sum(margins) / len(margins), abs=1e-4)
    flat = [float(x or 0) for v in values for x in v]
    assert result["eval_mean_reward"] == pytest.approx(sum(flat) / len(flat), abs=1e-4)
    best = min(trained(out)[1], key=lambda row: row["eval_loss"])
    assert result["eval_loss"] == pytest.approx(best["eval_loss"], abs=1e-5), "the best state is kept"
    assert {"step", "epoch", "loss", "accuracy", "eval_loss", "eval_accuracy", "eval_margin"} <= set(best)


def test_early_stopping_ends_a_training_that_does_not_improve(model_folder: Folder, tmp_path: Path) -> None:
    noisy = groups()
    flipped = [
        sample(s.prompt_text, *(r.text for r in s.responses), id=s.id, preferences=tuple(
            Preference(better=p.worse, worse=p.better) for p in s.preferences)) if i % 2 else s
        for i, s in enumerate(noisy)
    ]  # fmt: skip
    fit = spec(model_folder("bert"), batch_size=4, epochs=30, early_stopping=2, learning_rate=0.05, validation=0.3)
    curve = trained(fit.fit(flipped, tmp_path / "out"))[1]
    losses = [row["eval_loss"] for row in curve if "eval_loss" in row]
    assert len(losses) < 30 and len(losses) - 1 - losses.index(min(losses)) == 2


def test_every_epoch_sees_every_group_once() -> None:
    sampler = GroupSampler([3, 1, 2] * 7, 4, seed=0)
    first = list(sampler)
    sampler.set_epoch(1)
    assert sorted(first) == sorted(sampler) == list(range(21)) and first != list(sampler) and len(sampler) == 21


def test_the_head_has_a_learning_rate_of_its_own(model_folder: Folder, tmp_path: Path) -> None:
    """With the backbone's rate next to nothing only the head moves, and the other way round."""
    before = load_file(model_folder("qwen3") / "model.safetensors")
    head = Scalar(read=("last",), init_std=0.0)
    moved = []
    for rate, own in ((1e-12, 1e-2), (1e-3, 1e-12)):
        fit = spec(
            model_folder("qwen3"), tuning="full", head=head, learning_rate=rate, head_learning_rate=own, batch_size=4
        )
        tensors, _ = trained(fit.fit(groups(), tmp_path / str(own)))
        name = "model.layers.0.self_attn.q_proj.weight"
        body = next(t for n, t in tensors.items() if n.endswith("layers.0.self_attn.q_proj.weight"))
        moved.append((float(tensors["members.0.score.weight"].abs().max()), float((body - before[name]).abs().max())))
    assert moved[0][0] > 1e-3 and moved[0][1] < 1e-8 and moved[1][0] < 1e-8


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), SafetensorError("No space left on device")])
def test_a_full_disk_is_one_line_and_the_run_can_go_on(
    error: Exception, model_folder: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = trainer_file.save_file

    def full(*arguments: Any, **options: Any) -> None:
        raise error

    monkeypatch.setattr(trainer_file, "save_file", full)
    with pytest.raises(OutputError, match="is the disk full.*No space left on device"):
        spec(model_folder("bert")).fit(groups(), tmp_path / "out")
    monkeypatch.setattr(trainer_file, "save_file", real)
    assert (spec(model_folder("bert")).fit(groups(), tmp_path / "out") / "guerdon.json").is_file()
