"""`curation.std_filter`: drops the prompts of a batch whose rewards hardly differ, by a running mean of how much they do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from guerdon.core.contracts import Stateful
from guerdon.core.errors import SpecError
from guerdon.core.types import State


@dataclass(frozen=True)
class StdFilter(Stateful):
    """Keeps a prompt where std(rewards of its group) ≥ `share` · EMA(mean std of the batches).

    step(state, batch) with batch = rewards by prompt (None: unscored, left out) → (state, keep: one bool a prompt). The average
    starts with the batch of step `collect_from` and moves by 1 − `decay`; before step `filter_from` all are kept. Steps
    count from 1. A prompt with fewer than two values has no spread and is dropped once filtering. std divides by n.
    Raises SpecError for a decay outside [0, 1) or steps below 1. RLPR (arXiv:2506.18254): 0.5, 0.99, steps 6 and 11.
    """

    share: float = 0.5
    decay: float = 0.99
    collect_from: int = 6
    filter_from: int = 11

    def __post_init__(self) -> None:
        if not 0 <= self.decay < 1 or self.share < 0 or min(self.collect_from, self.filter_from) < 1:
            raise SpecError("decay is in [0, 1), share not negative, steps count from 1")

    def init(self) -> State:
        return State(version=1, data={"step": 0, "average": None})

    def step(self, state: State, batch: Sequence[Sequence[float | None]]) -> tuple[State, Any]:
        step, average = int(state.data["step"]) + 1, state.data["average"]
        known = [[v for v in rewards if v is not None] for rewards in batch]
        spreads = [float(np.std(k)) if len(k) > 1 else 0.0 for k in known]
        keep = [True] * len(spreads)
        if step >= self.filter_from and average is not None:
            keep = [s >= self.share * average and len(k) > 1 for s, k in zip(spreads, known, strict=True)]
        if step >= self.collect_from and spreads:
            now = float(np.mean(spreads))
            average = now if average is None else self.decay * average + (1 - self.decay) * now
        return State(version=1, data={"step": step, "average": average}), keep
