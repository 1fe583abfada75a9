"""MetaRM as a fit: what it takes, plain training without ascent, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from guerdon.core.build import build
from guerdon.core.errors import DataError, SpecError
from guerdon.core.types import Sample, sample
from guerdon.models.learner import Learner
from guerdon.models.meta_reward_model import MetaRewardModel
from guerdon.models.meta_update import MetaUpdate
from guerdon.models.reward_model import RewardModel
from tests.models.tiny import pairs

MODEL = {"epochs": 2, "batch_size": 8, "validation": 0.0, "device": "cpu"}


def shifted(count: int = 5) -> list[Sample]:
    return [sample(f"Tell me about {i}.", f"Well, {i}.", f"No {i}.", f"{i}?", id=f"s{i}") for i in range(count)]


def fit(ascent: float = 0.1, **model: Any) -> MetaRewardModel:
    return MetaRewardModel(model=RewardModel(**{**MODEL, **model}), update=MetaUpdate(ascent=ascent), shifted=3)


def heads(folder: Path) -> bytes:
    return (folder / "head.safetensors").read_bytes()


def test_it_goes_up_the_difference_and_without_ascent_does_not(tmp_path: Path) -> None:
    data = [*pairs(16), *shifted()]
    folders = {eta: fit(eta).fit(data, tmp_path / str(eta)) for eta in (0.0, 0.1)}
    assert heads(folders[0.0]) != heads(folders[0.1])
    rows = json.loads((folders[0.1] / "curves.json").read_text())
    assert [row["step"] for row in rows] == [2, 4] and all(1 / 3 <= row["difference"] < 2 / 3 for row in rows)
    said = json.loads((folders[0.1] / "guerdon.json").read_text())
    assert said["fit"]["use"] == "models.meta_reward_model" and said["data"]["samples"] == 21


def test_only_whole_samples_without_preferences_are_the_policy_s(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[set[str]] = []
    step = MetaUpdate.step

    def watched(self: MetaUpdate, models: dict[str, Learner], batch: list[Sample]) -> Any:
        seen.append({s.id for s in batch if not s.preferences})
        return step(self, models, batch)  # type: ignore[arg-type]

    monkeypatch.setattr(MetaUpdate, "step", watched)
    odd = [sample("q", "one alone", id="alone"), sample("q", "a", " ", id="empty")]
    folder = fit().fit([*odd, *shifted(), *pairs(16)], tmp_path / "model")
    assert set().union(*seen) == {f"s{i}" for i in range(5)} and all(len(ids) == 3 for ids in seen)
    assert json.loads((folder / "guerdon.json").read_text())["data"]["left_out"] == {"no_preference": 2}


def test_lacking_either_side_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="give the policy's own answers"):
        fit().fit(pairs(8), tmp_path / "a")
    with pytest.raises(DataError, match="no usable group"):
        fit().fit(shifted(), tmp_path / "b")


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: fit(ascent=-1), "ascent is not negative"),
        (lambda: fit(ensemble=2), "ensemble is 1 here"),
        (lambda: fit(head=build("models.heads.preference_embedding")), "gives no reward"),
        (lambda: fit(objective=build("models.objectives.regression")), "reads no preferences"),
        (lambda: MetaRewardModel(shifted=0), "shifted is at least 1"),
        (lambda: MetaUpdate().step({"a": None, "b": None}, []), "trains one model, found 2"),
    ],
)
def test_bad_settings_are_refused(make: Any, says: str) -> None:
    with pytest.raises(SpecError, match=says):
        make()


def test_a_batch_without_preferences_is_told() -> None:
    with pytest.raises(DataError, match="no sample of the batch has a preference"):
        MetaUpdate().step({"model": None}, shifted(1))
