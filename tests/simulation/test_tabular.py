"""`guerdon.simulation.tabular` and `reacher`: seeded worlds that are what they say."""

from __future__ import annotations

import numpy as np
import pytest

from guerdon.core.errors import SpecError
from guerdon.simulation.reacher import Reacher
from guerdon.simulation.tabular import TabularWorld


def test_transitions_are_sparse_distributions_and_repeat_by_seed() -> None:
    world = TabularWorld(successors=3)
    tau = world.transitions(2)
    assert tau.shape == (32, 4, 32) and ((tau > 0).sum(-1) == 3).all() and np.allclose(tau.sum(-1), 1.0)
    assert (tau == world.transitions(2)).all() and (tau != world.transitions(3)).any()
    assert (tau != TabularWorld(seed=1).transitions(2)).any()


def test_a_line_runs_evenly_from_one_reward_to_the_other() -> None:
    world = TabularWorld(states=4, actions=2)
    first, second = world.pair(0, 1)
    start, line = world.line(0, 1, 16)
    assert (start == first).all() and len(line) == 16 and np.allclose(line[-1], second)
    assert np.allclose(line[3] - first, 0.25 * (second - first)) and (world.pair(0, 0)[0] != first).any()


def test_the_arm_moves_by_its_torques_and_is_paid_for_reaching() -> None:
    arm, rng = Reacher(noise=0.0), np.random.default_rng(0)
    states = np.array([[0.0, 0.0, 0.0, 0.0, 0.21, 0.0], [0.0, 0.0, 0.0, 0.0, -0.21, 0.0]])
    still = np.zeros((2, 2))
    assert arm.fingertip(states) == pytest.approx(np.array([[0.21, 0.0]] * 2))
    assert arm.reward(states, still, arm.step(states, still, rng)) == pytest.approx([0.0, -0.42])
    after = arm.step(states, np.array([[1.0, 0.0], [0.0, -5.0]]), rng)
    assert after[:, :4] == pytest.approx(np.array([[0.1, 0.0, 1.0, 0.0], [0.0, -0.1, 0.0, -1.0]]))
    drawn = arm.states(500, rng)
    assert (np.hypot(drawn[:, 4], drawn[:, 5]) <= 0.21 + 1e-12).all() and np.abs(arm.actions(500, rng)).max() <= 1.0


@pytest.mark.parametrize("fields", [{"successors": 0}, {"successors": 40}, {"gamma": 1.0}, {"actions": 0}])
def test_bad_fields_are_spec_errors(fields: dict[str, float]) -> None:
    with pytest.raises(SpecError):
        TabularWorld(**fields)  # type: ignore[arg-type]
    with pytest.raises(SpecError):
        Reacher(gamma=1.0)
