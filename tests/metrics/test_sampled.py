"""`guerdon.metrics.sampled`: on a finite world the sampled forms meet the exact ones; shaping cancels whatever is drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from guerdon.core.errors import DataError, SpecError
from guerdon.metrics.canonical import val, val_potential
from guerdon.metrics.dard import dard
from guerdon.metrics.epic import epic
from guerdon.metrics.mdp import Mdp, value
from guerdon.metrics.norms import L2
from guerdon.metrics.sampled import (
    Draws,
    rollout_value,
    sampled_dard,
    sampled_distance,
    sampled_epic,
    sampled_val,
    sampled_val_potential,
    transitions,
)  # fmt: skip
from guerdon.metrics.starc import starc_distance
from guerdon.simulation.reacher import Reacher
from guerdon.simulation.tabular import TabularWorld

WORLD = TabularWorld(states=3, actions=2, successors=2, gamma=0.6)
MDP = Mdp(WORLD.transitions(0), WORLD.gamma)
FORMS: list[tuple[Any, Any]] = [
    (sampled_val, val), (sampled_val_potential, val_potential), (sampled_epic, epic), (sampled_dard, dard),
]  # fmt: skip


@dataclass(frozen=True)
class Drawn:
    """A finite world as one that can only be drawn from."""

    gamma: float = WORLD.gamma

    def states(self, count: int, rng: np.random.Generator) -> Any:
        return rng.integers(MDP.states, size=count)

    def actions(self, count: int, rng: np.random.Generator) -> Any:
        return rng.integers(MDP.actions, size=count)

    def step(self, states: Any, actions: Any, rng: np.random.Generator) -> Any:
        ends = MDP.transitions[states, actions].cumsum(-1)
        return np.minimum((rng.random(len(states))[:, None] > ends).sum(-1), MDP.states - 1)


def told(reward: Any) -> Any:
    return lambda s, a, t: reward[s, a, t]


def every() -> Any:
    s, a, t = np.meshgrid(range(MDP.states), range(MDP.actions), range(MDP.states), indexing="ij")
    return s.ravel(), a.ravel(), t.ravel()


@pytest.mark.parametrize(("sampled", "exact"), FORMS)
def test_many_draws_meet_the_exact_form(sampled: Any, exact: Any) -> None:
    reward = WORLD.pair(0, 0)[0]
    reward = reward / np.abs(reward).max()
    draws = Draws(inner=4000, rollouts=400 if sampled is sampled_val_potential else 4, horizon=12)
    found = sampled(told(reward), Drawn(), every(), draws)
    assert found == pytest.approx(exact(reward, MDP).ravel(), abs=0.08)
    few = sampled(told(reward), Drawn(), every(), Draws(inner=4, rollouts=2, horizon=2))
    assert np.abs(few - exact(reward, MDP).ravel()).max() > np.abs(found - exact(reward, MDP).ravel()).max()


def test_rollouts_meet_the_value_and_follow_the_policy() -> None:
    reward, states = WORLD.pair(0, 1)[0], np.arange(MDP.states)
    reward = reward / np.abs(reward).max()
    first = Draws(rollouts=3000, policy=lambda s, _: np.zeros(len(s), dtype=int))
    assert rollout_value(told(reward), Drawn(), states, Draws(rollouts=3000)) == pytest.approx(
        value(reward, MDP), abs=0.1
    )
    exact = value(reward, MDP, np.eye(2)[[0, 0, 0]])
    assert rollout_value(told(reward), Drawn(), states, first) == pytest.approx(exact, abs=0.1)


@pytest.mark.parametrize(("sampled", "exact"), FORMS)
def test_distances_meet_the_exact_ones(sampled: Any, exact: Any) -> None:
    first, second = WORLD.pair(0, 0)
    draws = Draws(inner=2000, rollouts=100 if sampled is sampled_val_potential else 4, horizon=12)
    found = sampled_distance(told(first), told(second), Drawn(), sampled, draws=draws, batch=every())
    assert found == pytest.approx(starc_distance(first, second, MDP, exact), abs=0.1)


@pytest.mark.parametrize("canonical", [sampled_val, sampled_val_potential, sampled_epic, sampled_dard])
def test_shaping_and_scale_cancel_on_a_continuous_world(canonical: Any) -> None:
    world, draws = Reacher(), Draws(coverage=20, inner=4, rollouts=2, horizon=900)

    def shaped(s: Any, a: Any, t: Any) -> Any:
        return 5 * (world.reward(s, a, t) + world.gamma * np.sin(t[:, 0] + t[:, 2]) - np.sin(s[:, 0] + s[:, 2]))

    found = sampled_distance(world.reward, shaped, world, canonical, L2, L2, draws)
    assert found < (1e-2 if canonical in (sampled_val, sampled_val_potential) else 1e-9)
    far = sampled_distance(world.reward, lambda s, a, t: -world.reward(s, a, t), world, canonical, draws=draws)
    assert far == pytest.approx(2.0)


def test_both_rewards_see_the_same_draws_and_the_seed_decides_them() -> None:
    world, draws = Reacher(), Draws(coverage=10, inner=2, rollouts=2, horizon=5)
    again = sampled_distance(world.reward, world.reward, world, draws=draws)
    assert again == 0.0
    one, two = (transitions(world, Draws(coverage=10, seed=seed)) for seed in (0, 1))
    assert (one[0] != two[0]).any() and (one[2] == transitions(world, Draws(coverage=10))[2]).all()


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(SpecError, match="at least 1"):
        Draws(inner=0)
    draws = Draws(coverage=4, inner=2, rollouts=2, horizon=2)
    with pytest.raises(DataError, match="4 finite numbers"):
        sampled_distance(
            lambda s, a, t: np.full(len(s), np.nan), Reacher().reward, Reacher(), sampled_dard, draws=draws
        )
    assert Draws().steps(0.0) == 1 and Draws().steps(0.9) == 66
