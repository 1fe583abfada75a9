"""`engines.retrying`: asks again where asking again may help, until a deadline."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from guerdon.core.concurrency import at_home
from guerdon.core.contracts import Engine
from guerdon.core.errors import SpecError
from guerdon.core.lazy import lazy
from guerdon.core.types import Completion, Part, Request, Status, Usage
from guerdon.engines.around import Around, ask
from guerdon.engines.failure import CallFailed, all_failed
from guerdon.engines.flight import QUEUED, Slots, cut, each, inside
from guerdon.engines.keys import keys

Answers = list[list[Completion]]


@dataclass(frozen=True)
class Retrying(Around, Engine):
    """Another try for a call that failed in passing: wait = max(Retry-After, U(0, min(cap, base·2^k))) before try k + 1.

    Failures that asking again cannot mend (a wrong key, a context too long) are given back at once. A try that takes longer
    than `call_timeout` seconds is cut; after `attempts` tries, or where the next one would begin later than `deadline`
    seconds of trying and waiting, the last failure stands and says how often it was asked. What waits for a turn in an
    engine inside does not count as hanging. U is drawn from `seed`, the request and k, so a rerun waits as long. Of n
    completions only those that failed are asked again. `concurrency`: tries under way at once.

    The status of the last try is kept (timeout for a cut one); retries and the seconds spent are in the usage. embed raises
    the last EngineError. Raises SpecError where one stands inside another: tries would multiply. Full jitter; the numbers
    are [inferred]. No paper.
    """

    engine: Engine
    attempts: int = 6
    base: float = 0.5
    cap: float = 60.0
    call_timeout: float = 300.0
    deadline: float = 900.0
    concurrency: int = 256
    seed: int = 0

    def __post_init__(self) -> None:
        if any(isinstance(inner, Retrying) for inner in inside(self)):
            raise SpecError("one engines.retrying stands inside another, so tries would multiply; keep one of them")
        if self.attempts < 1 or self.concurrency < 1 or min(self.base, self.cap) < 0:
            raise SpecError("attempts and concurrency are at least 1, base and cap are not negative")
        if not (self.call_timeout > 0 and self.deadline > 0):
            raise SpecError("call_timeout and deadline are positive")

    @classmethod
    def example(cls) -> Retrying:
        from guerdon.engines.scripted import Scripted

        return cls(engine=Scripted.example())

    @lazy
    def slots(self) -> Slots:
        """Turns for tries; what waits to be tried again has none."""
        return Slots(self.concurrency)

    async def answer(self, call: str, requests: Sequence[Request]) -> Answers:
        return await each(self.engine, requests, partial(self._persist, call), QUEUED * self.concurrency)

    async def embed(self, parts: Sequence[Part]) -> np.ndarray:
        async def tried() -> np.ndarray:
            left = self.deadline
            for attempt in range(self.attempts):
                try:
                    async with self.slots, cut(min(self.call_timeout, left)) as watch:
                        return await self.engine.embed(parts)
                except (CallFailed, TimeoutError) as error:
                    after = error.retry_after if isinstance(error, CallFailed) else 0.0
                    wait = 0.0 if after is None else max(after, self._jitter(f"embed {len(parts)}", attempt))
                    left -= min(self.call_timeout, left) - watch.rest + wait
                    if after is None or left <= 0 or attempt + 1 == self.attempts:
                        raise
                    await asyncio.sleep(wait)
            raise AssertionError("every try returns, waits or raises")

        return await at_home(tried())

    async def _persist(self, call: str, requests: Sequence[Request]) -> Answers:
        """The answers to requests that are asked together, those that failed in passing asked again."""
        found, spent = await self._try(call, requests, self.deadline)
        for attempt in range(1, self.attempts):
            again = [i for i, answers in enumerate(found) if _passing(answers)]
            if not again:
                return found
            wait = self._wait(call, requests, found, again, attempt - 1)
            if spent + wait >= self.deadline:
                return [_gave_up(a, attempt, f"in {spent:.0f} s") if i in again else a for i, a in enumerate(found)]
            await asyncio.sleep(wait)
            left = [replace(requests[i], n=sum(_may_pass(c) for c in found[i])) for i in again]
            fresh, took = await self._try(call, left, self.deadline - spent - wait)
            spent += wait + took
            for i, answers in zip(again, fresh, strict=True):
                found[i] = _joined(found[i], answers, wait)
        return [_gave_up(a, self.attempts, "") if _passing(a) else a for a in found]

    async def _try(self, call: str, requests: Sequence[Request], left: float) -> tuple[Answers, float]:
        """One try and the seconds it ran."""
        limit = min(self.call_timeout, left)
        async with self.slots:
            try:
                async with cut(limit) as watch:
                    found = await ask(self.engine, call, requests)
                    ran = limit - watch.rest
            except TimeoutError:
                hung = CallFailed(f"no answer in {limit:g} s", status=Status.TIMEOUT, retry_after=0.0)
                hung.usage = Usage(calls=1, seconds=limit)
                return all_failed(hung, requests), limit
        return found, ran

    def _wait(self, call: str, requests: Sequence[Request], found: Answers, again: list[int], attempt: int) -> float:
        asked = max((c.retry_after or 0.0 for i in again for c in found[i]), default=0.0)
        key = keys(b"", call, [requests[again[0]]])[0]
        return max(asked, self._jitter(key, attempt))

    def _jitter(self, key: str, attempt: int) -> float:
        drawn = random.Random(f"{self.seed} {key} {attempt}").random()
        return float(drawn * min(self.cap, self.base * 2**attempt))


def _may_pass(completion: Completion) -> bool:
    return completion.status is not Status.OK and completion.retry_after is not None


def _passing(answers: Sequence[Completion]) -> bool:
    return any(map(_may_pass, answers))


def _joined(earlier: Sequence[Completion], fresh: Sequence[Completion], wait: float) -> list[Completion]:
    """The earlier answers with those that failed replaced, and what all tries cost on the first."""
    rest = iter(fresh)
    made = [next(rest) if _may_pass(c) else c for c in earlier]
    used = sum((c.usage for c in (*earlier, *fresh) if c.usage is not None), Usage())
    used = replace(used, retries=used.retries + 1, seconds=used.seconds + wait)
    return [replace(made[0], usage=used), *(replace(c, usage=Usage()) for c in made[1:])]


def _gave_up(answers: Sequence[Completion], tries: int, spent: str) -> list[Completion]:
    said = f"asked {tries} times {spent}".strip() if tries > 1 else f"given up {spent}".strip()
    return [replace(c, error=f"{c.error}; {said}", retry_after=None) if _may_pass(c) else c for c in answers]
