"""`models.objectives.likelihood_policy`: the policy loss for rewards that are the policy's own likelihood of the answer."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import torch

from guerdon.core.contracts import Objective
from guerdon.core.errors import SpecError
from guerdon.models.batch import Batch

Tensor = torch.Tensor


@dataclass(frozen=True)
class PolicyOut:
    """What a policy gives for N sampled chains: chain [N] = log π(z|p); answer [N, T] token log-probabilities of the reference,
    mask [N, T] where there is one (none in a row: the chain opens no answer); reward [N] from outside, NaN where unscored."""

    chain: Tensor
    answer: Tensor
    mask: Tensor
    reward: Tensor | None = None


def _total(answer: Tensor, mask: Tensor) -> Tensor:
    return (answer * mask).sum(1)


def _average(answer: Tensor, mask: Tensor) -> Tensor:
    return _total(answer, mask) / mask.sum(1).clamp(min=1)


def _average_probability(answer: Tensor, mask: Tensor) -> Tensor:
    return (answer.exp() * mask).sum(1) / mask.sum(1).clamp(min=1)


REWARDS: Mapping[str, Callable[[Tensor, Tensor], Tensor]] = {
    "logprob": _total,
    "avg_logprob": _average,
    "prob": lambda a, m: _total(a, m).exp(),
    "avg_prob": _average_probability,
    "normalised": lambda a, m: _average(a, m).exp(),
}
LOGARITHMIC = frozenset({"logprob", "avg_logprob"})
VARIANTS = (*REWARDS, "jepo", "given")


@dataclass(frozen=True)
class LikelihoodPolicy(Objective):
    """loss = −mean_i [ A_i·log π(z_i|p) + R_i ], whose expected gradient is that of −E_z[R(z; θ)].

    ∇E[R] = E[(R − c) ∇log π(z|p) + ∇R]: the chain has weight A_i (no gradient), and R_i keeps its own gradient, the answer term
    (weight 1 on Σℓ for "logprob", R for "prob", 1/n for "avg_logprob" …; `answer_term` = False drops it). A_i = R_i − mean_{j≠i} R_j
    over the group (`baseline` "rloo", no division by the deviation) or R_i ("none").
    "jepo": R = log (1/G) Σ_i π(a*|p, z_i) of each group, A_i = R − log (1/(G−1)) Σ_{j≠i} π_j, the mean is over groups. "given":
    R comes with `out.reward` (RLPR, NOVER, a verifier) and has no gradient; rewards that depend on the rest of the group, as
    NOVER's ranks do, are only unbiased with baseline "none".
    A chain without an answer has R = 0 for the probabilities and is masked for the logarithms [inferred]; so is one whose given
    reward is NaN. Alone in its group a chain has A = 0. out: `PolicyOut`, batch: its `group` [N]. Units: nats.
    Raises SpecError for an unknown variant or baseline. arXiv:2602.03979, JEPO arXiv:2503.19618.
    """

    variant: str = "logprob"
    baseline: Literal["rloo", "none"] = "rloo"
    answer_term: bool = True

    def __post_init__(self) -> None:
        if self.variant not in VARIANTS:
            raise SpecError(f"variant is one of {', '.join(VARIANTS)}, found '{self.variant}'")
        if self.baseline not in ("rloo", "none"):
            raise SpecError(f"baseline is 'rloo' or 'none', found '{self.baseline}'")

    def loss(self, out: PolicyOut, batch: Batch) -> tuple[Tensor, Mapping[str, float]]:
        if not isinstance(out, PolicyOut):
            raise SpecError(f"{self.use} reads a policy's log-probabilities (PolicyOut), no head's outputs")
        if self.variant == "jepo":
            return self._jepo(out, batch)
        answered = out.mask.any(1)
        valid = answered if self.variant in LOGARITHMIC else torch.ones_like(answered)
        rewards = self._rewards(out, answered)
        valid = valid & ~rewards.detach().isnan()
        kept = torch.nonzero(valid).flatten()
        if not len(kept):
            return out.chain.sum() * 0.0, {"masked": float(len(valid))}
        rewards, group = rewards[kept], batch.group[kept]
        advantage = self._advantage(rewards.detach(), group)
        own = rewards if self.answer_term and self.variant != "given" else torch.zeros_like(rewards)
        loss = -(advantage * out.chain[kept] + own).mean()
        logs = {"reward": float(rewards.detach().mean()), "masked": float(len(valid) - len(kept))}
        return loss, logs

    def _rewards(self, out: PolicyOut, answered: Tensor) -> Tensor:
        if self.variant == "given":
            if out.reward is None:
                raise SpecError("variant 'given' takes rewards: PolicyOut.reward")
            return out.reward.detach()
        found = REWARDS[self.variant](out.answer, out.mask.to(out.answer.dtype))
        return torch.where(answered, found, torch.zeros_like(found))

    def _advantage(self, rewards: Tensor, group: Tensor) -> Tensor:
        if self.baseline == "none":
            return rewards
        size = int(group.max()) + 1
        total = rewards.new_zeros(size).index_add(0, group, rewards)[group]
        count = rewards.new_zeros(size).index_add(0, group, torch.ones_like(rewards))[group]
        others = (total - rewards) / (count - 1).clamp(min=1)
        return torch.where(count > 1, rewards - others, torch.zeros_like(rewards))

    def _jepo(self, out: PolicyOut, batch: Batch) -> tuple[Tensor, Mapping[str, float]]:
        answered = out.mask.any(1)
        logs = _total(out.answer, out.mask.to(out.answer.dtype)).masked_fill(~answered, -torch.inf)
        terms: list[Tensor] = []
        masked = 0
        for number in sorted(set(batch.group.tolist())):
            rows = torch.nonzero(batch.group == number).flatten()
            if int(answered[rows].sum()) < min(2, len(rows)):  # the bound of the others is −∞ for one of them
                masked += len(rows)
                continue
            bound = logs[rows].logsumexp(0) - math.log(len(rows))
            advantage = bound.detach() - _others(logs[rows].detach())
            own = bound if self.answer_term else bound.detach()
            terms.append((advantage * out.chain[rows]).sum() + own)
        if not terms:
            return out.chain.sum() * 0.0, {"masked": float(masked)}
        loss = -torch.stack(terms).mean()
        return loss, {"masked": float(masked)}


def _others(logs: Tensor) -> Tensor:
    """log (1/(G−1)) Σ_{j≠i} π_j for every i; the own log mean for a group of one, so that its advantage is 0."""
    count = len(logs)
    if count == 1:
        return logs
    away = logs.repeat(count, 1).masked_fill(torch.eye(count, dtype=torch.bool, device=logs.device), -torch.inf)
    return away.logsumexp(1) - math.log(count - 1)
