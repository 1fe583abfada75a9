"""EPIC: rewards made canonical by states and actions drawn independently of the transitions, and Pearson's distance. Pure.

It is blind to potential shaping but not to S'-redistribution, so rewards that order all policies alike may lie apart.
arXiv 2006.13900, as compared in arXiv 2309.15257.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from guerdon.metrics.mdp import Floats, Mdp, distribution
from guerdon.metrics.norms import pearson_distance


def epic(reward: Any, mdp: Mdp, states: Any = None, actions: Any = None) -> Floats:
    """C = R(s, a, s') + E[γR(s', A, S') − R(s, A, S') − γR(S, A, S')], S, S' ~ D_S, A ~ D_A, both uniform unless given."""
    r, gamma = mdp.reward(reward), mdp.gamma
    d_s = distribution(np.full(mdp.states, 1 / mdp.states) if states is None else states, (mdp.states,), "states")
    d_a = distribution(np.full(mdp.actions, 1 / mdp.actions) if actions is None else actions, (mdp.actions,), "actions")
    mean = np.einsum("a,t,sat->s", d_a, d_s, r)
    found: Floats = r + gamma * mean - mean[:, None, None] - gamma * float(d_s @ mean)
    return found


def epic_distance(
    first: Any, second: Any, mdp: Mdp, states: Any = None, actions: Any = None, coverage: Any = None
) -> float:
    """√((1 − ρ)/2), ρ the correlation of both canonical rewards under `coverage` [S, A, S] (None: uniform)."""
    one, two = (epic(r, mdp, states, actions) for r in (first, second))
    return pearson_distance(one, two, coverage, (first, second))
