"""What the calibration fits share: a reward's own answers on labelled samples, and the folder that holds a fitted map."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from guerdon.core.build import spec_of
from guerdon.core.concurrency import run_sync
from guerdon.core.contracts import Reward
from guerdon.core.errors import CheckpointError, DataError, OutputError, SpecError
from guerdon.core.progress import Progress
from guerdon.core.specfile import CHECKPOINT_FILE
from guerdon.core.types import Judgement, Sample
from guerdon.models.output import locked, write_json

USE = "rewards.compose.calibrated"  # the reward that loads the folder
FORMAT = 1
WINDOW = 256  # samples a call of the reward
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Rows:
    """What a map is fitted on: values (log-odds of pairs, or scores), outcomes in [0, 1], weights, and how many were left out
    because the reward did not score them."""

    values: Floats
    outcome: Floats
    weight: Floats
    unscored: int


Read = Callable[[Sample, Judgement], Iterator[tuple[float | None, float, float]]]


def of_pairs(sample: Sample, judgement: Judgement) -> Iterator[tuple[float | None, float, float]]:
    """(log-odds that better beats worse, share it won, weight) of every preference; a tie is won by half."""
    for p in sample.preferences:
        yield gap(judgement, p.better, p.worse), 0.5 if p.tie else p.prob, p.weight


def of_label(name: str) -> Read:
    """(value, label, 1) of every response that has the label. Raises DataError for a label outside [0, 1]."""

    def read(sample: Sample, judgement: Judgement) -> Iterator[tuple[float | None, float, float]]:
        for response, score in zip(sample.responses, judgement.scores, strict=True):
            if name in response.labels:
                label = response.labels[name]
                if not 0 <= label <= 1:
                    raise DataError(f"sample '{sample.id}': {label} is no outcome in [0, 1]", field=f"labels.{name}")
                yield score.value, label, 1.0

    return read


def gap(judgement: Judgement, i: int, j: int) -> float | None:
    """The log-odds that i beats j: the difference of their values, else the reward's own margin, else None."""
    first, second = judgement.scores[i].value, judgement.scores[j].value
    if first is not None and second is not None:
        return first - second
    return judgement.margins[i][j] if judgement.margins is not None else None


def check_reward(reward: Reward) -> None:
    """Raises SpecError for a reward whose answers hang on the order it is shown: the better one often comes first in the data."""
    if reward.order_sensitive:
        raise SpecError(f"reward: {reward.use} is order-sensitive; calibrate rewards.compose.both_orders around it")


def rows_of(reward: Reward, samples: Iterable[Sample], read: Read, wanted: str) -> Rows:
    """Asks the reward and reads the rows. Raises DataError where none is left."""
    found: list[tuple[float, float, float]] = []
    unscored = 0
    waiting = iter(samples)
    with Progress("calibrating", None, "samples") as bar:
        while some := list(islice(waiting, WINDOW)):
            for sample, judgement in zip(some, run_sync(reward.score(some)), strict=True):
                for value, outcome, weight in read(sample, judgement):
                    if value is None:
                        unscored += 1
                    elif weight > 0:
                        found.append((value, outcome, weight))
            bar.advance(len(some))
    if not found:
        raise DataError(f"nothing to calibrate on: no {wanted} that {reward.use} scores ({unscored} unscored)")
    values, outcome, weight = np.array(found, dtype=np.float64).T
    return Rows(values, outcome, weight, unscored)


def save(reward: Reward, calibration: Mapping[str, Any], result: Mapping[str, Any], out: Path) -> Path:
    """Writes the folder: the reward's spec, the map and what it was fitted on. Raises OutputError where it holds another model."""
    out = Path(out)
    said = {"use": USE, "format": FORMAT, "reward": spec_of(reward), "calibration": calibration, "result": result}
    with locked(out):
        file = out / CHECKPOINT_FILE
        if file.is_file() and json.loads(file.read_text(encoding="utf-8")) != json.loads(json.dumps(said)):
            raise OutputError(f"{out}: holds a model already; take another folder")
        write_json(file, said)
    return out


def read(folder: Path) -> Mapping[str, Any]:
    """What the folder says. Raises CheckpointError where it is no calibration."""
    file = Path(folder).expanduser() / CHECKPOINT_FILE
    try:
        said = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise CheckpointError(f"{folder}: this folder is no checkpoint: {CHECKPOINT_FILE} is missing") from None
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{file}: cannot be read: {error}") from None
    if not isinstance(said, dict) or said.get("use") != USE:
        raise CheckpointError(
            f"{file}: this is no calibration; {USE} loads what models.temperature and models.isotonic leave"
        )
    for key in ("format", "reward", "calibration"):
        if key not in said:
            raise CheckpointError(f"{file}: '{key}' is missing")
    if said["format"] != FORMAT:
        raise CheckpointError(f"{file}: format {said['format']}, this version reads {FORMAT}")
    return said
