"""Two real processes (gloo, CPU) train the model that one process trains."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from guerdon.core.build import build
from guerdon.core.contracts import Fit
from guerdon.models.dataset import NOTHING, GroupSampler
from guerdon.models.groups import split
from guerdon.models.output import locked
from tests.models.test_trainer import groups, trained

Folder = Callable[..., Path]
GROUPS = 27  # with 25 to train on: no multiple of the batch, so that one process has nothing in the last one
TORCHRUN = ("torch.distributed.run", "--nproc-per-node=2", "--standalone", "--max-restarts=0", "-m")


def spec(folder: Path, **fields: Any) -> dict[str, Any]:
    return {
        "use": "models.reward_model", "backbone": str(folder), "tuning": "full", "device": "cpu", "epochs": 2,
        "head": {"use": "models.heads.scalar", "read": ["last"]}, "learning_rate": 1e-3, "batch_size": 4, "early_stopping": 0,
        "validation": 0.1, "lora": {"rank": 4, "dropout": 0.0}, **fields,
    }  # fmt: skip


def launch(tmp_path: Path, name: str, fit: dict[str, Any], **more: Any) -> Path:
    """Starts the fit in two processes; the folder it left."""
    done = launched(tmp_path, name, fit, **more)
    assert done.returncode == 0, done.stdout[-3000:]
    return tmp_path / name


def launched(tmp_path: Path, name: str, fit: dict[str, Any], **more: Any) -> subprocess.CompletedProcess[str]:
    asked = tmp_path / f"{name}.spec.json"
    asked.write_text(json.dumps({"fit": fit, "groups": GROUPS, **more}))
    quiet = {"GUERDON_PROGRESS": "off", "OMP_NUM_THREADS": "1"}
    return subprocess.run(
        [sys.executable, "-m", *TORCHRUN, "tests.models.fit_together", str(asked), str(tmp_path / name)],
        env={**os.environ, **quiet}, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=500,
    )  # fmt: skip


def said(out: Path) -> list[dict[str, Any]]:
    found = [json.loads(out.with_suffix(f".{rank}.json").read_text()) for rank in range(2)]
    assert [f["first"] for f in found] == [True, False] and all(f["world"] == 2 and f["done"] for f in found)
    return found


def same(found: Path, wanted: Path) -> None:
    """The same curve and the same model, but for the rounding of sums in another order."""
    (tensors, curve), (alone, usual) = trained(found), trained(wanted)
    assert [r["step"] for r in curve] == [r["step"] for r in usual] and len(curve) > 1
    for row, other in zip(curve, usual, strict=True):
        assert row.keys() == other.keys()
        for name, value in row.items():
            assert value == pytest.approx(other[name], abs=1e-4), name
    assert tensors.keys() == alone.keys()
    for name, tensor in tensors.items():
        torch.testing.assert_close(tensor, alone[name], atol=2e-3, rtol=1e-2)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("qwen3", {}),
        ("llama", {"tuning": "lora", "batch_size": 2, "gradient_accumulation": 2, "batch_tokens": 60}),
        ("bert", {"tuning": "frozen", "learning_rate": 1e-2, "ensemble": 2}),
    ],
)
def test_two_processes_give_the_losses_of_one(
    kind: str, fields: dict[str, Any], model_folder: Folder, tmp_path: Path
) -> None:
    """Half the batch in each of two processes; with a token budget that splits their halves into unlike numbers of parts."""
    fit = spec(model_folder(kind), **fields)
    together = launch(tmp_path, "together", fit)
    one = build({**fit, "batch_size": 2 * fit["batch_size"], "batch_tokens": 2048}, Fit)  # type: ignore[type-abstract]
    alone = one.fit(groups(GROUPS), tmp_path / "alone")
    same(together, alone)
    first, second = said(together)
    each = fit["epochs"] * fields.get("ensemble", 1)
    training = [g.id for g in split(groups(GROUPS), 0.1)[0]]
    assert sorted(first["seen"] + second["seen"]) == sorted(each * training), "no group twice, none left out"
    assert first["saved"] > 0 and second["saved"] == 0, "only the first process writes"
    assert not list(together.glob("trainer/member-*/checkpoint-*"))
    kept = [json.loads((o / "guerdon.json").read_text())["result"] for o in (together, alone)]
    assert kept[0]["eval_loss"] == pytest.approx(kept[1]["eval_loss"], abs=1e-4)


@pytest.mark.slow
def test_weights_spread_over_two_processes_give_the_losses_of_one(model_folder: Folder, tmp_path: Path) -> None:
    """FSDP: sharded while it trains, whole in the checkpoint."""
    fit = spec(model_folder("qwen3"), batch_tokens=100)
    together = launch(tmp_path, "together", fit, sharded=True)
    one = build({**fit, "batch_size": 8, "batch_tokens": 2048}, Fit)  # type: ignore[type-abstract]
    same(together, one.fit(groups(GROUPS), tmp_path / "alone"))


@pytest.mark.slow
def test_processes_that_died_go_on_together(model_folder: Folder, tmp_path: Path) -> None:
    fit = spec(model_folder("qwen3"), epochs=3)
    died = launched(tmp_path, "together", fit, crash=16)
    assert died.returncode != 0 and not (tmp_path / "together" / "guerdon.json").exists()
    assert list((tmp_path / "together").glob("trainer/member-0/checkpoint-*"))
    together = launch(tmp_path, "together", fit)
    assert len(said(together)[0]["seen"]) < 3 * 13, "it went on from its last checkpoint"
    one = build({**fit, "batch_size": 8}, Fit)  # type: ignore[type-abstract]
    same(together, one.fit(groups(GROUPS), tmp_path / "alone"))


@pytest.mark.slow
def test_a_folder_that_is_held_is_told_by_every_process(model_folder: Folder, tmp_path: Path) -> None:
    with locked(tmp_path / "out"):
        refused = launched(tmp_path, "out", spec(model_folder("bert")))
    assert refused.returncode != 0
    assert refused.stdout.count("OutputError: ") >= 2 and "another process is writing here" in refused.stdout


def test_an_order_is_filled_up_for_the_processes_and_holds_every_group_once() -> None:
    sampler = GroupSampler([3, 1, 2] * 7, 8, seed=0, multiple=8)
    order = list(sampler)
    assert len(order) == len(sampler) == 24 and order[21:] == [NOTHING] * 3 and sorted(order[:21]) == list(range(21))
    assert order[:21] == list(GroupSampler([3, 1, 2] * 7, 8, seed=0))
    assert list(GroupSampler([5, 4], 1, None, 4)) == [0, 1, NOTHING, NOTHING]
