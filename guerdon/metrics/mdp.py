"""Finite Markov decision processes with rewards R[s, a, s']: values, optimal policies, returns and normalised regret. Pure.

S states, A actions; rewards and transitions are tensors [S, A, S], policies distributions [S, A], all float64.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from guerdon.core.errors import DataError, SpecError

Floats = npt.NDArray[np.float64]
TIE = 1e-10  # gains of an action below this share of the largest |reward| · 1/(1 − γ) are ties
ROUNDS = 1000  # of policy iteration, which ends far earlier


@dataclass(frozen=True, eq=False)
class Mdp:
    """τ[s, a, s'] (rows sum to 1), discount γ in [0, 1), and the initial distribution μ[s] (None: uniform).

    Raises DataError naming the field for a tensor of the wrong shape or a row that is no distribution, SpecError for γ.
    """

    transitions: Floats
    gamma: float = 0.95
    start: Floats | None = None

    def __post_init__(self) -> None:
        tau = np.asarray(self.transitions, dtype=np.float64)
        if tau.ndim != 3 or tau.shape[0] != tau.shape[2] or not tau.size:
            raise DataError(f"transitions are [states, actions, states], found {tau.shape}", field="transitions")
        if not 0.0 <= self.gamma < 1.0:
            raise SpecError(f"gamma is in [0, 1), found {self.gamma}")
        start = np.full(len(tau), 1 / len(tau)) if self.start is None else self.start
        object.__setattr__(self, "transitions", distribution(tau, tau.shape, "transitions"))
        object.__setattr__(self, "start", distribution(start, tau.shape[:1], "start"))

    @property
    def states(self) -> int:
        return int(self.transitions.shape[0])

    @property
    def actions(self) -> int:
        return int(self.transitions.shape[1])

    def policy(self, given: Any = None) -> Floats:
        """A policy [S, A], checked; uniform where none is given."""
        shape = (self.states, self.actions)
        return distribution(np.full(shape, 1 / self.actions) if given is None else given, shape, "policy")

    def reward(self, given: Any) -> Floats:
        """A reward tensor, checked: finite numbers [S, A, S]. Raises DataError."""
        found = np.asarray(given, dtype=np.float64)
        if found.shape != self.transitions.shape:
            raise DataError(f"a reward here is {self.transitions.shape}, found {found.shape}", field="reward")
        if not np.isfinite(found).all():
            place = tuple(int(i) for i in np.argwhere(~np.isfinite(found))[0])
            raise DataError(f"the reward of transition {place} is no finite number", field="reward")
        return found


def distribution(given: Any, shape: tuple[int, ...], field: str) -> Floats:
    """Probabilities whose last axis sums to 1 (to 1e-8). Raises DataError naming the field and the row."""
    found = np.asarray(given, dtype=np.float64)
    if found.shape != shape:
        raise DataError(f"expected shape {shape}, found {found.shape}", field=field)
    wrong = ~(np.isclose(found.sum(-1), 1.0, rtol=0.0, atol=1e-8) & (found >= 0).all(-1))
    if wrong.any():
        row = tuple(int(i) for i in np.argwhere(wrong)[0]) if found.ndim > 1 else ()
        raise DataError(f"row {row} is no distribution: it sums to {found[row].sum():.6g}", field=field)
    return found


def expected(reward: Any, mdp: Mdp) -> Floats:
    """E_{S'~τ(s,a)}[R(s, a, S')], [S, A]."""
    found: Floats = (mdp.transitions * mdp.reward(reward)).sum(-1)
    return found


def value(reward: Any, mdp: Mdp, policy: Any = None) -> Floats:
    """V^π [S], which solves V = Σ_a π(a|s) E_{S'}[R(s, a, S') + γ·V(S')]; π is uniform unless given."""
    chosen = mdp.policy(policy)
    steps = np.einsum("sa,sat->st", chosen, mdp.transitions)
    rewards = (chosen * expected(reward, mdp)).sum(-1)
    found: Floats = np.linalg.solve(np.eye(mdp.states) - mdp.gamma * steps, rewards)
    return found


def optimal_policy(reward: Any, mdp: Mdp) -> Floats:
    """A deterministic policy [S, A] that is optimal for the reward: policy iteration, which is exact where value iteration
    converges. An action is changed only for a gain above rounding, so of equally good ones the first found stays."""
    rewards = expected(reward, mdp)
    slack = TIE * float(np.abs(rewards).max()) / (1 - mdp.gamma)
    rows = np.arange(mdp.states)
    chosen = rewards.argmax(-1)
    for _ in range(ROUNDS):
        policy = np.eye(mdp.actions)[chosen]
        gains = rewards + mdp.gamma * mdp.transitions @ value(reward, mdp, policy)
        better = gains.max(-1) > gains[rows, chosen] + slack
        if not better.any():
            break
        chosen = np.where(better, gains.argmax(-1), chosen)
    found: Floats = np.eye(mdp.actions)[chosen]
    return found


def returns(reward: Any, mdp: Mdp, policy: Any = None) -> float:
    """J(π) = Σ_s μ(s)·V^π(s): the expected discounted return."""
    return float(np.asarray(mdp.start) @ value(reward, mdp, policy))


def regret(first: Any, second: Any, mdp: Mdp) -> float:
    """(J1(π1) − J1(π2)) / (J1(π1) − J1(π_worst)) in [0, 1]: what optimising the second reward costs under the first.

    π1 and π_worst are the best and the worst policy under the first reward, π2 the best under the second. 0 where all
    policies are equal under the first reward. arXiv 2309.15257.
    """
    wanted = mdp.reward(first)
    best = returns(wanted, mdp, optimal_policy(wanted, mdp))
    worst = returns(wanted, mdp, optimal_policy(-wanted, mdp))
    span = best - worst
    if span <= TIE * float(np.abs(wanted).max()) / (1 - mdp.gamma):
        return 0.0
    lost = best - returns(wanted, mdp, optimal_policy(second, mdp))
    return float(np.clip(lost / span, 0.0, 1.0))
