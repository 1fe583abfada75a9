"""DARD: like EPIC, with the expectations taken over the transitions of the environment. Pure.

It is blind to potential shaping but not to S'-redistribution. arXiv 2201.10081, as compared in arXiv 2309.15257.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from guerdon.metrics.mdp import Floats, Mdp, distribution, expected
from guerdon.metrics.norms import pearson_distance


def dard(reward: Any, mdp: Mdp, actions: Any = None) -> Floats:
    """C = R(s, a, s') + E[γR(s', A, S'') − R(s, A, S') − γR(S', A, S'')], S' ~ τ(s, A), S'' ~ τ(s', A), the same A ~ D_A.

    D_A is uniform unless given. Costs O(A·S³).
    """
    r, tau, gamma = mdp.reward(reward), mdp.transitions, mdp.gamma
    d_a = distribution(np.full(mdp.actions, 1 / mdp.actions) if actions is None else actions, (mdp.actions,), "actions")
    mean = expected(r, mdp) @ d_a
    across = np.zeros((mdp.states, mdp.states))
    for a, share in enumerate(d_a):
        across += share * (tau[:, a] @ r[:, a] @ tau[:, a].T)
    found: Floats = r + gamma * mean - mean[:, None, None] - gamma * across[:, None, :]
    return found


def dard_distance(first: Any, second: Any, mdp: Mdp, actions: Any = None, coverage: Any = None) -> float:
    """√((1 − ρ)/2), ρ the correlation of both canonical rewards under `coverage` [S, A, S] (None: uniform)."""
    one, two = (dard(r, mdp, actions) for r in (first, second))
    return pearson_distance(one, two, coverage, (first, second))
