"""What an update trains: steps on some pairs, parts within the budget, randomness of its own."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from guerdon.core.errors import DataError
from guerdon.core.types import Preference, sample
from guerdon.models.dataset import Groups
from tests.models.linear import groups, learner, pairs, weight

ROWS = np.random.default_rng(0).standard_normal((8, 2, 4))


def data() -> Groups:
    return groups(pairs(8), list(ROWS))


def test_a_step_is_the_gradient_of_the_mean_over_the_kept_pairs() -> None:
    model = learner(data(), 4, weights=[0.1, 0.2, -0.3, 0.4])
    before, d = weight(model), (ROWS[:, 0] - ROWS[:, 1])[[1, 4, 6]]
    loss = model.train(model.data.groups, [1, 4, 6])
    p = 1 / (1 + np.exp(d @ before))
    assert loss == pytest.approx(float(-np.log(1 - p).mean()), abs=1e-5)
    assert weight(model) - before == pytest.approx(0.5 * (p[:, None] * d).mean(0), abs=1e-5)
    assert model.steps == 1


def test_parts_within_a_token_budget_make_the_same_step() -> None:
    whole, parted = (learner(data(), 4, seed=3) for _ in range(2))
    parted.data.costs, parted.data.budget = [10] * 8, 25
    assert len(parted.batches(parted.data.groups)) == 4
    losses = [m.train(m.data.groups, [0, 2, 3, 7]) for m in (whole, parted)]
    assert losses[0] == pytest.approx(losses[1], abs=1e-6) and weight(whole) == pytest.approx(weight(parted), abs=1e-6)
    assert torch.allclose(whole.margins(whole.data.groups), parted.margins(parted.data.groups), atol=1e-6)


def test_several_pairs_a_group_are_numbered_in_order() -> None:
    two = sample("q", "a", "b", "c", id="g", preferences=(Preference(better=0, worse=1), Preference(better=1, worse=2)))
    rows = [np.eye(3), np.zeros((2, 3))]
    model = learner(groups([two, *pairs(1)], rows), 3, weights=[0, 0, 0])
    model.train(model.data.groups, [1])
    assert weight(model) == pytest.approx([0, 0.25, -0.25]), "only the second against the third response"


def test_no_kept_pair_moves_nothing() -> None:
    model = learner(data(), 4)
    before = weight(model)
    assert model.train(model.data.groups, []) == 0.0 and (weight(model) == before).all()


def test_dropout_is_a_learner_s_own() -> None:
    head = {"use": "models.heads.scalar", "hidden": [8], "dropout": 0.5}
    alone, beside, other = (learner(data(), 4, seed=s, head=head) for s in (5, 5, 9))
    state = torch.get_rng_state()
    for _ in range(3):
        alone.train(alone.data.groups)
    for _ in range(3):
        other.train(other.data.groups)
        beside.train(beside.data.groups)
    assert torch.equal(state, torch.get_rng_state())
    assert all(torch.equal(a, b) for a, b in zip(alone.trained.values(), beside.trained.values(), strict=True))


def test_a_state_goes_on_where_it_was_taken() -> None:
    head = {"use": "models.heads.scalar", "hidden": [8], "dropout": 0.5}
    first = learner(data(), 4, seed=1, head=head)
    first.train(first.data.groups)
    second = learner(data(), 4, seed=2, head=head)
    second.restore(first.state())
    second.network.load_state_dict(first.network.state_dict())
    assert first.train(first.data.groups) == second.train(second.data.groups) and second.steps == 2


def test_strangers_and_infinite_losses_are_told() -> None:
    model = learner(data(), 4)
    with pytest.raises(DataError, match="'0' is none of the groups"):
        model.train(pairs(1))
    broken = learner(groups(pairs(2), [np.full((2, 4), np.nan)] * 2), 4)
    with pytest.raises(DataError, match="loss is nan at step 0, on groups such as 0, 1"):
        broken.train(broken.data.groups)
    assert torch.isfinite(torch.as_tensor(weight(broken))).all(), "and nothing was moved by it"
