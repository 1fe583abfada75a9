"""`engines.limited`: keeps within an endpoint's requests and tokens a minute, and finds how many calls it can take at once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from guerdon.core.contracts import Engine
from guerdon.core.errors import SpecError
from guerdon.core.lazy import lazy
from guerdon.core.types import Completion, Request, Usage
from guerdon.engines.around import Around, ask
from guerdon.engines.flight import each, queued
from guerdon.engines.pace import Pace, Width, estimate

MINUTE = 60.0


@dataclass(frozen=True)
class Limited(Around, Engine):
    """Calls paced and counted: one every 60/requests_per_minute s, a token every 60/tokens_per_minute s, `width` at once.

    Calls leave evenly, so no minute holds more than its share. Tokens are counted as the endpoint counts them once it has
    answered; before that as the input's bytes / 4 (learned from the answers) and what the calls of late wrote [inferred].
    The width starts at `concurrency` and doubles with every round of calls until the first trouble, then grows by one a
    round, up to `most`. It shrinks to 0.7 of itself on a 429 or 503, and to 0.8 where the median time of 64 calls is above
    `patience` times the lowest such median so far [inferred, after TCP Vegas]. A Retry-After holds back every call until then.
    With adaptive = false the width stays. Limits are this object's own: two processes have two.

    Put `engines.retrying` round it, so that a second try is counted too. Raises SpecError for limits that are not positive.
    No paper.
    """

    engine: Engine
    requests_per_minute: float | None = None
    tokens_per_minute: float | None = None
    concurrency: int = 64
    most: int = 1024
    adaptive: bool = True
    patience: float = 2.5

    def __post_init__(self) -> None:
        limits = [x for x in (self.requests_per_minute, self.tokens_per_minute) if x is not None]
        if any(not x > 0 for x in limits):
            raise SpecError("requests_per_minute and tokens_per_minute are positive; leave one out for no limit")
        if not 1 <= self.concurrency <= self.most:
            raise SpecError(f"concurrency is from 1 to most ({self.most}), found {self.concurrency}")
        if not self.patience > 1:
            raise SpecError(f"patience is above 1, found {self.patience}")

    @classmethod
    def example(cls) -> Limited:
        from guerdon.engines.scripted import Scripted

        return cls(engine=Scripted.example(), requests_per_minute=60_000)

    @lazy
    def width(self) -> Width:
        """How many calls may be under way now."""
        return Width(self.concurrency, self.most, self.patience if self.adaptive else 0.0)

    @lazy
    def paces(self) -> tuple[Pace, Pace]:
        """When the next call may leave, by calls and by tokens."""
        per = (self.requests_per_minute, self.tokens_per_minute)
        calls, tokens = (MINUTE / x if x is not None else 0.0 for x in per)
        return Pace(calls), Pace(tokens)

    async def answer(self, call: str, requests: Sequence[Request]) -> list[list[Completion]]:
        return await each(self.engine, requests, partial(self._lot, call), self.most)

    async def _lot(self, call: str, requests: Sequence[Request]) -> list[list[Completion]]:
        calls, tokens = self.paces
        guess = sum(estimate(r, tokens.learned) for r in requests) if self.tokens_per_minute else 0.0
        with queued():
            await self.width.enter()
            try:
                for wait in (calls.take(len(requests)), tokens.take(guess)):
                    if wait:
                        await asyncio.sleep(wait)
                await self.width.held()
            except BaseException:
                self.width.leave()
                raise
        started = time.monotonic()
        try:
            found = await ask(self.engine, call, requests)
            self.width.saw(time.monotonic() - started, [c for answers in found for c in answers])
        finally:
            self.width.leave()
        if self.tokens_per_minute:
            used = sum((c.usage for answers in found for c in answers if c.usage is not None), Usage())
            tokens.settle(guess, requests, used)
        return found
