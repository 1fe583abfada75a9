"""The policy loss against full enumeration: a policy over three tokens, chains of two, answers of two, in float64.

For every variant the expectation of the loss's gradient over all groups, each with its probability, is the gradient of what the
variant maximises, which enumeration differentiates directly.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
import torch

from guerdon.core.build import build
from guerdon.core.contracts import Objective
from guerdon.core.errors import SpecError
from guerdon.metrics.likelihood import (
    ANSWER_REWARDS,
    chain_perplexity,
    efficiency_rewards,
    multi_sample_bound,
    rank_rewards,
)
from guerdon.models.batch import Batch
from guerdon.models.objectives.likelihood_policy import LikelihoodPolicy, PolicyOut

Tensor = torch.Tensor
V, CHAINS = 3, list(itertools.product(range(3), repeat=2))
REFERENCE = (0, 2)
REWARDS = ("logprob", "avg_logprob", "prob", "avg_prob", "normalised")


class Policy:
    """First and second token of the chain, and the answer's tokens given the whole chain; all logits are parameters."""

    def __init__(self, seed: int = 0) -> None:
        draw = torch.Generator().manual_seed(seed)
        sizes = ((V,), (V, V), (len(CHAINS), len(REFERENCE), V))
        self.parameters = [torch.randn(*s, generator=draw, dtype=torch.float64).requires_grad_() for s in sizes]

    def chain(self) -> Tensor:
        """log π(z) [9]."""
        first, second, _ = self.parameters
        return torch.stack([first.log_softmax(0)[a] + second[a].log_softmax(0)[b] for a, b in CHAINS])

    def answer(self) -> Tensor:
        """ℓ [9, 2]."""
        logs = self.parameters[2].log_softmax(-1)
        return torch.stack([logs[:, t, token] for t, token in enumerate(REFERENCE)], 1)

    def gradient(self, value: Tensor) -> list[Tensor]:
        found = torch.autograd.grad(value, self.parameters, allow_unused=True)
        return [torch.zeros_like(p) if g is None else g for p, g in zip(self.parameters, found, strict=True)]


def groups(size: int) -> list[tuple[int, ...]]:
    return list(itertools.product(range(len(CHAINS)), repeat=size))


def expected(
    policy: Policy,
    objective: LikelihoodPolicy,
    size: int,
    reward: Callable[[Sequence[int]], Sequence[float]] | None = None,
) -> list[Tensor]:
    """−Σ over all groups of P(group) · ∇loss(group): all groups in one loss, each chain's rows weighted by scaling its gradient."""
    total = [torch.zeros_like(p) for p in policy.parameters]
    for members in groups(size):
        chain, answer = policy.chain(), policy.answer()
        rows = torch.tensor(members)
        given = None if reward is None else torch.tensor(reward(members), dtype=torch.float64)
        out = PolicyOut(chain[rows], answer[rows], torch.ones(size, len(REFERENCE), dtype=torch.bool), given)
        batch = replace(Batch.of_pairs([]), group=torch.zeros(size, dtype=torch.long))
        loss, _ = objective.loss(out, batch)
        weight = chain.detach()[rows].sum().exp()
        for kept, g in zip(total, policy.gradient(loss), strict=True):
            kept -= weight * g
    return total


def made(variant: str, **fields: object) -> LikelihoodPolicy:
    found = build({"use": "models.objectives.likelihood_policy", "variant": variant, **fields}, Objective)  # type: ignore[type-abstract]
    assert isinstance(found, LikelihoodPolicy)
    return found


def same(a: Sequence[Tensor], b: Sequence[Tensor]) -> bool:
    assert any(float(x.abs().max()) > 1e-3 for x in a), "there is a gradient to compare"
    return all(torch.allclose(x, y, atol=1e-12, rtol=1e-9) for x, y in zip(a, b, strict=True))


def reward_tensor(variant: str, answer: Tensor) -> Tensor:
    """R [9] written out once more, apart from the objective."""
    n = answer.shape[1]
    return {
        "logprob": answer.sum(1),
        "avg_logprob": answer.sum(1) / n,
        "prob": torch.prod(answer.exp(), 1),
        "avg_prob": answer.exp().sum(1) / n,
        "normalised": torch.prod(answer.exp(), 1) ** (1 / n),
    }[variant]


@pytest.mark.parametrize("baseline", ["rloo", "none"])
@pytest.mark.parametrize("variant", REWARDS)
def test_the_gradient_is_that_of_the_expected_reward(variant: str, baseline: str) -> None:
    policy = Policy()
    wanted = policy.gradient((policy.chain().exp() * reward_tensor(variant, policy.answer())).sum())
    assert same(wanted, expected(policy, made(variant, baseline=baseline), 2))


@pytest.mark.parametrize("variant", REWARDS)
def test_without_the_answer_term_it_is_that_of_the_chains_alone(variant: str) -> None:
    policy = Policy(1)
    fixed = reward_tensor(variant, policy.answer()).detach()
    wanted = policy.gradient((policy.chain().exp() * fixed).sum())
    assert same(wanted, expected(policy, made(variant, answer_term=False), 2))
    assert float(wanted[2].abs().max()) == 0.0


@pytest.mark.parametrize("size", [1, 2, 3])
def test_jepos_gradient_is_that_of_the_multi_sample_bound(size: int) -> None:
    policy = Policy(2)
    chain, log = policy.chain(), policy.answer().sum(1)
    rows = torch.tensor(groups(size))
    bound = log[rows].logsumexp(1) - math.log(size)
    wanted = policy.gradient((chain[rows].sum(1).exp() * bound).sum())
    found = expected(policy, made("jepo"), size)
    if size == 1:  # alone, A = 0: only the answer term is left, and the chain's own part is missing by design
        assert torch.allclose(found[2], wanted[2]) and float(found[0].abs().max()) == 0.0
    else:
        assert same(wanted, found)


def test_rlprs_gradient_goes_through_the_chains_only() -> None:
    """The debiased probability, clipped at 0, as the paper uses it: a signal without a gradient of its own."""
    policy = Policy(3)
    pr = policy.answer().detach().exp().mean(1)
    debiased = (pr - pr.mean()).clamp(min=0)
    wanted = policy.gradient((policy.chain().exp() * debiased).sum())
    found = expected(policy, made("given"), 2, lambda members: [float(debiased[m]) for m in members])
    assert same(wanted, found)


def novers(members: Sequence[int], nll: Tensor) -> list[float]:
    tokens = [10 ** (1 + m % 3) for m in members]
    ppl = [chain_perplexity(float(nll[m]), t) for m, t in zip(members, tokens, strict=True)]
    ranks, efficiency = rank_rewards(ppl), efficiency_rewards(ppl, tokens)
    return [r + e + 1.0 for r, e in zip(ranks, efficiency, strict=True)]


def test_novers_gradient_is_that_against_the_rest_of_the_group_and_needs_no_baseline() -> None:
    """Σ_i E[R_i] by each chain's own distribution, the others' held fixed: what ranking against opponents maximises."""
    policy, size = Policy(4), 3
    nll = -Policy(5).answer().detach().mean(1)  # a proxy model
    chain, held = policy.chain(), policy.chain().detach()
    total = chain.new_zeros(())
    for members in groups(size):
        for i, r in enumerate(novers(members, nll)):
            others = sum(held[m] for j, m in enumerate(members) if j != i)
            total = total + (chain[members[i]] + others).exp() * r / size
    wanted = policy.gradient(total)
    assert same(wanted, expected(policy, made("given", baseline="none"), size, lambda m: novers(m, nll)))
    biased = expected(policy, made("given"), size, lambda m: novers(m, nll))
    assert not torch.allclose(wanted[0], biased[0], rtol=1e-3), "ranks of the others depend on the chain left out"


@pytest.mark.parametrize("variant", REWARDS)
def test_the_reward_and_its_answer_weight_are_those_of_the_reward_method(variant: str) -> None:
    """parts.answer_weight (the mean over tokens) is the gradient the loss puts on the answer's log-probabilities."""
    answer = torch.tensor([[math.log(0.5), math.log(0.8)]], dtype=torch.float64, requires_grad=True)
    out = PolicyOut(torch.zeros(1, dtype=torch.float64), answer, torch.ones(1, 2, dtype=torch.bool))
    batch = replace(Batch.of_pairs([]), group=torch.zeros(1, dtype=torch.long))
    loss, logs = made(variant).loss(out, batch)
    loss.backward()
    value, weight = ANSWER_REWARDS[variant](answer.detach()[0].tolist())
    assert answer.grad is not None
    assert logs["reward"] == pytest.approx(value) and float(-answer.grad.mean()) == pytest.approx(weight)


def test_jepos_weights_are_those_of_the_reward_method() -> None:
    pis = (0.1, 0.2, 0.3, 0.4)
    answer = torch.tensor([[math.log(p)] for p in pis], dtype=torch.float64, requires_grad=True)
    chain = torch.zeros(4, dtype=torch.float64, requires_grad=True)
    batch = replace(Batch.of_pairs([]), group=torch.zeros(4, dtype=torch.long))
    loss, _ = made("jepo").loss(PolicyOut(chain, answer, torch.ones(4, 1, dtype=torch.bool)), batch)
    loss.backward()
    _, advantages, weights = multi_sample_bound([math.log(p) for p in pis])
    assert answer.grad is not None and chain.grad is not None
    assert (-answer.grad[:, 0]).tolist() == pytest.approx(weights) and (-chain.grad).tolist() == pytest.approx(
        advantages
    )


def test_chains_without_an_answer_are_zero_for_probabilities_and_masked_for_logarithms() -> None:
    chain = torch.zeros(3, requires_grad=True)
    answer = torch.full((3, 2), math.log(0.5))
    mask = torch.tensor([[True, True], [False, False], [True, True]])
    batch = replace(Batch.of_pairs([]), group=torch.zeros(3, dtype=torch.long))
    loss, logs = made("prob").loss(PolicyOut(chain, answer, mask), batch)
    loss.backward()
    assert chain.grad is not None and logs["masked"] == 0
    assert (-3 * chain.grad).tolist() == pytest.approx([0.125, -0.25, 0.125])
    chain.grad = None
    loss, logs = made("logprob").loss(PolicyOut(chain, answer, mask), batch)
    loss.backward()
    assert logs["masked"] == 1 and chain.grad is not None and chain.grad.tolist() == pytest.approx([0.0, 0.0, 0.0])
    rewards = torch.tensor([1.0, float("nan"), 3.0])
    loss, logs = made("given").loss(PolicyOut(chain, answer, mask, rewards), batch)
    chain.grad = None
    loss.backward()
    assert logs["masked"] == 1 and (-2 * chain.grad).tolist() == pytest.approx([-2.0, 0.0, 2.0])  # type: ignore[attr-defined]
    nothing, _ = made("jepo").loss(PolicyOut(chain, answer, mask & False), batch)
    assert nothing.item() == 0.0


def test_groups_are_apart_and_one_alone_has_no_advantage() -> None:
    chain = torch.zeros(3, requires_grad=True)
    batch = replace(Batch.of_pairs([]), group=torch.tensor([0, 0, 1]))
    rewards = torch.tensor([1.0, 3.0, 100.0])
    out = PolicyOut(chain, torch.zeros(3, 1), torch.ones(3, 1, dtype=torch.bool), rewards)
    made("given").loss(out, batch)[0].backward()
    assert chain.grad is not None and (-3 * chain.grad).tolist() == pytest.approx([-2.0, 2.0, 0.0])


def test_bad_arguments_are_told() -> None:
    with pytest.raises(SpecError, match="variant is one of"):
        LikelihoodPolicy(variant="nover")
    with pytest.raises(SpecError, match="baseline"):
        LikelihoodPolicy(baseline="mean")  # type: ignore[arg-type]
    with pytest.raises(SpecError, match="PolicyOut"):
        LikelihoodPolicy().loss(torch.zeros(2, 1), Batch.of_pairs([]))  # type: ignore[arg-type]
    with pytest.raises(SpecError, match="takes rewards"):
        made("given").loss(
            PolicyOut(torch.zeros(1), torch.zeros(1, 1), torch.ones(1, 1, dtype=torch.bool)), Batch.of_pairs([])
        )
