"""`engines.budget`: a hard stop at so many tokens or so much money; what was done is kept."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from guerdon.core.contracts import Engine
from guerdon.core.errors import SpecError
from guerdon.core.lazy import lazy
from guerdon.core.types import Completion, Part, Request, Status, Usage
from guerdon.engines.around import Around, ask
from guerdon.engines.failure import CallFailed
from guerdon.engines.flight import each, inside, queued
from guerdon.engines.pace import size

MILLION = 1e6
START, ROOM = (
    0.5,
    1.1,
)  # tokens a byte of input before any answer was counted; above the most seen after that [inferred]


@dataclass(frozen=True)
class Budget(Around, Engine):
    """Σ tokens ≤ tokens and Σ cost ≤ dollars: a call that might pass the bound is not made, nor any after it.

    Before a call its most is set aside: the tokens of its input, estimated from bytes by the highest ratio that answers have
    shown, and n·max_tokens of output. A call that fits only once others have been counted waits for them. When nothing is
    under way and it still does not fit, the budget is spent: it and every later call fails with that reason, and the
    answers so far stand. So a lower max_tokens lets more of the budget be used. price: US dollars for a million tokens in
    and out, for an engine that does not count its cost itself. Answers from a cache inside cost nothing.

    The budget is this object's own and starts anew in each process. embed is counted by its texts' bytes. Raises SpecError
    where no bound is given, for one that is not positive, and for dollars without a price anywhere. No paper.
    """

    engine: Engine
    tokens: int | None = None
    dollars: float | None = None
    price: tuple[float, float] = (0.0, 0.0)
    concurrency: int = 2048

    def __post_init__(self) -> None:
        if self.tokens is None and self.dollars is None:
            raise SpecError("give tokens, dollars or both")
        if (self.tokens is not None and self.tokens < 1) or (self.dollars is not None and not self.dollars > 0):
            raise SpecError("tokens and dollars are positive")
        if min(self.price) < 0 or self.concurrency < 1:
            raise SpecError("a price is not negative and concurrency is at least 1")
        if self.dollars is not None and not any(self.rate):
            raise SpecError(
                "dollars need a price: US dollars for a million tokens in and out, here or in the engine inside"
            )

    @classmethod
    def example(cls) -> Budget:
        from guerdon.engines.scripted import Scripted

        return cls(engine=Scripted.example(), tokens=1_000_000)

    @property
    def rate(self) -> tuple[float, float]:
        """The price in force: this one's, else the highest of an engine inside."""
        prices = [self.price] if any(self.price) else [getattr(e, "price", (0.0, 0.0)) for e in inside(self)]
        return max((p[0] for p in prices), default=0.0), max((p[1] for p in prices), default=0.0)

    @lazy
    def ledger(self) -> Ledger:
        """What is spent and set aside."""
        return Ledger(self.tokens, self.dollars, self.rate)

    async def answer(self, call: str, requests: Sequence[Request]) -> list[list[Completion]]:
        return await each(self.engine, requests, partial(self._lot, call), self.concurrency)

    async def _lot(self, call: str, requests: Sequence[Request]) -> list[list[Completion]]:
        """Asks as many of the requests as fit."""
        fitting: list[Request] = []
        aside: list[Taken] = []
        for request in requests:
            written = request.n * request.max_tokens if call == "generate" else 1
            with queued():
                taken = await self.ledger.take(size(request), written, wait=not aside)
            if taken is None:
                break
            fitting.append(request)
            aside.append(taken)
        made: list[list[Completion]] = []
        try:
            made = await ask(self.engine, call, fitting) if fitting else []
        finally:
            used = [sum((c.usage for c in a if c.usage is not None), Usage()) for a in made]
            for i, taken in enumerate(aside):
                self.ledger.settle(taken, used[i] if i < len(used) else None)
        if any(self.price):
            made = [self._priced(answers) for answers in made]
        rest = requests[len(fitting) :]
        return [*made, *([Completion(status=Status.FAILED, error=self.ledger.why)] * r.n for r in rest)]

    def _priced(self, answers: Sequence[Completion]) -> list[Completion]:
        return [
            replace(c, usage=replace(c.usage, cost=self.ledger.cost(c.usage))) if c.usage and not c.usage.cost else c
            for c in answers
        ]

    async def embed(self, parts: Sequence[Part]) -> np.ndarray:
        taken = await self.ledger.take(sum(len(p.value.encode("utf-8", "replace")) for p in parts), 0, wait=True)
        if taken is None:
            raise CallFailed(self.ledger.why)
        try:
            return await self.engine.embed(parts)
        finally:
            self.ledger.settle(taken, Usage(input_tokens=taken[0]))


Taken = tuple[int, int, int]  # tokens in, tokens out, bytes in


class Ledger:
    """What was spent, what is set aside for calls under way, and whether the end is reached."""

    def __init__(self, tokens: int | None, dollars: float | None, rate: tuple[float, float]) -> None:
        self.tokens, self.dollars, self.rate = tokens, dollars, rate
        self.spent, self.aside, self.calls = Usage(), Usage(), 0
        self.ratio, self.why = START, ""
        self.waiting: list[asyncio.Future[None]] = []

    async def take(self, bytes_in: int, written: int, *, wait: bool) -> Taken | None:
        """Sets the most of a call aside; None where it does not fit (for good, where `wait`)."""
        while not self.why:
            taken = (round(bytes_in * self.ratio) + 8, written, bytes_in)
            most = self._used(taken)
            if self._fits(most):
                self.aside, self.calls = self.aside + most, self.calls + 1
                return taken
            if not self.calls:
                self._end()
            elif not wait:
                return None
            else:
                turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
                self.waiting.append(turn)
                await turn
        return None

    def settle(self, taken: Taken, used: Usage | None) -> None:
        """Counts what a call used in place of what was set aside for it; None for one that was broken off: its most."""
        most = self._used(taken)
        self.aside, self.calls = _less(self.aside, most), self.calls - 1
        used = most if used is None else used
        self.spent += used if used.cost else replace(used, cost=self.cost(used))
        if used.input_tokens and used.calls <= 1 and taken[2]:
            seen = ROOM * used.input_tokens / taken[2]
            self.ratio = seen if self.ratio == START else max(self.ratio, seen)
        turns, self.waiting = self.waiting, []
        for turn in turns:
            if not turn.done():
                turn.set_result(None)

    def cost(self, used: Usage) -> float:
        """Dollars of so many tokens."""
        return (used.input_tokens * self.rate[0] + used.output_tokens * self.rate[1]) / MILLION

    def _used(self, taken: Taken) -> Usage:
        used = Usage(input_tokens=taken[0], output_tokens=taken[1])
        return replace(used, cost=self.cost(used))

    def _fits(self, most: Usage) -> bool:
        total = self.spent + self.aside + most
        tokens = self.tokens is None or total.input_tokens + total.output_tokens <= self.tokens
        return tokens and (self.dollars is None or total.cost <= self.dollars * (1 + 1e-9))

    def _end(self) -> None:
        used = self.spent.input_tokens + self.spent.output_tokens
        bounds = [f"{self.tokens:,} tokens ({used:,} used)"] if self.tokens is not None else []
        bounds += [f"${self.dollars:,.2f} (${self.spent.cost:,.4f} used)"] if self.dollars is not None else []
        self.why = f"the budget of {' and '.join(bounds)} has no room for another call"


def _less(a: Usage, b: Usage) -> Usage:
    return Usage(
        input_tokens=a.input_tokens - b.input_tokens,
        output_tokens=a.output_tokens - b.output_tokens,
        cost=a.cost - b.cost,
    )
