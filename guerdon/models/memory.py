"""Out of memory: the token budget is halved once, and what failed is done again; the second time ends the run."""

from __future__ import annotations

import gc
import logging
from collections.abc import Callable
from typing import TypeVar

import torch

from guerdon.core.errors import ResourceError

T = TypeVar("T")
log = logging.getLogger("guerdon.models")
# What torch says on the CPU, where running out of memory has no exception of its own.
SIGNS = ("can't allocate memory", "not enough memory", "out of memory")


class Memory:
    """How much of its token budget a model gets: all of it, and half of it once memory ran out."""

    def __init__(self) -> None:
        self.parts = 1

    @property
    def halved(self) -> bool:
        return self.parts > 1

    def within(self, budget: int) -> int:
        """The tokens of a pass that may have `budget` of them."""
        return max(1, budget // self.parts)

    def halve(self, budget: int, error: BaseException, alone: bool = True) -> None:
        """Halves, and says so. Raises ResourceError where that was done before, where there is nothing to halve, or where
        this process is not `alone` and the others are in the midst of a pass."""
        said = (str(error).strip().splitlines() or [type(error).__name__])[0]
        if self.halved or budget < 2 or not alone:
            tried = (
                f"batch_tokens = {budget}" + (" and with half of it" if self.halved else "") if budget else "one batch"
            )
            less = "batch_tokens, max_length or batch_size, or gradient_checkpointing = true"
            raise ResourceError(f"out of memory with {tried}; ask less by a smaller {less} ({said})")
        self.parts = 2
        log.warning("out of memory with batch_tokens = %d: going on with %d (%s)", budget, self.within(budget), said)

    def attempt(
        self, budget: int, work: Callable[[], T], again: Callable[[], T] | None = None, alone: bool = True
    ) -> T:
        """`work()`; where memory runs out, what `again()` gives (by default `work()` once more) with half the budget."""
        while True:
            try:
                return work()
            except (RuntimeError, MemoryError) as error:
                if not ran_out(error):
                    raise
                self.halve(budget, error, alone)
            # The error is gone here, and with its traceback the tensors of the failed pass.
            free()
            work = again or work


def ran_out(error: BaseException) -> bool:
    """Whether an error says that there was not enough memory, on a GPU or on the CPU."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    return isinstance(error, RuntimeError) and any(sign in str(error) for sign in SIGNS)


def free() -> None:
    """Gives back what a failed pass left."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
