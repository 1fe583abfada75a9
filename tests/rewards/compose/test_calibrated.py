"""Calibration fits and the reward that applies them, through specs and folders."""

from __future__ import annotations

import dataclasses
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from guerdon.core.build import build
from guerdon.core.concurrency import run_sync
from guerdon.core.contracts import Fit, Reward
from guerdon.core.errors import CheckpointError, DataError, OutputError, SpecError
from guerdon.core.specfile import CHECKPOINT_FILE, read_spec
from guerdon.core.types import Judgement, Preference, Sample, Status, answer, sample
from guerdon.judging.pairs import margin
from guerdon.metrics.calibration import expected_calibration_error, sigmoid

LABELS = {"use": "rewards.labels", "names": ["said"]}


def pair(number: int, better: float | None, worse: float, **preference: Any) -> Sample:
    said = [{} if v is None else {"said": v} for v in (better, worse)]
    made = sample("q", id=f"p{number}", preferences=())
    return dataclasses.replace(
        made,
        responses=tuple(answer("a", labels=s) for s in said),
        preferences=(Preference(better=0, worse=1, **preference),),
    )


def fitted(use: str, rows: list[Sample], out: Path, **fields: Any) -> Reward:
    folder = build({"use": use, "reward": LABELS, **fields}, Fit).fit(rows, out)  # type: ignore[type-abstract]
    return build(read_spec(folder).reward, Reward)  # type: ignore[type-abstract]


def judged(reward: Reward, *rows: Sample) -> list[Judgement]:
    return run_sync(reward.score(list(rows)))


def boastful(n: int, seed: int = 0) -> list[Sample]:
    """Pairs whose stated log-odds are five times the true ones."""
    rng = np.random.default_rng(seed)
    honest = rng.normal(0, 2, n)
    gaps = 5 * np.where(rng.random(n) < sigmoid(honest), honest, -honest)
    return [pair(i, float(g), 0.0) for i, g in enumerate(gaps)]


def test_a_temperature_by_hand(tmp_path: Path) -> None:
    """Right three times of four at a difference of 2: T = 2/ln 3, so that σ(2/T) = ¾."""
    rows = [pair(0, 2.0, 0.0), pair(1, 3.0, 1.0), pair(2, 2.0, 0.0), pair(3, 0.0, 2.0)]
    reward = fitted("models.temperature", rows, tmp_path / "t")
    (found,) = judged(reward, pair(9, 5.0, 3.0))
    first, second = found.values
    assert first is not None and second is not None and first - second == pytest.approx(math.log(3))
    assert found.scores[0].parts["raw"] == 5.0
    said = json.loads((tmp_path / "t" / CHECKPOINT_FILE).read_text())
    assert said["calibration"]["temperature"] == pytest.approx(2 / math.log(3)) and said["result"]["pairs"] == 4
    assert said["result"]["log_loss"][1] < said["result"]["log_loss"][0]


def test_soft_labels_ties_and_weights_count(tmp_path: Path) -> None:
    soft = fitted("models.temperature", [pair(0, 2.0, 0.0, prob=0.75)], tmp_path / "a")
    weighed = fitted("models.temperature", [pair(0, 2.0, 0.0, weight=3.0), pair(1, 0.0, 2.0)], tmp_path / "b")
    tied = fitted("models.temperature", [pair(0, 2.0, 0.0), pair(1, 2.0, 0.0, tie=True)], tmp_path / "c")
    for reward in (soft, weighed, tied):
        (found,) = judged(reward, pair(9, 2.0, 0.0))
        assert found.values[0] == pytest.approx(math.log(3))


def test_fresh_pairs_become_honest(tmp_path: Path) -> None:
    """The check on pairs that the map has not seen; the raw reward fails it."""
    train, test = boastful(3000), boastful(3000, seed=1)
    raw = judged(build(LABELS, Reward), *test)  # type: ignore[type-abstract]
    temperature = judged(fitted("models.temperature", train, tmp_path / "t"), *test)
    isotonic = judged(fitted("models.isotonic", train, tmp_path / "i", label=""), *test)
    errors = [
        expected_calibration_error([float(margin(j, 0, 1) or 0) for j in found])
        for found in (raw, temperature, isotonic)
    ]
    assert errors[0] is not None and errors[1] is not None and errors[2] is not None
    assert errors[0] > 0.1 and errors[1] < 0.04 and errors[2] < 0.04


def test_isotonic_on_labels_gives_probabilities_by_hand(tmp_path: Path) -> None:
    values = [(1.0, 0.0), (2.0, 1.0), (3.0, 0.0), (4.0, 1.0)]
    row = dataclasses.replace(
        sample("q", id="l"), responses=tuple(answer("a", labels={"said": v, "correct": c}) for v, c in values)
    )
    reward = fitted("models.isotonic", [row], tmp_path / "i")
    (found,) = judged(reward, row)
    assert found.values == (0.0, 0.5, 0.5, 1.0) and found.margins is None
    (between,) = judged(reward, pair(0, 3.5, 9.0))
    assert between.values == (0.75, 1.0)


def test_isotonic_on_pairs_compares_and_is_finite(tmp_path: Path) -> None:
    reward = fitted("models.isotonic", [pair(0, 2.0, 0.0), pair(1, 1.0, 0.0)], tmp_path / "i", label="")
    assert reward.gives == {"margins"}
    (found,) = judged(reward, pair(9, 7.0, 0.0))
    assert found.values == (None, None) and found.margins is not None
    assert found.margins[0][1] == pytest.approx(math.log(3)), "within 1/(n + 2) of 1, n = 2"
    assert found.margins[1][0] == pytest.approx(-math.log(3)) and found.margins[0][0] is None


def test_what_the_reward_cannot_score_stays_unscored(tmp_path: Path) -> None:
    rows = [pair(0, 2.0, 0.0), pair(1, None, 1.0), pair(2, 0.0, 1.0)]
    reward = fitted("models.temperature", rows, tmp_path / "t")
    assert json.loads((tmp_path / "t" / CHECKPOINT_FILE).read_text())["result"]["unscored"] == 1
    bad, good = judged(reward, rows[1], rows[0])
    assert bad.values[0] is None and bad.scores[0].status is not Status.OK and bad.scores[0].error
    assert None not in good.values


def test_misuse_is_told_before_anything_is_scored(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="both_orders"):
        build(
            {
                "use": "models.temperature",
                "reward": {"use": "rewards.judges.vanilla", "engine": {"use": "engines.scripted", "reply": "A"}},
            }
        )
    fit = build({"use": "models.temperature", "reward": LABELS}, Fit)  # type: ignore[type-abstract]
    with pytest.raises(DataError, match="no preference"):
        fit.fit([pair(0, None, 1.0)], tmp_path / "none")
    with pytest.raises(DataError, match="not 0"):
        fit.fit([pair(0, 1.0, 1.0)], tmp_path / "zero")
    fit.fit([pair(0, 2.0, 0.0), pair(1, 0.0, 1.0)], tmp_path / "t")
    fit.fit([pair(0, 2.0, 0.0), pair(1, 0.0, 1.0)], tmp_path / "t")  # the same again is no harm
    with pytest.raises(OutputError, match="another folder"):
        fit.fit([pair(0, 3.0, 0.0), pair(1, 0.0, 1.0)], tmp_path / "t")
    labelled = dataclasses.replace(sample("q", id="x"), responses=(answer("a", labels={"said": 1.0, "correct": 2.0}),))
    with pytest.raises(DataError, match="no outcome"):
        build({"use": "models.isotonic", "reward": LABELS}, Fit).fit([labelled], tmp_path / "l")  # type: ignore[type-abstract]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"use": "rewards.trained"}, "no calibration"),
        ({"format": 9}, "format 9"),
        ({"calibration": {"temperature": 0.0}}, "above 0"),
        ({"calibration": {"isotonic": {"label": "", "rows": 3, "x": [1.0, 1.0], "y": [0.0, 1.0]}}}, "rise"),
        ({"calibration": {"isotonic": {"label": "", "rows": 3, "x": [1.0, 2.0], "y": [0.0, 1.5]}}}, "no probability"),
        ({"calibration": {}}, "cannot be read"),
        ({"reward": {"use": "rewards.labelz"}}, "rewards.labels"),
    ],
)
def test_a_broken_folder_says_what_is_wrong(tmp_path: Path, change: dict[str, Any], says: str) -> None:
    folder = tmp_path / "t"
    fitted("models.temperature", [pair(0, 2.0, 0.0), pair(1, 0.0, 1.0)], folder)
    file = folder / CHECKPOINT_FILE
    file.write_text(json.dumps({**json.loads(file.read_text()), **change}))
    reward = build({"use": "rewards.compose.calibrated", "path": str(folder)}, Reward)  # type: ignore[type-abstract]
    with pytest.raises(CheckpointError, match=says):
        judged(reward, pair(0, 1.0, 0.0))
    with pytest.raises(CheckpointError, match="is missing"):
        judged(build({"use": "rewards.compose.calibrated", "path": str(tmp_path)}, Reward), pair(0, 1.0, 0.0))  # type: ignore[type-abstract]
