"""Pairs whose responses carry the ratings they are judged by."""

from __future__ import annotations

from typing import Any

import numpy as np

from guerdon.core.types import Preference, Sample, answer, user

NAMES = ("clear", "right")
LABELS = {"use": "rewards.labels", "names": list(NAMES)}


def rated(count: int, seed: int = 0) -> list[Sample]:
    """Pairs of which the one with the larger sum of ratings is preferred."""
    rng, made = np.random.default_rng(seed), []
    for i in range(count):
        values = rng.uniform(0, 5, (2, 2))
        better = int(values.sum(1).argmax())
        two = tuple(answer(f"answer {j}", labels=dict(zip(NAMES, map(float, values[j]), strict=True))) for j in (0, 1))
        pair = (Preference(better=better, worse=1 - better),)
        made.append(Sample(id=f"s{i}", prompt=user(f"question {seed}:{i}"), responses=two, preferences=pair))
    return made


def spec(**fields: Any) -> dict[str, Any]:
    """A fit of a few steps."""
    return {"use": "models.parts_model", "reward": LABELS, "features": list(NAMES), "epochs": 2, "evaluations": 1,
            "validation": 0.0, **fields}  # fmt: skip
