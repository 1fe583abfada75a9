"""The self-check finds what it is there to find."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from guerdon.core.errors import CheckpointError
from guerdon.models.checkpoint import load_checkpoint
from guerdon.models.features import feature_rows
from guerdon.models.heads.scalar import Scalar
from guerdon.models.reward_model import RewardModel
from guerdon.models.scorer import Scorer
from guerdon.models.selfcheck import PROBES, distance, self_check
from tests.models import tiny

Folder = Callable[..., Path]


@pytest.mark.parametrize("kind", ["qwen3", "llama", "gemma", "bert"])
@pytest.mark.parametrize("tuning", ["frozen", "lora", "full"])
def test_a_sound_model_passes(kind: str, tuning: Any, model_folder: Folder, tmp_path: Path) -> None:
    fit = RewardModel(
        backbone=str(model_folder(kind)),
        tuning=tuning,
        epochs=1,
        device="cpu",
        batch_size=8,
        head=Scalar(read=("last", "mean")),
    )
    out = fit.fit(tiny.pairs(12), tmp_path / "out")
    check = self_check(out, device="cpu")
    assert check.ok and check.batches <= 1e-5 and check.reloaded is not None and check.reloaded <= 1e-5
    assert check.lines()[0].count("|") >= 1 and "boundary tokens" in check.lines()[0]


@pytest.fixture
def checkpoint(model_folder: Folder, tmp_path: Path) -> Path:
    fit = RewardModel(backbone=str(model_folder("qwen3")), epochs=1, device="cpu", head=Scalar(read=("last",)))
    return fit.fit(tiny.pairs(12), tmp_path / "out")


def test_scores_that_depend_on_the_batch_are_found(checkpoint: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The classic: the last position of the padded row is read instead of the last token."""
    from guerdon.models import pooling

    monkeypatch.setitem(pooling.POSITIONS, "last", lambda h, s: h.hidden[:, -1].float())
    assert self_check(checkpoint, device="cpu", packing="padded").batches > 1e-3


def test_other_weights_than_were_saved_are_found(checkpoint: Path) -> None:
    scorer = load_checkpoint(checkpoint, device="cpu")
    with torch.no_grad():
        scorer.members[0].head.score.weight.mul_(1.001)
    check = self_check(checkpoint, scorer)
    assert not check.ok and check.batches <= 1e-5 and check.reloaded is not None and check.reloaded > 1e-5


def test_the_distance_is_relative_to_one_or_the_score() -> None:
    assert distance(np.array([1.0, 110.0]), np.array([0.5, 100.0])) == pytest.approx(0.5)
    assert distance(np.array([]), np.array([])) == 0.0


def test_probes_differ_in_length_and_the_cache_is_left_alone(checkpoint: Path, own_cache: Path) -> None:
    assert len({len(p) + len(r) for p, r in PROBES}) == len(PROBES)
    scorer = load_checkpoint(checkpoint, device="cpu", cached=True)
    before = {f.name for f in own_cache.rglob("*")}
    self_check(checkpoint, scorer)
    assert isinstance(scorer, Scorer) and scorer.cached and {f.name for f in own_cache.rglob("*")} == before


def test_fits_of_one_frozen_backbone_read_its_probes_once_and_still_check_every_head(
    model_folder: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from guerdon.models import fitting, scorer, selfcheck

    passes: list[int] = []
    monkeypatch.setattr(scorer, "feature_rows", lambda *a, **o: passes.append(1) or feature_rows(*a, **o))
    monkeypatch.setattr(selfcheck, "READ", {})

    def fit(name: str, **fields: Any) -> Path:
        passes.clear()
        model = RewardModel(backbone=str(model_folder("bert")), epochs=1, device="cpu", **fields)
        return model.fit(tiny.pairs(12), tmp_path / name)

    first, count = fit("first"), len(passes)
    second = fit("second", seed=1)
    assert count == 8 + 3 + 2 and not passes, (
        "alone, in threes, in one batch (which the saved scores are of) and turned"
    )
    fit("other", head=Scalar(read=("last",)))
    assert passes, "another reading is another matter"
    for out in (first, second):
        passes.clear()
        check = self_check(out, device="cpu")
        assert check.ok and len(passes) == 8 + 3 + 2
    real = fitting.write_weights

    def forgetful(folder: Path, heads: Any) -> None:
        for parameter in heads[0].parameters():
            torch.nn.init.normal_(parameter)
        real(folder, heads)

    probes = fitting.Fitting._probes
    monkeypatch.setattr(
        fitting.Fitting, "_probes", lambda *a: (probes(*a), forgetful(a[0].out, [m.head for m in a[1]]))[0]
    )
    with pytest.raises(CheckpointError, match="does not give its own scores back"):
        fit("lost", seed=2)
    assert not passes
