"""How much of one signal has to be taken from others so that they no longer follow it. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from guerdon.metrics.spearman import spearman

GRID = (
    0.0,
    0.01,
    0.025,
    *(round(0.05 + 0.025 * i, 3) for i in range(4)),
    *(round(0.15 + 0.05 * i, 2) for i in range(17)),
)


def penalties(rewards: np.ndarray, place: int, limit: float = 0.03, grid: Sequence[float] = GRID) -> np.ndarray:
    """λ [K] of rewards [N, K]: for each k the least λ of the grid with Spearman(r_k − λ r_v, r_v) ≤ limit, v = `place`.

    1 where none of the grid reaches it, and for v itself; 0 for a reward that does not vary, which follows nothing.
    ArmoRM (arXiv 2406.12845): limit 0.03 and the grid 0, .01, .025, .05, .075, .1, .125, .15, .2, … .95 against verbosity.
    """
    signal = rewards[:, place]
    found = np.ones(rewards.shape[1])
    for k in range(rewards.shape[1]):
        if k != place:
            found[k] = next((v for v in grid if _follows(rewards[:, k] - v * signal, signal) <= limit), 1.0)
    return found


def _follows(values: np.ndarray, signal: np.ndarray) -> float:
    correlation = spearman(values, signal)
    return 0.0 if correlation is None else correlation
