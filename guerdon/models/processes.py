"""Several processes that train one model (`torchrun`, `accelerate launch`): what the first one does alone, and what all agree on.

The first process holds the folder and writes; the others compute. Where there is one process, everything here is free.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar, cast

import torch
import torch.distributed as dist

from guerdon.core.errors import GuerdonError
from guerdon.models.output import locked

T = TypeVar("T")
PATIENCE = timedelta(hours=12)  # how long a process waits for another one, such as one that fills the features cache


def join(cpu: bool) -> None:
    """Meets the other processes, where a launcher started several (it says so in WORLD_SIZE)."""
    if int(os.environ.get("WORLD_SIZE", "1")) > 1 and not dist.is_initialized():
        from accelerate import PartialState

        PartialState(cpu=cpu, timeout=PATIENCE)


def world() -> int:
    """How many processes train together."""
    return dist.get_world_size() if dist.is_available() and dist.is_initialized() else 1


def first() -> bool:
    """Whether this process is the one that writes."""
    return world() == 1 or dist.get_rank() == 0


def wait() -> None:
    """Goes on when all processes are here."""
    if world() > 1:
        dist.barrier()


def decided(make: Callable[[], T]) -> T:
    """What the first process makes, known to all of them; a GuerdonError it raises is raised by all."""
    if world() == 1:
        return make()
    told: list[Any] = [None, None]
    if first():
        try:
            told[0] = make()
        except GuerdonError as error:
            told[1] = error
    dist.broadcast_object_list(told)
    if told[1] is not None:
        raise told[1]
    return cast(T, told[0])


@contextmanager
def first_alone() -> Iterator[None]:
    """The first process goes through the block while the others wait; then they do."""
    if not first():
        wait()
    try:
        yield
    finally:
        if first():
            wait()


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Holds the folder, as `locked` does, for all processes together; none goes on before all are done."""
    with ExitStack() as stack:

        def hold() -> None:
            stack.enter_context(locked(folder))

        decided(hold)
        yield
        wait()


def summed(parts: Mapping[str, float]) -> dict[str, float]:
    """The sums over all processes, name by name (a process may lack some)."""
    if world() == 1:
        return dict(parts)
    each: list[Any] = [None] * world()
    dist.all_gather_object(each, dict(parts))
    return {name: sum(p.get(name, 0.0) for p in each) for name in sorted({n for p in each for n in p})}


def largest(numbers: list[int], device: torch.device) -> list[int]:
    """The largest over all processes, number by number."""
    if world() == 1:
        return numbers
    found = torch.tensor(numbers, dtype=torch.long, device=device)
    dist.all_reduce(found, dist.ReduceOp.MAX)
    return [int(n) for n in found.tolist()]
