"""Canonical forms of rewards: equal for rewards that differ by potential shaping (and S'-redistribution). Pure.

Potential shaping adds γΦ(s') − Φ(s); S'-redistribution changes R(s, a, ·) with its mean under τ(s, a) kept. Neither changes
which policy is better than which. All functions take a reward [S, A, S] and an Mdp and give a reward [S, A, S]; all but
the potential-only ones remove both. arXiv 2309.15257.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from guerdon.metrics.mdp import Floats, Mdp, expected, value

Canonical = Callable[[Any, Mdp], Floats]


def val(reward: Any, mdp: Mdp, policy: Any = None) -> Floats:
    """VAL: C(s, a, s') = E_{S'~τ(s,a)}[R(s, a, S') + γV^π(S') − V^π(s)], constant in s'; π uniform unless given."""
    v = value(reward, mdp, policy)
    advantage = expected(reward, mdp) + mdp.gamma * mdp.transitions @ v - v[:, None]
    return np.repeat(advantage[..., None], mdp.states, axis=-1)


def val_potential(reward: Any, mdp: Mdp, policy: Any = None) -> Floats:
    """VALPotential: C(s, a, s') = R(s, a, s') + γV^π(s') − V^π(s); S'-redistribution stays."""
    v = value(reward, mdp, policy)
    found: Floats = mdp.reward(reward) + mdp.gamma * v - v[:, None, None]
    return found


def minimal_potential(reward: Any, mdp: Mdp) -> Floats:
    """MinimalPotential: the residual of the L2 projection of R on b_x(s, a, s') = γ·1[s'=x] − 1[s=x]; the reward of least
    L2 norm among those shaped from R. S'-redistribution stays.

    The Gram matrix is (1 + γ²)·SA·I − 2γA·11ᵀ, so Φ = h̃/((1 + γ²)SA) + h̄/((1 − γ)²SA), h_x = ⟨b_x, R⟩, h̃ = h − h̄.
    """
    r, gamma, count = mdp.reward(reward), mdp.gamma, mdp.states * mdp.actions
    inner = gamma * r.sum((0, 1)) - r.sum((1, 2))
    mean = inner.mean()
    phi = (inner - mean) / ((1 + gamma**2) * count) + mean / ((1 - gamma) ** 2 * count)
    found: Floats = r - (gamma * phi - phi[:, None, None])
    return found


def minimal(reward: Any, mdp: Mdp) -> Floats:
    """Minimal: the reward of least L2 norm among those that differ from R by potential shaping and S'-redistribution.

    What no redistribution changes is the span of τ(s, a, ·) at each (s, a), so C = k(s, a)·τ(s, a, s'), with
    k·‖τ(s, a)‖ the residual of E[R]/‖τ(s, a)‖ projected on the shaped rows (γτ(s, a, x) − 1[s=x])/‖τ(s, a)‖.
    """
    tau, states = mdp.transitions, mdp.states
    length = np.sqrt((tau**2).sum(-1))
    wanted = expected(reward, mdp) / length
    rows = (mdp.gamma * tau - np.eye(states)[:, None, :]) / length[..., None]
    phi = np.linalg.lstsq(rows.reshape(-1, states), wanted.ravel(), rcond=None)[0]
    found: Floats = ((wanted - rows @ phi) / length)[..., None] * tau
    return found
