"""Calls under way: how a batch is divided, how a hanging call is cut, and how waiting in a queue is told from hanging."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from functools import partial
from typing import Any, TypeVar

from guerdon.core.concurrency import gather
from guerdon.core.contracts import Engine

T = TypeVar("T")
R = TypeVar("R")
Ask = Callable[[Sequence[T]], Awaitable[list[R]]]
QUEUED = 8  # calls begun a slot, so that those that wait for another try do not keep the slots empty [inferred]


class Watch:
    """The clock of one call: it stands still while the call, or a part of it, waits in a queue."""

    def __init__(self, seconds: float) -> None:
        self.left, self.waiting, self.since = seconds, 0, 0.0
        self.timeout: asyncio.Timeout | None = None

    def start(self, timeout: asyncio.Timeout) -> None:
        self.timeout, self.since = timeout, asyncio.get_running_loop().time()

    def stand(self) -> None:
        """Stops the clock."""
        self.waiting += 1
        if self.waiting == 1 and self.timeout is not None and not self.timeout.expired():
            self.left -= asyncio.get_running_loop().time() - self.since
            self.timeout.reschedule(None)

    def go_on(self) -> None:
        """Starts it again."""
        self.waiting -= 1
        if self.waiting == 0 and self.timeout is not None and not self.timeout.expired():
            self.since = asyncio.get_running_loop().time()
            self.timeout.reschedule(self.since + max(self.left, 0.0))

    @property
    def rest(self) -> float:
        """Seconds left."""
        ran = 0.0 if self.waiting or self.timeout is None else asyncio.get_running_loop().time() - self.since
        return self.left - ran


_watch: ContextVar[Watch | None] = ContextVar("guerdon_watch", default=None)


@asynccontextmanager
async def cut(seconds: float) -> AsyncIterator[Watch]:
    """TimeoutError once the block has run for so long; what `queued` covers does not count."""
    watch = Watch(seconds)
    token = _watch.set(watch)
    try:
        async with asyncio.timeout(seconds) as timeout:
            watch.start(timeout)
            yield watch
    finally:
        _watch.reset(token)


@contextmanager
def queued() -> Iterator[None]:
    """Waiting for a turn: it is not held against the call."""
    watch = _watch.get()
    if watch is None:
        yield
        return
    watch.stand()
    try:
        yield
    finally:
        watch.go_on()


class Slots:
    """At most so many calls at once, on whatever loop they run; `async with` waits for a turn."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.loop: asyncio.AbstractEventLoop | None = None
        self.free = asyncio.Semaphore(most)

    async def __aenter__(self) -> None:
        loop = asyncio.get_running_loop()
        if self.loop is not loop:  # the first use, or the first after a fork
            self.loop, self.free = loop, asyncio.Semaphore(self.most)
        if self.free.locked() and _watch.get() is not None:
            with queued():
                await self.free.acquire()
        else:
            await self.free.acquire()

    async def __aexit__(self, *error: object) -> None:
        self.free.release()


async def each(engine: Engine, items: Sequence[T], ask: Ask[T, R], limit: int) -> list[R]:
    """`ask` over the items: whole for an engine that wants batches, else one by one, `limit` at a time."""
    if engine.batched:
        return await ask(items) if items else []
    found = await gather([partial(ask, (item,)) for item in items], limit)
    return [one for part in found for one in part]


def inside(engine: Engine) -> Iterator[Engine]:
    """The engines that this one is round, at any depth."""
    for f in dataclasses.fields(engine):
        yield from _engines(getattr(engine, f.name))


def _engines(value: Any) -> Iterator[Engine]:
    if isinstance(value, Engine):
        yield value
        yield from inside(value)
    elif isinstance(value, tuple | list):
        for inner in value:
            yield from _engines(inner)
    elif isinstance(value, Mapping):
        yield from _engines(tuple(value.values()))
