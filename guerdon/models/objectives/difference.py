"""`models.objectives.difference`: how far a reward tells the responses of one prompt apart, without labels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch

from guerdon.core.contracts import Objective
from guerdon.core.types import Sample
from guerdon.models.batch import Batch


@dataclass(frozen=True)
class Difference(Objective):
    """MetaRM's difference objective: loss = −J, J = mean over the prompts of (2/k²) Σ_{i<j} σ(|r_i − r_j|).

    r [N]: rewards (the head's first output) of the k responses of each prompt; no labels. The mean is over prompts with two or
    more responses; others are left out. J is ½·(k−1)/k where all are equal and below (k−1)/k; adding a constant to all rewards
    or reordering them changes nothing, and at r_i = r_j the gradient of that pair is 0. Rewards in their own units.
    `models.meta_update` goes up J to the point where it takes the preference loss's gradient. Prefers no response to another.
    MetaRM (arXiv 2405.00438), also in Secrets of RLHF II (arXiv 2401.06080), section 4.
    """

    def fault(self, sample: Sample) -> str | None:
        return None if len(sample.responses) > 1 else "responses"

    def items(self, batch: Batch) -> int:
        """How many terms the mean is taken over: the prompts."""
        return int((torch.bincount(batch.group) > 1).sum()) if len(batch.group) else 0

    def loss(self, out: torch.Tensor, batch: Batch) -> tuple[torch.Tensor, Mapping[str, float]]:
        rewards = batch.rewards(out).float()
        terms = []
        for size, members in zip(*_groups(batch.group), strict=True):
            if size > 1:
                r = rewards[members]
                i, j = torch.triu_indices(size, size, 1, device=r.device)
                terms.append(2 / size**2 * torch.sigmoid((r[i] - r[j]).abs()).sum())
        if not terms:
            return out.sum() * 0.0, {}
        return -torch.stack(terms).mean(), {}


def _groups(group: torch.Tensor) -> tuple[list[int], list[torch.Tensor]]:
    """The size and the responses of each group."""
    numbers = torch.unique(group)
    members = [torch.nonzero(group == n).flatten() for n in numbers]
    return [len(m) for m in members], members
