"""Tournaments: which pairs are played, and the share of its games each player won, as pure functions.

An outcome (i, j, w) says that i won the share w of a game against j: 1, ½ for a tie, 0, or a probability. What else outcomes make
of a player: `metrics.ranking`.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np

from guerdon.metrics.ranking import Outcome

Pair = tuple[int, int]


def all_pairs(k: int) -> list[Pair]:
    """Round robin: k(k − 1)/2 games."""
    return list(combinations(range(k), 2))


def with_anchor(k: int, anchor: int = 0) -> list[Pair]:
    """Everyone against one anchor: k − 1 games."""
    return [(min(i, anchor), max(i, anchor)) for i in range(k) if i != anchor]


def swiss_round(points: Sequence[float], played: Sequence[Pair]) -> list[Pair]:
    """The next round of a Swiss tournament: players of like points meet, nobody the same one twice while others are left.

    Players in order of points (then number) are paired with the nearest below whom they have not met; one is left out where
    their number is odd.
    """
    met = {frozenset(p) for p in played}
    waiting = sorted(range(len(points)), key=lambda i: (-points[i], i))
    made = []
    while len(waiting) > 1:
        first = waiting.pop(0)
        fresh = next((i for i in waiting if frozenset((first, i)) not in met), None)
        if fresh is not None:
            waiting.remove(fresh)
            made.append((min(first, fresh), max(first, fresh)))
    return made


def win_rate(k: int, outcomes: Sequence[Outcome]) -> list[float | None]:
    """The share of its games each player won; None for one that played none."""
    won, games = np.zeros(k), np.zeros(k)
    for i, j, share in outcomes:
        won[[i, j]] += share, 1 - share
        games[[i, j]] += 1
    return [float(w / n) if n else None for w, n in zip(won, games, strict=True)]
