"""`models.parts_model`: what is asked, kept, refused and found again (known answers in tests/papers)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from guerdon.core.build import build
from guerdon.core.concurrency import run_sync
from guerdon.core.contracts import Fit, Reward
from guerdon.core.errors import CheckpointError, DataError, OutputError, SpecError
from guerdon.core.types import Judgement, Sample, Score
from guerdon.models.checkpoint import read_checkpoint
from guerdon.models.parts_model import PartsModel
from tests.models.parts_world import NAMES, rated, spec


def fit(folder: Path, samples: Sequence[Sample], **fields: Any) -> Path:
    return build(spec(**fields), Fit).fit(samples, folder)  # type: ignore[type-abstract]


@dataclass(frozen=True)
class Forgetful(Reward):
    """Leaves out a part of every response the first time it sees it."""

    seen: list[str] = field(default_factory=list, compare=False)
    ordered: bool = False

    @property
    def order_sensitive(self) -> bool:
        return self.ordered

    async def score(self, samples: Sequence[Sample]) -> list[Judgement]:
        made = []
        for s in samples:
            forgets = s.id not in self.seen
            self.seen.append(s.id)
            labels = [{**r.labels, **({"right": None} if forgets else {})} for r in s.responses]
            made.append(Judgement(scores=tuple(Score(value=0.0, parts=found) for found in labels)))
        return made


def test_a_response_that_lacks_a_part_is_asked_again(tmp_path: Path) -> None:
    reward = Forgetful()
    made = PartsModel(reward=reward, features=NAMES, epochs=1.0, validation=0.0, resample=1)
    about = json.loads((made.fit(rated(8), tmp_path / "m") / "guerdon.json").read_text(encoding="utf-8"))
    assert about["data"]["asked_again"] == 16 and about["data"]["left_out"] == {} and about["data"]["used"] == 8
    assert sorted(reward.seen) == sorted([s.id for s in rated(8)] * 2)


def test_nothing_left_is_said_with_its_reason(tmp_path: Path) -> None:
    made = PartsModel(reward=Forgetful(), features=NAMES, epochs=1.0, resample=0)
    with pytest.raises(DataError, match="8 left out: a feature of the response is missing"):
        made.fit(rated(8), tmp_path / "m")


def test_an_order_sensitive_reward_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="in an order"):
        PartsModel(reward=Forgetful(ordered=True), features=NAMES).fit(rated(2), tmp_path / "m")


def test_the_same_fit_is_done_once_and_another_does_not_overwrite_it(tmp_path: Path) -> None:
    folder = fit(tmp_path / "m", rated(12))
    before = (folder / "guerdon.json").read_bytes()
    fit(folder, rated(12))
    assert (folder / "guerdon.json").read_bytes() == before
    with pytest.raises(OutputError, match="holds a model already"):
        fit(folder, rated(13))
    with pytest.raises(OutputError, match="holds a model already"):
        fit(folder, rated(12), seed=1)


def test_the_same_seed_gives_the_same_weights_and_another_does_not(tmp_path: Path) -> None:
    one, two, other = (fit(tmp_path / n, rated(12), seed=s) for n, s in (("a", 0), ("b", 0), ("c", 1)))
    heads = [(f / "head.safetensors").read_bytes() for f in (one, two, other)]
    assert heads[0] == heads[1] != heads[2]


def test_validation_is_held_out_by_prompt_and_reported(tmp_path: Path) -> None:
    about = json.loads(
        (fit(tmp_path / "m", rated(60), validation=0.3, epochs=4) / "guerdon.json").read_text(encoding="utf-8")
    )
    sizes = about["data"]["training_groups"], about["data"]["validation_groups"]
    assert sum(sizes) == 60 and 5 < sizes[1] < 35 and about["result"]["eval_pairs"] == sizes[1]
    assert 0 <= about["result"]["eval_accuracy"] <= 1


def test_what_is_no_such_folder_is_a_checkpoint_error(tmp_path: Path) -> None:
    folder = fit(tmp_path / "m", rated(8))
    with pytest.raises(CheckpointError, match=r"loaded by rewards\.compose\.parts_network"):
        read_checkpoint(folder)

    def score(path: Path) -> Any:
        reward = build({"use": "rewards.compose.parts_network", "path": str(path)}, Reward)  # type: ignore[type-abstract]
        return run_sync(reward.score(rated(1)))

    with pytest.raises(CheckpointError, match=r"guerdon\.json is missing"):
        score(tmp_path / "nowhere")
    said = json.loads((folder / "guerdon.json").read_text(encoding="utf-8"))
    (folder / "guerdon.json").write_text(json.dumps({**said, "features": ["clear"]}), encoding="utf-8")
    with pytest.raises(CheckpointError, match=r"layers\.0\.weight' has shape"):
        score(folder)
    (folder / "guerdon.json").write_text(json.dumps({k: v for k, v in said.items() if k != "use"}), encoding="utf-8")
    with pytest.raises(CheckpointError, match="no model of parts"):
        score(folder)


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"features": []}, "one or more"),
        ({"features": ["clear", "clear"]}, "different"),
        ({"scale": 0.0}, "scale is above 0"),
        ({"epochs": 0}, "epochs is above 0"),
        ({"resample": -1}, "resample is not negative"),
        ({"validation": 1.0}, "share in"),
        ({"scheduler": "cosin"}, "Did you mean 'cosine'"),
        ({"head": {"use": "models.heads.preference_embedding"}}, "only compares"),
    ],
)
def test_bad_fields_are_spec_errors(fields: dict[str, Any], says: str) -> None:
    with pytest.raises(SpecError, match=says):
        build(spec(**fields), Fit)  # type: ignore[type-abstract]


def test_a_pair_left_out_takes_no_other_with_it(tmp_path: Path) -> None:
    samples = rated(10)
    bare = replace(samples[4].responses[0], labels={"clear": 1.0})
    samples[4] = replace(samples[4], responses=(bare, samples[4].responses[1]))
    about = json.loads((fit(tmp_path / "m", samples) / "guerdon.json").read_text(encoding="utf-8"))
    assert about["data"]["used"] == 9 and about["data"]["left_out"] == {"missing_part": 1}
    assert "s4" in about["data"]["left_out_lines"][0]
