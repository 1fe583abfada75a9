"""Running out of memory halves the token budget once, changes no result, and ends the run with a clear line the second time."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from guerdon.core.concurrency import run_sync
from guerdon.core.errors import ResourceError
from guerdon.models import states
from guerdon.models.memory import Memory, ran_out
from guerdon.models.network import RewardNetwork
from guerdon.models.reward_model import RewardModel
from guerdon.rewards.trained import Trained
from tests.models import tiny
from tests.models.test_packed_training import fit, groups, path_of

Folder = Callable[..., Path]
CPU = "[enforce fail at alloc_cpu.cpp:118] err == 0. DefaultCPUAllocator: can't allocate memory: you tried to allocate 8 bytes."
ERRORS = [torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB."), RuntimeError(CPU), MemoryError()]


def failing(
    monkeypatch: pytest.MonkeyPatch, whole: Any, name: str, when: Callable[[int, Any], bool], error: BaseException
) -> list[int]:
    """Makes a function fail for want of memory at the calls that `when(number, arguments)` picks; the tokens of each call."""
    real, calls = getattr(whole, name), list[int]()

    def made(*given: Any, **named: Any) -> Any:
        calls.append(_tokens(given))
        if when(len(calls), given):
            raise error
        return real(*given, **named)

    monkeypatch.setattr(whole, name, made)
    return calls


def _tokens(given: Any) -> int:
    """The tokens of a pass; of a network, only those of a training pass."""
    model, held = given[:2]
    if isinstance(held, dict):
        return sum(b.tokens for v in held.values() for b in v.batches) if model.training else 0
    return getattr(held, "tokens", 0)


@pytest.mark.parametrize("error", ERRORS, ids=lambda e: type(e).__name__)
def test_a_step_is_done_again_with_half_the_budget_and_the_trajectory_stays(
    error: BaseException,
    model_folder: Folder,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """In the second micro-batch of a step, after gradients of it are there; no loss counts twice."""
    options: dict[str, Any] = {"batch_size": 4, "gradient_accumulation": 2, "batch_tokens": 400, "epochs": 2}
    wanted = path_of(fit(model_folder("qwen3"), tmp_path / "whole", **options))
    with monkeypatch.context() as patch, caplog.at_level(logging.WARNING, "guerdon.models"):
        calls = failing(patch, RewardNetwork, "forward", lambda n, given: given[0].training and n == 4, error)
        found = path_of(fit(model_folder("qwen3"), tmp_path / "short", **options))
    assert max(calls[:4]) > 200 >= max(calls[4:]), "half the budget holds from there on"
    assert "out of memory with batch_tokens = 400: going on with 200" in caplog.text
    assert [r["step"] for r in found[0]] == [r["step"] for r in wanted[0]]
    for row, usual in zip(found[0], wanted[0], strict=True):
        assert row == pytest.approx(usual, abs=1e-4)
    for name, tensor in wanted[1].items():
        torch.testing.assert_close(found[1][name], tensor, atol=1e-4, rtol=1e-3)
    said = json.loads((tmp_path / "short" / "guerdon.json").read_text())
    assert said["result"]["batch_tokens_halved_to"] == 200
    assert "batch_tokens_halved_to" not in json.loads((tmp_path / "whole" / "guerdon.json").read_text())["result"]


def test_a_second_shortage_ends_the_run_and_names_the_budget(
    model_folder: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing(monkeypatch, RewardNetwork, "forward", lambda n, given: given[0].training and n >= 3, ERRORS[0])
    with pytest.raises(ResourceError, match="out of memory with batch_tokens = 400 and with half of it; .*max_length"):
        fit(model_folder("qwen3"), tmp_path / "out", batch_tokens=400, epochs=1)
    assert not (tmp_path / "out" / "guerdon.json").exists()
    monkeypatch.undo()
    fit(model_folder("qwen3"), tmp_path / "other", batch_tokens=400, epochs=1)


def test_validation_goes_on_with_half_the_budget(
    model_folder: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = path_of(fit(model_folder("qwen3"), tmp_path / "whole", batch_tokens=400))
    calls: list[bool] = []

    def at_first_evaluation(number: int, given: Any) -> bool:
        calls.append(given[0].training)
        return calls.count(False) == 1 and not given[0].training

    failing(monkeypatch, RewardNetwork, "forward", at_first_evaluation, ERRORS[1])
    found = path_of(fit(model_folder("qwen3"), tmp_path / "short", batch_tokens=400))
    for row, usual in zip(found[0], wanted[0], strict=True):
        assert row == pytest.approx(usual, abs=1e-4)


@pytest.mark.parametrize("packing", ["shared", "padded"])
def test_scoring_reads_what_is_left_with_half_the_budget(
    packing: Any,
    model_folder: Folder,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    out = fit(model_folder("qwen3"), tmp_path / "out", epochs=1)
    some = groups(30)
    usual = [j.values for j in run_sync(Trained(path=out, device="cpu", packing=packing).score(some))]
    reward = Trained(path=out, device="cpu", packing=packing, batch_tokens=300)
    assert reward.scorer.members[0].backbone.packing == packing
    with monkeypatch.context() as patch, caplog.at_level(logging.WARNING, "guerdon.models"):
        calls = failing(patch, states, "run", lambda n, given: n == 2, ERRORS[0])
        found = [j.values for j in run_sync(reward.score(some))]
    assert "going on with 150" in caplog.text and max(calls[:2]) > 150 >= max(calls[2:])
    for mine, wanted in zip(found, usual, strict=True):
        assert mine == pytest.approx(wanted, abs=1e-5)
    failing(monkeypatch, states, "run", lambda n, given: True, ERRORS[0])
    with pytest.raises(ResourceError, match="batch_tokens = 300 and with half of it"):
        run_sync(reward.score(some))


def test_cached_features_are_computed_with_half_the_budget(
    model_folder: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing(monkeypatch, states, "run", lambda n, given: n == 2, ERRORS[1])
    out = RewardModel(backbone=str(model_folder("bert")), device="cpu", epochs=1, batch_tokens=200).fit(
        tiny.pairs(), tmp_path / "out"
    )
    assert json.loads((out / "guerdon.json").read_text())["result"]["batch_tokens_halved_to"] == 100


def test_other_errors_pass_and_a_pass_without_a_budget_is_not_tried_again() -> None:
    memory = Memory()
    with pytest.raises(RuntimeError, match="shapes"):
        memory.attempt(100, lambda: (_ for _ in ()).throw(RuntimeError("shapes do not fit")))
    assert not memory.halved and all(ran_out(e) for e in ERRORS) and not ran_out(ValueError("out of memory"))
    with pytest.raises(ResourceError, match="out of memory with one batch"):
        memory.attempt(0, lambda: (_ for _ in ()).throw(MemoryError()))
    with pytest.raises(ResourceError, match="batch_tokens = 100;"):
        memory.attempt(100, lambda: (_ for _ in ()).throw(MemoryError()), alone=False)
