"""SimCSE, SwAV and the difference objective: gradients, learned prototypes, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from guerdon.core.errors import SpecError
from guerdon.models.batch import Batch
from guerdon.models.heads.scalar import Scalar
from guerdon.models.objectives.bradley_terry import BradleyTerry
from guerdon.models.objectives.difference import Difference
from guerdon.models.objectives.simcse import SimCse
from guerdon.models.objectives.swav import SwAV, sinkhorn
from guerdon.models.objectives.weighted_sum import WeightedSum
from guerdon.models.reward_model import RewardModel
from guerdon.models.views import forward, module_of
from tests.models.linear import groups, learner, pairs
from tests.models.tiny import pairs as paris

DROPPING = {"use": "models.heads.scalar", "hidden": [6], "dropout": 0.3}


def batch(count: int) -> Batch:
    torch.manual_seed(0)
    made = Batch.of_pairs([(2 * i, 2 * i + 1) for i in range(count)])
    return replace(made, views=(torch.randn(2 * count, 5), torch.randn(2 * count, 5)), learned=torch.randn(4, 5))


@pytest.mark.parametrize("objective", [SimCse(), SimCse(on="responses"), SwAV(), SwAV(on="responses")])
def test_without_views_or_neighbours_it_is_nothing(objective: Any) -> None:
    out = torch.zeros(6, 1, requires_grad=True)
    for given in (replace(batch(3), views=()), replace(batch(1))):
        loss, _ = objective.loss(out[: 2 * len(given.pairs)], given)
        assert float(loss) == 0.0 and loss.requires_grad
    assert float(objective.loss(out, batch(3))[0]) > 0


def test_ties_are_not_contrasted() -> None:
    made = batch(3)
    tied = replace(made, tie=torch.tensor([False, False, True]))
    fewer = replace(made, pairs=made.pairs[:2], tie=made.tie[:2])
    for objective in (SimCse(), SwAV()):
        assert objective.loss(torch.zeros(6, 1), tied)[0] == objective.loss(torch.zeros(6, 1), fewer)[0]


def test_codes_use_every_prototype_alike() -> None:
    torch.manual_seed(1)
    codes = sinkhorn(torch.randn(400, 5), 50)
    assert torch.allclose(codes.sum(1), torch.ones(400)) and torch.allclose(
        codes.sum(0), torch.full((5,), 80.0), atol=0.1
    )


def test_prototypes_learn_and_codes_pass_no_gradient() -> None:
    objective, made = SwAV(prototypes=4), batch(8)
    learned = torch.nn.Parameter(torch.randn(4, 5))
    optimiser = torch.optim.SGD([learned], lr=0.5)
    losses = []
    for _ in range(30):
        loss, _ = objective.loss(torch.zeros(16, 1), replace(made, learned=learned))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < losses[0]


def test_a_learner_gives_both_views_of_its_own_dropout_and_the_prototypes_train() -> None:
    model = learner(groups(pairs(6), [torch.randn(2, 4).numpy() for _ in range(6)]), 4, head=DROPPING)
    objective = WeightedSum(parts=(BradleyTerry(), SwAV(prototypes=3)))
    model.network.learned = module_of(objective, model.network.state_width)
    assert model.network.state_width == 6
    model.network.train()
    out, seen = forward(model.network, objective, model.batches(model.data.groups)[0])
    assert out.shape == (12, 1) and [v.shape for v in seen.views] == [(12, 6)] * 2 and seen.learned is not None
    assert not torch.equal(*seen.views) and torch.allclose(model.network.head.score(seen.views[0]), out)  # type: ignore[union-attr, operator]
    loss = model.loss(model.batches(model.data.groups)[0], objective)
    loss.backward()  # type: ignore[no-untyped-call]
    grads = {n: p.grad for n, p in model.trained.items()}
    assert grads["learned.vectors"] is not None and grads["learned.vectors"].abs().sum() > 0
    model.network.eval()
    assert forward(model.network, objective, seen)[1] is seen, "evaluation asks for nothing more"


def test_equal_views_are_refused_before_a_step(tmp_path: Path) -> None:
    parts = (BradleyTerry(), SimCse())
    asked = RewardModel(
        objective=WeightedSum(parts=parts), head=Scalar(hidden=(8,), read=("mean",)), validation=0.0, device="cpu"
    )
    with pytest.raises(SpecError, match="give the head some, as dropout = 0.1"):
        asked.fit(paris(8), tmp_path / "model")


def test_equal_rewards_have_no_slope_and_others_are_pushed_apart() -> None:
    out = torch.tensor([[1.0], [1.0], [3.0]], requires_grad=True)
    made = replace(Batch.of_pairs([]), group=torch.zeros(3, dtype=torch.long))
    Difference().loss(out, made)[0].backward()  # type: ignore[no-untyped-call]
    assert out.grad is not None and out.grad[2] < 0 < out.grad[0] == out.grad[1]
    flat = torch.ones(3, 1, requires_grad=True)
    Difference().loss(flat, made)[0].backward()  # type: ignore[no-untyped-call]
    assert flat.grad is not None and flat.grad.abs().sum() == 0


def test_bad_settings_are_refused() -> None:
    with pytest.raises(SpecError, match="Did you mean 'difference'"):
        SimCse(on="diference")  # type: ignore[arg-type]
    with pytest.raises(SpecError, match="temperature is positive"):
        SimCse(temperature=0.0)
    with pytest.raises(SpecError, match="prototypes is positive"):
        SwAV(prototypes=0)
    with pytest.raises(SpecError, match="two of them learn parameters"):
        WeightedSum(parts=(SwAV(), SwAV()))
    with pytest.raises(SpecError, match="needs its prototypes"):
        SwAV().loss(torch.zeros(6, 1), replace(batch(3), learned=None))
    with pytest.raises(SpecError, match="floor is at least 0"):
        BradleyTerry(floor=-1e-5)
