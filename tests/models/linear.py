"""A linear world without a backbone: pairs of given rows, and learners of a linear reward on them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch

from guerdon.core.build import build
from guerdon.core.contracts import Head, Objective
from guerdon.core.types import Preference, Sample, sample
from guerdon.models.dataset import Groups
from guerdon.models.learner import Learner
from guerdon.models.network import Reading, RewardNetwork
from guerdon.models.pooling import parse_read
from guerdon.models.prepare import Reader, Rows


def pairs(count: int, **context: Any) -> list[Sample]:
    """`count` samples of two answers, the first preferred."""
    first = (Preference(better=0, worse=1),)
    return [sample("q", "a", "b", id=str(i), preferences=first, context=dict(context)) for i in range(count)]


def groups(samples: Sequence[Sample], rows: Sequence[np.ndarray]) -> Groups:
    """The samples with the input rows [responses, width] of each."""
    flat, begin = [], 0
    for given in rows:
        flat.append(list(range(begin, begin + len(given))))
        begin += len(given)
    whole = np.concatenate([np.asarray(r, dtype=np.float32) for r in rows])
    return Groups(samples, [len(r) for r in rows], Reader(Rows(whole), flat))


def learner(
    data: Groups, width: int, *, seed: int = 0, rate: float = 0.5, head: Mapping[str, Any] | None = None, objective: str = "",
    weights: Sequence[float] | None = None, **options: Any,
) -> Learner:  # fmt: skip
    """A linear reward (or another head) on rows of this width, by SGD."""
    made: Head = build(dict(head or {"use": "models.heads.scalar"}), Head)  # type: ignore[type-abstract]
    torch.manual_seed(seed)
    network = RewardNetwork(made.module(width), Reading(parse_read(("last",)), width))
    if weights is not None:
        with torch.no_grad():
            network.head.score.weight.copy_(torch.tensor([list(weights)]))  # type: ignore[union-attr, operator]
    loss: Objective = build(objective or "models.objectives.bradley_terry", Objective)  # type: ignore[type-abstract]
    return Learner(network, made, loss, data, torch.optim.SGD(network.parameters(), lr=rate), seed=seed, **options)


def weight(model: Learner) -> np.ndarray:
    """The weights of a linear reward."""
    found: np.ndarray = model.network.head.score.weight.detach().numpy()[0].copy()  # type: ignore[union-attr, operator, index]
    return found
