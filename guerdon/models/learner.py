"""What an `Update` trains: a network with its optimiser, the groups it reads, and randomness of its own.

Groups go through the network in parts within the token budget, forward and backward, as in the trainer; the loss is the mean
over the terms of the whole batch.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import torch

from guerdon.core.contracts import Head, Objective
from guerdon.core.errors import DataError
from guerdon.core.types import Sample
from guerdon.models.batch import Batch
from guerdon.models.dataset import Groups, items
from guerdon.models.network import RewardNetwork
from guerdon.models.views import forward

Tensor = torch.Tensor
PER_PAIR = ("pairs", "strength", "margin", "weight", "prob", "tie")


class Learner:
    """One network in training. `seed` starts its own stream of dropout, so that no other learner changes what it draws.

    max_grad_norm: 0 clips nothing · bf16: forward passes under autocast · schedule: stepped after each step, where given.
    `steps` counts the steps made, `reviewed` those on pairs that a review chose, `kept` are the pairs of the last one.
    """

    def __init__(
        self,
        network: RewardNetwork,
        head: Head,
        objective: Objective,
        data: Groups,
        optimizer: torch.optim.Optimizer,
        *,
        seed: int = 0,
        max_grad_norm: float = 0.0,
        schedule: Any = None,
        bf16: bool = False,
    ) -> None:
        self.network, self.head, self.objective, self.data = network, head, objective, data
        self.optimizer, self.schedule, self.max_grad_norm, self.bf16 = optimizer, schedule, max_grad_norm, bf16
        self.steps = self.reviewed = 0
        self.kept: list[int] = []
        self._number = {id(group): n for n, group in enumerate(data.groups)}
        self._random = _seeded(seed)

    @property
    def device(self) -> torch.device:
        return next(self.network.parameters()).device

    @property
    def trained(self) -> dict[str, torch.nn.Parameter]:
        """The parameters that take gradients, by name."""
        return {n: p for n, p in self.network.named_parameters() if p.requires_grad}

    def numbers(self, samples: Sequence[Sample]) -> list[int]:
        """The numbers of these groups. Raises DataError for one that is not among the learner's."""
        for sample in samples:
            if id(sample) not in self._number:
                raise DataError(f"'{sample.id}' is none of the groups that this model was prepared for")
        return [self._number[id(s)] for s in samples]

    def batches(self, samples: Sequence[Sample]) -> list[Batch]:
        """The groups in order, in batches within the token budget."""
        made = [self.data.batch(part, self.head) for part in self.data.parts(self.numbers(samples))]
        return [b.to(self.device) for b in made]

    @torch.no_grad()
    def margins(self, samples: Sequence[Sample]) -> Tensor:
        """Log-odds [P] of all pairs of the groups, in order, without dropout."""
        self.network.eval()
        with self._autocast():
            found = [b.margins(self.network(b.inputs)).float() for b in self.batches(samples)]
        return torch.cat(found).cpu() if found else torch.zeros(0)

    def loss(self, batch: Batch, objective: Objective | None = None, at: Mapping[str, Tensor] | None = None) -> Tensor:
        """The loss (of the learner's objective, or another) in training mode, with its own dropout; at other parameters where
        they are given by name."""
        self.network.train()
        wanted = objective or self.objective
        with self._own_randomness(), self._autocast():
            model = self.network if at is None else _Moved(self.network, dict(at))
            out, batch = forward(model, wanted, batch)
        found: Tensor = wanted.loss(out.float(), batch)[0]
        return found

    def train(self, samples: Sequence[Sample], kept: Sequence[int] | None = None) -> float:
        """One step on the pairs numbered `kept` (all where it is None) of these groups; the mean loss."""
        batches = chosen(self, samples, kept)
        total = sum(items(self.objective, b) for b in batches)
        self.optimizer.zero_grad()
        value = 0.0
        for batch in batches:
            share = self.loss(batch) * (items(self.objective, batch) / max(total, 1))
            share.backward()  # type: ignore[no-untyped-call]
            value += float(share.detach())
        self.finite(value, samples)
        self.apply()
        return value

    def finite(self, loss: float, samples: Sequence[Sample]) -> None:
        """DataError with the first ids of the groups when their loss is NaN or infinite."""
        if not float("-inf") < loss < float("inf"):
            ids = ", ".join(s.id for s in samples[:5])
            raise DataError(f"the loss is {loss} at step {self.steps}, on groups such as {ids}")

    def apply(self, gradients: Mapping[str, Tensor] | None = None) -> None:
        """Steps along the gradients: those given by name, else those that were left in the parameters."""
        if gradients is not None:
            for name, parameter in self.trained.items():
                parameter.grad = gradients[name].detach() if name in gradients else None
        if self.max_grad_norm:
            torch.nn.utils.clip_grad_norm_(self.trained.values(), self.max_grad_norm)
        self.optimizer.step()
        if self.schedule is not None:
            self.schedule.step()
        self.steps += 1

    def state(self) -> dict[str, Any]:
        """All that a later run goes on from, the trained tensors apart."""
        return {
            "optimizer": self.optimizer.state_dict(), "steps": self.steps, "reviewed": self.reviewed,
            "schedule": None if self.schedule is None else self.schedule.state_dict(), "random": self._random,
        }  # fmt: skip

    def restore(self, state: Mapping[str, Any]) -> None:
        """Goes on from a `state`."""
        self.optimizer.load_state_dict(state["optimizer"])
        self.steps, self.reviewed, self._random = state["steps"], state["reviewed"], state["random"]
        if self.schedule is not None:
            self.schedule.load_state_dict(state["schedule"])

    def _autocast(self) -> Any:
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.bf16)

    @contextmanager
    def _own_randomness(self) -> Iterator[None]:
        """The learner's own stream of the default generators inside, the caller's untouched outside."""
        before = _state()
        _set(self._random)
        try:
            yield
        finally:
            self._random = _state()
            _set(before)


class _Moved:
    """A network called with other parameters than its own."""

    def __init__(self, network: RewardNetwork, parameters: dict[str, Tensor]) -> None:
        self.network, self.parameters, self.training = network, parameters, network.training

    def __call__(self, *given: Any, **named: Any) -> Any:
        return torch.func.functional_call(self.network, self.parameters, given, named)


def chosen(learner: Learner, samples: Sequence[Sample], kept: Sequence[int] | None) -> list[Batch]:
    """The learner's batches with the pairs numbered `kept` over all groups; groups of which none is kept do not run at all."""
    if kept is None:
        return learner.batches(samples)
    wanted, used, places, first = set(kept), [], [], 0
    for sample in samples:
        mine = [first + j for j in range(len(sample.preferences))]
        if wanted.intersection(mine):
            used.append(sample)
            places += mine
        first += len(mine)
    made, begin = [], 0
    for batch in learner.batches(used):
        here = places[begin : begin + len(batch.pairs)]
        begin += len(batch.pairs)
        made.append(only(batch, [i for i, place in enumerate(here) if place in wanted]))
    return made


def only(batch: Batch, pairs: Sequence[int]) -> Batch:
    """The batch with some of its pairs; responses and groups stay."""
    at = torch.tensor(list(pairs), dtype=torch.long, device=batch.pairs.device)
    changes: dict[str, Any] = {name: getattr(batch, name)[at] for name in PER_PAIR}
    return replace(batch, **changes)


def _seeded(seed: int) -> list[Tensor]:
    before = _state()
    torch.manual_seed(seed)
    found = _state()
    _set(before)
    return found


def _state() -> list[Tensor]:
    return [torch.get_rng_state(), *(torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [])]


def _set(states: Sequence[Tensor]) -> None:
    torch.set_rng_state(states[0])
    if len(states) > 1:
        torch.cuda.set_rng_state_all(list(states[1:]))
