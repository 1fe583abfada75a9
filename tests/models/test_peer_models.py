"""Two models trained by peer review: resuming, tuned backbones, the validation figures, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file

from guerdon.core.build import build
from guerdon.core.concurrency import run_sync
from guerdon.core.contracts import Fit
from guerdon.core.errors import DataError, OutputError, SpecError
from guerdon.core.types import Preference, Sample
from guerdon.curation.label_noise import LabelNoise
from guerdon.models.peer_models import PeerModels
from guerdon.models.peer_review import PeerReview
from guerdon.models.peers import Peers
from guerdon.models.reward_model import RewardModel
from guerdon.rewards.trained import Trained
from tests.models.tiny import pairs


def fit(**fields: Any) -> PeerModels:
    model = {"epochs": 3, "batch_size": 8, "validation": 0.25, "device": "cpu", **fields.pop("model", {})}
    return PeerModels(model=RewardModel(**model), update=PeerReview(noise=0.25), **fields)


def noisy() -> list[Sample]:
    return run_sync(LabelNoise(share=0.25).apply(pairs(32)))


def heads(folder: Path) -> dict[str, Any]:
    return {k: v.tolist() for k, v in load_file(folder / "head.safetensors").items()}


def test_an_interrupted_fit_goes_on_after_the_last_whole_epoch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked, samples = fit(order="bucketed"), noisy()
    whole = asked.fit(samples, tmp_path / "whole")
    step, begun = Peers.step, []

    def stopping(self: Peers, learners: Any, batch: Sequence[Sample], epoch: int) -> Any:
        begun.append(epoch)
        if epoch == 2:
            raise KeyboardInterrupt
        return step(self, learners, batch, epoch)

    monkeypatch.setattr(Peers, "step", stopping)
    with pytest.raises(KeyboardInterrupt):
        asked.fit(samples, tmp_path / "stopped")
    begun.clear()
    monkeypatch.setattr(Peers, "step", lambda *given: (begun.append(given[3]), step(*given))[1])
    stopped = asked.fit(samples, tmp_path / "stopped")
    assert set(begun) == {2}, "only the last epoch ran again"
    assert heads(stopped) == heads(whole)
    assert (stopped / "curves.json").read_text() == (whole / "curves.json").read_text()
    assert not (stopped / "trainer" / "state.pt").exists()
    assert asked.fit(samples, stopped) == stopped, "a finished fit is found finished"
    with pytest.raises(OutputError, match="another spec or other data"):
        replace(asked, bins=3).fit(samples, stopped)


@pytest.mark.parametrize("tuning", ["lora", "full"])
def test_tuned_decoders_review_each_other(tuning: str, tmp_path: Path, model_folder: Callable[..., Path]) -> None:
    path = str(model_folder("qwen3"))
    model = {
        "backbone": path,
        "tuning": tuning,
        "epochs": 2,
        "learning_rate": 1e-2,
        "gradient_accumulation": 2,
        "batch_size": 4,
    }
    asked = fit(model={**model, "head": build("models.heads.scalar"), "batch_tokens": 128})
    folder = asked.fit(noisy(), tmp_path / "model")
    name = "adapter" if tuning == "lora" else "backbone"
    first, second = (sorted((folder / f"{name}-{i}").glob("*.safetensors"))[0].read_bytes() for i in (0, 1))
    assert first != second, "each has a backbone or adapters of its own"
    samples = pairs(4)
    values = [run_sync(Trained(path=folder, member=m, device="cpu").score(samples)) for m in (None, 0, 1)]
    for mean, a, b in zip(*values, strict=True):
        assert mean.values == pytest.approx([(x + y) / 2 for x, y in zip(a.values, b.values, strict=True)], abs=1e-5)  # type: ignore[operator]


def test_the_curves_have_both_models_and_their_mean(tmp_path: Path) -> None:
    folder = fit().fit(noisy(), tmp_path / "model")
    for row in json.loads((folder / "curves.json").read_text()):
        for name in ("loss", "eval_loss", "eval_accuracy"):
            assert row[name] == pytest.approx((row[f"{name}_a"] + row[f"{name}_b"]) / 2)
        assert 0 <= row["kept_precision_a"] <= 1 and row["precision"] == pytest.approx(0.75, abs=0.15)
    result = json.loads((folder / "guerdon.json").read_text())
    assert result["fit"]["use"] == "models.peer_models" and len(result["result"]["members"]) == 2


def test_samples_with_several_pairs_and_ties_are_reviewed_pair_by_pair(tmp_path: Path) -> None:
    more = (Preference(better=0, worse=1), Preference(better=0, worse=1, tie=True), Preference(better=1, worse=0))
    samples = [replace(s, preferences=more) for s in pairs(8)]
    folder = fit(model={"validation": 0.0, "epochs": 2}).fit(samples, tmp_path / "model")
    [step] = [json.loads(line) for line in (folder / "steps" / "epoch-1.jsonl").read_text().splitlines()]
    assert len(step["a"]) == 12 and all(place != 1 for _, place in step["a"]), (
        "three quarters of the 16 that are no ties"
    )


def test_ties_alone_teach_nothing_and_say_so(tmp_path: Path) -> None:
    tied = [replace(s, preferences=(Preference(better=0, worse=1, tie=True),)) for s in pairs(8)]
    with pytest.raises(DataError, match="nothing to learn in 8 groups: 8 of 8 pairs are ties"):
        fit(model={"validation": 0.0, "epochs": 1}).fit(tied, tmp_path / "model")


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"model": {"ensemble": 2}}, "peers are always two"),
        ({"model": {"batch_size": 1}}, "batch_size is at least 2"),
        ({"model": {"head": build("models.heads.preference_embedding")}}, "gives no reward to review by"),
        ({"model": {"objective": build("models.objectives.regression")}}, "reads no preferences"),
        ({"order": "sortd"}, "Did you mean 'sorted'"),
        ({"bins": 0}, "bins is at least 1"),
    ],
)
def test_bad_settings_are_refused(fields: dict[str, Any], says: str) -> None:
    with pytest.raises(SpecError, match=says):
        fit(**fields)


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"noise": 1.0}, "noise is in"),
        ({"ramp": -1}, "ramp is not negative"),
        ({"review": "pear"}, "Did you mean 'peer'"),
    ],
)
def test_a_bad_review_is_refused(fields: dict[str, Any], says: str) -> None:
    with pytest.raises(SpecError, match=says):
        PeerReview(**fields)
    with pytest.raises(SpecError, match="between two models, found 1"):
        PeerReview().step({"a": None}, [])


def test_nothing_to_train_on_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no usable group"):
        build("models.peer_models", Fit).fit([], tmp_path / "model")  # type: ignore[type-abstract]
