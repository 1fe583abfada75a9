"""Refinement of user prototypes on preferences: attention over a user's history, with the prototype as the query."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn
from torch.nn.functional import logsigmoid, normalize

Tensor = torch.Tensor


@dataclass(frozen=True)
class User:
    """pair [3, D]: query, chosen, rejected · queries, chosen, rejected [n, D] of the history."""

    pair: Tensor
    queries: Tensor
    chosen: Tensor
    rejected: Tensor


@dataclass(frozen=True)
class Refiner:
    """ρ, λ_q, λ_s, the two regularisers' weights and the decay of the average prototype."""

    rho: float
    lambda_query: float
    lambda_history: float
    to_centroid: float
    to_average: float
    decay: float


class RefinerModule(nn.Module):
    """W_h [D, 2D], W_q and W_s [D, D], each with a bias as released, so that an empty history still adds that of W_s."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.history = nn.Linear(2 * width, width, dtype=torch.float64)
        self.query = nn.Linear(width, width, dtype=torch.float64)
        self.summary = nn.Linear(width, width, dtype=torch.float64)

    def attention(self, a: Tensor, user: User, rho: float) -> tuple[Tensor, Tensor]:
        """(α [n], o [n, D]) over the events of a user's history."""
        o = torch.tanh(self.history(torch.cat([user.queries, user.chosen - user.rejected], dim=-1)))
        scores = (o @ a + rho * (o @ user.pair[0])) / a.shape[-1] ** 0.5
        return torch.softmax(scores, dim=0), o

    def forward(self, a: Tensor, user: User, refiner: Refiner) -> Tensor:
        """z [D] = a + λ_q W_q q + λ_s W_s s."""
        s = torch.zeros_like(a)
        if len(user.queries):
            alpha, o = self.attention(a, user, refiner.rho)
            s = alpha @ o
        z: Tensor = a + refiner.lambda_query * self.query(user.pair[0]) + refiner.lambda_history * self.summary(s)
        return z


def refine(
    centroids: Tensor,
    users: Sequence[User],
    assigned: np.ndarray,
    refiner: Refiner,
    schedule: tuple[int, int, float, int],
) -> Tensor:
    """Refined prototypes [K, D] of unit length; schedule = (epochs, batch size, learning rate, seed)."""
    epochs, size, rate, seed = schedule
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        module = RefinerModule(centroids.shape[1])
        a = nn.Parameter(centroids.clone())
        average = centroids.clone()
        optimizer = torch.optim.AdamW([a, *module.parameters()], lr=rate)
        rng = np.random.default_rng(seed)
        for _ in range(epochs):
            for prototype in rng.permutation(len(centroids)):
                members = rng.permutation(np.flatnonzero(assigned == prototype))
                for begin in range(0, len(members), size):
                    batch = [users[i] for i in members[begin : begin + size]]
                    step(module, a, average, centroids, int(prototype), batch, refiner, optimizer)
    return a.detach()


def step(
    module: RefinerModule, a: Tensor, average: Tensor, centroids: Tensor, prototype: int, batch: Sequence[User],
    refiner: Refiner, optimizer: torch.optim.Optimizer,
) -> float:  # fmt: skip
    """One step on users of one prototype; a is normalised and its average moved. Returns the loss."""
    row = a[prototype]
    margins = torch.stack([(z := module(row, u, refiner)) @ u.pair[1] - z @ u.pair[2] for u in batch])
    loss = -logsigmoid(margins).mean() + refiner.to_centroid * (row - centroids[prototype]).square().mean()
    loss = loss + refiner.to_average * (row - average[prototype]).square().mean()
    optimizer.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    optimizer.step()
    with torch.no_grad():
        a[prototype] = normalize(a[prototype], dim=-1)
        average[prototype] = refiner.decay * average[prototype] + (1 - refiner.decay) * a[prototype]
    return float(loss.detach())
