"""Known answers of STARC, EPIC and DARD (arXiv:2309.15257): two states, γ = .9, a0 stays, a1 switches, R(0, a1, 1) = 1."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import pytest

from guerdon.core.build import build
from guerdon.core.concurrency import run_sync
from guerdon.core.contracts import Reward
from guerdon.core.types import Judgement, Sample, sample
from guerdon.metrics.canonical import minimal, minimal_potential, val, val_potential
from guerdon.metrics.dard import dard, dard_distance
from guerdon.metrics.epic import epic, epic_distance
from guerdon.metrics.language import judgement_distance
from guerdon.metrics.mdp import Mdp, regret, value
from guerdon.metrics.norms import L1, L2, MAX, Norm
from guerdon.metrics.starc import starc_distance

GAMMA, PHI = 0.9, np.array([1.0, -2.0])
CANONICAL = (val, val_potential, minimal, minimal_potential, epic, dard)
WEIGHTED = Norm(2.0, weighted=True)


def world(uniform: bool = False) -> Mdp:
    tau = np.zeros((2, 2, 2))
    tau[0, 0, 0] = tau[0, 1, 1] = tau[1, 0, 1] = tau[1, 1, 0] = 1.0
    return Mdp(np.full((2, 2, 2), 0.5) if uniform else tau, GAMMA)


def rewarded(first: float = 1.0, second: float = 0.0) -> Any:
    reward = np.zeros((2, 2, 2))
    reward[0, 1] = second, first
    return reward


R = rewarded()
SHAPED = 3 * (R + GAMMA * PHI - PHI[:, None, None])


def test_value_and_val() -> None:
    assert value(R, world()) == pytest.approx([2.75, 2.25], abs=1e-12)
    found = val(R, world())
    assert found[0] == pytest.approx(np.array([[-0.275] * 2, [0.275] * 2]), abs=1e-12)
    assert found[1] == pytest.approx(np.array([[-0.225] * 2, [0.225] * 2]), abs=1e-12)


def test_epic_dard_and_minimal_potential() -> None:
    found = epic(R, world())
    assert (found[0, 1, 1], found[0, 0, 0]) == pytest.approx((0.6375, -0.1375), abs=1e-12)
    assert found.mean() == pytest.approx(0.0, abs=1e-15)
    assert dard(R, world()) == pytest.approx(np.array([[[-0.05, -0.5], [-0.05, 0.5]], [[0, 0], [0, 0]]]), abs=1e-12)
    assert L2(minimal_potential(R, world())) == pytest.approx(0.7910, abs=5e-5)


@pytest.mark.parametrize("canonical", CANONICAL)
def test_scaled_and_shaped_is_at_0_and_the_negative_at_2(canonical: Any) -> None:
    assert starc_distance(R, SHAPED, world(), canonical) <= 1e-12
    assert starc_distance(R, -R, world(), canonical) == pytest.approx(2.0, abs=1e-12)


def test_published_forms_of_epic_and_dard_are_0_and_1() -> None:
    for distance in (epic_distance, dard_distance):
        assert distance(R, SHAPED, world()) <= 1e-12
        assert distance(R, -R, world()) == pytest.approx(1.0, abs=1e-12)


def test_redistribution_is_seen_by_epic_and_dard_alone() -> None:
    moved, mdp = rewarded(1.7, -0.7), world(uniform=True)
    assert starc_distance(R, moved, mdp) <= 1e-12 and starc_distance(R, moved, mdp, minimal) <= 1e-12
    for canonical in (epic, dard):
        assert starc_distance(R, moved, mdp, canonical) == pytest.approx(0.4466, abs=5e-5)
    assert epic_distance(R, moved, mdp) == pytest.approx(0.2233, abs=5e-5)
    assert dard_distance(R, moved, mdp) == pytest.approx(0.2233, abs=5e-5)


@pytest.mark.parametrize("canonical", [val, val_potential, minimal, minimal_potential])
def test_a_canonical_reward_stays_as_it_is(canonical: Any) -> None:
    once = canonical(R, world())
    assert canonical(once, world()) == pytest.approx(once, abs=1e-12)


@pytest.mark.parametrize("canonical", CANONICAL)
@pytest.mark.parametrize("norm", [L1, L2, MAX, WEIGHTED])
def test_a_zero_reward_is_at_0_from_itself_and_from_mere_potentials(canonical: Any, norm: Norm) -> None:
    nothing, potential = np.zeros((2, 2, 2)), np.broadcast_to(GAMMA * PHI - PHI[:, None, None], (2, 2, 2))
    assert starc_distance(nothing, nothing, world(), canonical, norm, norm) == 0.0
    assert starc_distance(nothing, potential, world(), canonical, norm, norm) == 0.0
    assert starc_distance(nothing, R, world(), canonical, norm, norm) == pytest.approx(1.0)
    assert epic_distance(nothing, nothing, world()) == dard_distance(nothing, potential, world()) == 0.0


@pytest.mark.parametrize(("norm", "expected"), [(L1, 1.5), (L2, math.sqrt(3.0)), (MAX, 1.5)])
def test_three_arms_of_one_state(norm: Norm, expected: float) -> None:
    """By hand: VAL takes the mean off, (1, 0, 0) → (2, −1, −1)/3 and (0, 1, 0) → (−1, 2, −1)/3, so ρ = −½."""
    arms = Mdp(np.ones((1, 3, 1)), GAMMA)
    first, second = np.eye(3)[0].reshape(1, 3, 1), np.eye(3)[1].reshape(1, 3, 1)
    assert starc_distance(first, second, arms, normaliser=norm, metric=norm) == pytest.approx(expected, abs=1e-12)
    assert regret(first, second, arms) == 1.0 and regret(first, first + 5, arms) == 0.0
    lean = partial(val, policy=[[0.5, 0.5, 0.0]])  # V = ½/(1 − γ): (½, −½, −½) against (−½, ½, −½)
    assert starc_distance(first, second, arms, lean) == pytest.approx(math.sqrt(8 / 3), abs=1e-12)


def judged(samples: Sequence[Sample], name: str) -> list[Judgement]:
    reward = build({"use": "rewards.labels", "names": [name]}, Reward)  # type: ignore[type-abstract]
    return run_sync(reward.score(samples))


def test_two_rewards_of_texts_by_their_judgements() -> None:
    """By hand: less the prompts' means (½, −½, 1, −1) and (½, −½, −½, ½), so ρ = −½/√2.5 and d = √(2 − 2ρ)."""
    scores = {"one": [(1.0, 0.0), (13.0, 11.0)], "other": [(2.0, 1.0), (-5.0, -4.0)], "moved": [(7.0, 4.0), (6.0, 0.0)]}
    samples = []
    for i in range(2):
        made = sample(f"question {i}", "first", "second", id=str(i))
        rated = tuple(
            dataclasses.replace(r, labels={n: v[i][k] for n, v in scores.items()}) for k, r in enumerate(made.responses)
        )
        samples.append(dataclasses.replace(made, responses=rated))
    found = judgement_distance(judged(samples, "one"), judged(samples, "other"))
    assert found is not None and found.distance == pytest.approx(math.sqrt(2 + 1 / math.sqrt(2.5)), abs=1e-12)
    assert (found.prompts, found.responses, found.unscored) == (2, 4, 0)
    moved = judgement_distance(
        judged(samples, "one"), judged(samples, "moved")
    )  # three times the first, and other offsets
    assert moved is not None and moved.distance <= 1e-12
