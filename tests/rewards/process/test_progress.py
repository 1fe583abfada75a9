"""Differences of step values, and what an unscored step leaves unscored."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from guerdon.core.build import build
from guerdon.core.concurrency import run_sync
from guerdon.core.contracts import Reward
from guerdon.core.errors import SpecError
from guerdon.core.types import Score, Status, sample
from guerdon.rewards.process.progress import Progress
from guerdon.rewards.verifiers.length import Length


def scored(tmp_path: Path, values: list[float | None], **spec: Any) -> Score:
    steps = [{"value": v, "status": "ok" if v is not None else "failed"} for v in values]
    path = tmp_path / "items.jsonl"
    path.write_text(json.dumps({"id": "s", "scores": [{"value": None, "status": "ok", "steps": steps}]}) + "\n")
    reward = {"use": "rewards.stored", "path": str(path)}
    built = build({"use": "rewards.process.progress", "reward": reward, **spec}, Reward)  # type: ignore[type-abstract]
    return run_sync(built.score([sample("q", "r", id="s")]))[0].scores[0]


def test_progress_is_the_difference_from_the_step_before(tmp_path: Path) -> None:
    steps = scored(tmp_path, [0.75, 0.25, 1.0], start=0.5).steps
    assert [s.value for s in steps] == [0.25, -0.5, 0.75] and [s.parts["value"] for s in steps] == [0.75, 0.25, 1.0]


def test_what_has_nothing_to_be_compared_with_is_unscored(tmp_path: Path) -> None:
    steps = scored(tmp_path, [0.5, None, 1.0, 0.25]).steps
    assert [s.value for s in steps] == [None, None, None, -0.75]
    assert [s.status for s in steps] == [Status.ABSTAINED, Status.FAILED, Status.ABSTAINED, Status.OK]


def test_it_folds(tmp_path: Path) -> None:
    inner = {"use": "rewards.stored", "path": str(tmp_path / "items.jsonl")}
    scored(tmp_path, [0.75, 0.25])
    progress = {"use": "rewards.process.progress", "reward": inner, "start": 0.5}
    spec = {"use": "rewards.process.aggregate", "how": "min", "reward": progress}
    built = build(spec, Reward)  # type: ignore[type-abstract]
    assert run_sync(built.score([sample("q", "r", id="s")]))[0].values == (-0.5,)


def test_a_reward_without_steps_is_refused() -> None:
    with pytest.raises(SpecError, match="gives no step scores"):
        Progress(reward=Length())
