"""What recipes on tiny chat models share: dialogues as text, a model that has learned some, an engine's spec of it."""

from __future__ import annotations

import copy
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from guerdon.core.build import build
from guerdon.core.concurrency import run_sync
from guerdon.core.contracts import Reward
from guerdon.core.types import Sample
from guerdon.metrics.bootstrap import mean_interval

Dialogue = Sequence[tuple[str, str]]  # (role, words)
ROLES = ("user", "assistant")


def rendered(dialogue: Dialogue) -> str:
    """A dialogue as the toy models' template writes it."""
    return "".join(f"<|start|>{role}\n{words}<|end|>\n" for role, words in dialogue)


def learned(tokenizer: Any, texts: Sequence[str], steps: int, seed: int, start: Any = None, rate: float = 3e-3) -> Any:
    """A tiny model trained on the texts, from `start` or from random weights."""
    from guerdon.models.toy_lm import toy_model, train

    model = copy.deepcopy(start) if start is not None else toy_model(tokenizer, "llama", seed)
    train(model, tokenizer, texts, steps, learning_rate=rate, seed=seed)
    return model


@contextmanager
def engine_spec(model: Any, tokenizer: Any, **fields: Any) -> Iterator[dict[str, Any]]:
    """The spec of `engines.local` on a model that lies in a folder as long as the context lasts."""
    from guerdon.models.toy_lm import save

    with tempfile.TemporaryDirectory() as folder:
        path = save(model, tokenizer, Path(folder))
        yield {"use": "engines.local", "model": str(path), "device": "cpu", **fields}


def right(spec: Mapping[str, Any], samples: Sequence[Sample]) -> dict[str, float]:
    """Share of each sample's pairs that a reward orders right, by id; equal values are wrong."""
    reward = build(spec, Reward)  # type: ignore[type-abstract]
    found = {}
    for sample, judged in zip(samples, run_sync(reward.score(samples)), strict=True):
        values = [float("nan") if v is None else v for v in judged.values]
        found[sample.id] = float(np.mean([values[p.better] > values[p.worse] for p in sample.preferences]))
    return found


def interval(rows: Sequence[Mapping[str, float]], digits: int = 3) -> list[float]:
    """[mean, low, high] over seeds and items, items resampled whole."""
    values = [v for row in rows for v in row.values()]
    low, high = mean_interval(values, clusters=[k for row in rows for k in row]) or (float("nan"),) * 2
    return [round(float(v), digits) for v in (np.mean(values), low, high)]


def gap(first: Sequence[Mapping[str, float]], second: Sequence[Mapping[str, float]], digits: int = 3) -> list[float]:
    """[mean, low, high] of first − second on the same items, seed by seed."""
    return interval([{k: a[k] - b[k] for k in a} for a, b in zip(first, second, strict=True)], digits)
