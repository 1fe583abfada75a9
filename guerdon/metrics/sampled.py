"""Canonical rewards and their distances where states cannot be listed: every expectation is a mean of draws. Pure, seeded.

A world draws states, actions and next states; a reward is a function of arrays (states, actions, next states) → [N]. Both
rewards of a distance see the same draws. Norms are means over the drawn transitions, so they estimate τ-weighted norms.
Finite draws leave an error of order 1/√draws. Potential shaping cancels whatever the draws are: exactly from EPIC and DARD, up
to γ^horizon from VAL and VALPotential.
arXiv 2309.15257.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from guerdon.core.errors import DataError, SpecError
from guerdon.metrics.norms import L2, Norm, normalised

Floats = npt.NDArray[np.float64]
Array = npt.NDArray[Any]
Reward = Callable[[Array, Array, Array], Floats]
Policy = Callable[[Array, np.random.Generator], Array]
BLOCK = 200_000  # transitions in memory at once


class World(Protocol):
    """What can be drawn: states ~ D_S, actions ~ D_A, next states ~ τ(s, a), each with one row a draw."""

    @property
    def gamma(self) -> float: ...

    def states(self, count: int, rng: np.random.Generator) -> Array: ...

    def actions(self, count: int, rng: np.random.Generator) -> Array: ...

    def step(self, states: Array, actions: Array, rng: np.random.Generator) -> Array: ...


@dataclass(frozen=True, slots=True)
class Draws:
    """How much is drawn (all [inferred]): coverage transitions, draws an expectation, rollouts a value and their length.

    horizon None is the least length with γ^horizon ≤ 0.001. policy None draws actions ~ D_A. Raises SpecError below 1.
    """

    coverage: int = 512
    inner: int = 32
    rollouts: int = 16
    horizon: int | None = None
    policy: Policy | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        if min(self.coverage, self.inner, self.rollouts, self.horizon or 1) < 1:
            raise SpecError("coverage, inner, rollouts and horizon are at least 1")

    def steps(self, gamma: float) -> int:
        return self.horizon or (1 if gamma == 0 else math.ceil(math.log(1e-3) / math.log(gamma)))


Transitions = tuple[Array, Array, Array]
Canonical = Callable[[Reward, World, Transitions, Draws], Floats]


def transitions(world: World, draws: Draws) -> Transitions:
    """(states, actions, next states) of the coverage: s ~ D_S, a ~ D_A, s' ~ τ(s, a)."""
    rng = np.random.default_rng([draws.seed, 0])
    states, actions = world.states(draws.coverage, rng), world.actions(draws.coverage, rng)
    return states, actions, world.step(states, actions, rng)


def rollout_value(reward: Reward, world: World, states: Array, draws: Draws, stream: int = 1) -> Floats:
    """V^π [N]: the mean over `rollouts` of Σ_t γ^t·R(s_t, a_t, s_{t+1}) up to the horizon."""
    rng, found = np.random.default_rng([draws.seed, stream]), []
    block = max(1, BLOCK // draws.rollouts)
    for first in range(0, len(states), block):
        here = np.repeat(states[first : first + block], draws.rollouts, axis=0)
        total, weight = np.zeros(len(here)), 1.0
        for _ in range(draws.steps(world.gamma)):
            actions = world.actions(len(here), rng) if draws.policy is None else draws.policy(here, rng)
            there = world.step(here, actions, rng)
            total += weight * reward(here, actions, there)
            here, weight = there, weight * world.gamma
        found.append(total.reshape(-1, draws.rollouts).mean(-1))
    return np.concatenate(found)


def sampled_val_potential(reward: Reward, world: World, batch: Transitions, draws: Draws) -> Floats:
    """VALPotential: R(s, a, s') + γV^π(s') − V^π(s), [N]."""
    states, actions, after = batch
    v, later = rollout_value(reward, world, states, draws), rollout_value(reward, world, after, draws, 2)
    return reward(states, actions, after) + world.gamma * later - v


def sampled_val(reward: Reward, world: World, batch: Transitions, draws: Draws) -> Floats:
    """VAL: the mean over `inner` draws S' ~ τ(s, a) of R(s, a, S') + γV^π(S') − V^π(s), [N]."""
    states, actions = (np.repeat(part, draws.inner, axis=0) for part in batch[:2])
    after = world.step(states, actions, np.random.default_rng([draws.seed, 3]))
    gains = reward(states, actions, after) + world.gamma * rollout_value(reward, world, after, draws, 2)
    mean = gains.reshape(-1, draws.inner).mean(-1)
    as_many = replace(draws, rollouts=draws.inner * draws.rollouts)  # so that V(s) is no noisier than the mean over S'
    return np.asarray(mean - rollout_value(reward, world, batch[0], as_many), dtype=np.float64)


def sampled_epic(reward: Reward, world: World, batch: Transitions, draws: Draws) -> Floats:
    """EPIC: R + γ·m(s') − m(s) − γ·mean m(S), m(x) the mean over `inner` draws of R(x, A, S'), S, S' ~ D_S, A ~ D_A, [N].

    The same draws stand for S and for S', by which shaping cancels exactly, at a bias of order 1/inner.
    """
    rng = np.random.default_rng([draws.seed, 4])
    actions, after = world.actions(draws.inner, rng), world.states(draws.inner, rng)

    def mean(states: Array) -> Floats:
        return _crossed(reward, states, actions, after)

    centre = float(mean(after).mean())
    return reward(*batch) + world.gamma * (mean(batch[2]) - centre) - mean(batch[0])


def sampled_dard(reward: Reward, world: World, batch: Transitions, draws: Draws) -> Floats:
    """DARD: R + E[γR(s', A, S'') − R(s, A, S') − γR(S', A, S'')], S' ~ τ(s, A), S'' ~ τ(s', A), the mean of `inner` draws, [N]."""
    rng = np.random.default_rng([draws.seed, 5])
    before, after = (np.repeat(part, draws.inner, axis=0) for part in (batch[0], batch[2]))
    actions = world.actions(len(before), rng)
    near, far = world.step(before, actions, rng), world.step(after, actions, rng)
    ahead = world.gamma * (reward(after, actions, far) - reward(near, actions, far))
    terms = ahead - reward(before, actions, near)
    return reward(*batch) + np.asarray(terms.reshape(-1, draws.inner).mean(-1), dtype=np.float64)


def sampled_distance(
    first: Reward,
    second: Reward,
    world: World,
    canonical: Canonical = sampled_val,
    normaliser: Norm = L2,
    metric: Norm = L2,
    draws: Draws | None = None,
    batch: Transitions | None = None,
) -> float:
    """‖s(R1) − s(R2)‖ over drawn transitions (or a `batch` of one's own), norms as means: (1/N·Σ|x|^p)^(1/p).

    Raises DataError for a reward that does not give one finite number a transition.
    """
    draws = draws or Draws()
    batch = transitions(world, draws) if batch is None else batch
    share = np.full(len(batch[0]), 1 / len(batch[0]))
    size, gap = Norm(normaliser.p, weighted=True), Norm(metric.p, weighted=True)
    scaled = []
    for reward in (first, second):
        raw, found = reward(*batch), canonical(reward, world, batch, draws)
        if found.shape != share.shape or not np.isfinite(found).all():
            raise DataError(f"a reward gives {len(share)} finite numbers for as many transitions", field="reward")
        scaled.append(normalised(found, raw, size, share))
    return gap(scaled[0] - scaled[1], share)


def _crossed(reward: Reward, states: Array, actions: Array, after: Array) -> Floats:
    """For each state the mean of R(state, A_m, S'_m) over m."""
    count, found = len(actions), []
    block = max(1, BLOCK // count)
    for first in range(0, len(states), block):
        here = np.repeat(states[first : first + block], count, axis=0)
        times = len(here) // count
        values = reward(here, np.concatenate([actions] * times), np.concatenate([after] * times))
        found.append(np.asarray(values, dtype=np.float64).reshape(-1, count).mean(-1))
    return np.concatenate(found)
