"""`engines.cached`: answers are kept on disk, so that nothing is asked or paid for twice."""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from guerdon.core.concurrency import at_home
from guerdon.core.contracts import Engine
from guerdon.core.errors import SpecError
from guerdon.core.lazy import lazy
from guerdon.core.types import Completion, Part, Request
from guerdon.data.wire import dumps
from guerdon.engines.around import Around, ask
from guerdon.engines.flight import each
from guerdon.engines.keys import (
    answers_from_text,
    answers_to_text,
    good,
    identity_bytes,
    keys,
    part_key,
    request_text,
)
from guerdon.engines.store import Row, Store, store_at

NAME, GIB = "engines.sqlite", 1 << 30
PENDING, SECONDS = 256, 0.5  # answers, and their age, at which they are written


def default_path() -> Path:
    """`engines.sqlite` in GUERDON_CACHE, else in ~/.cache/guerdon."""
    return Path(os.environ.get("GUERDON_CACHE") or "~/.cache/guerdon").expanduser() / NAME


@dataclass(frozen=True)
class Cached(Around, Engine):
    """A cache on disk: key = BLAKE2b(engine's identity, call, request) → answer, in one SQLite file for many processes.

    The identity is what decides an answer (model, address, form; no key, no timeouts), the request all of its fields and the
    bytes of its images. So one file serves any number of engines, threads and processes. Equal requests of a batch are asked
    once, but for those that sample without a seed: each has an answer of its own, the same on a rerun. Only answers are kept,
    never failures. path: the file; None is `engines.sqlite` in GUERDON_CACHE · max_bytes: what is least lately used goes
    when the answers take more · concurrency: of calls made at once.

    A hit counts as `cached` in the usage and costs nothing. `guerdon cache` shows, clears and exports the file. Raises
    SpecError for a bound that is not positive, OutputError for a file that is no cache. No paper.
    """

    engine: Engine
    path: Path | None = None
    max_bytes: int = 4 * GIB
    concurrency: int = 2048

    def __post_init__(self) -> None:
        if self.max_bytes < 1 or self.concurrency < 1:
            raise SpecError("max_bytes and concurrency are at least 1")

    @classmethod
    def example(cls) -> Cached:
        from guerdon.engines.scripted import Scripted

        return cls(engine=Scripted.example())

    @lazy
    def store(self) -> Store:
        """The open file."""
        return store_at(Path(self.path).expanduser() if self.path else default_path(), self.max_bytes)

    @lazy
    def who(self) -> tuple[bytes, str]:
        """What decides the answers, and the name they are listed under."""
        identity = self.engine.identity
        return identity_bytes(identity), str(identity.get("model") or identity.get("use") or "")

    async def answer(self, call: str, requests: Sequence[Request]) -> list[list[Completion]]:
        named = (
            await asyncio.to_thread(keys, self.who[0], call, requests)
            if len(requests) > PENDING
            else keys(self.who[0], call, requests)
        )
        known = await asyncio.to_thread(self.store.get, named)
        found = {key: answers_from_text(text) for key, text in known.items()}
        missing = {key: r for key, r in zip(named, requests, strict=True) if key not in found}
        if missing:
            found |= await self._ask(call, missing)
        return [list(found[key]) for key in named]

    async def _ask(self, call: str, missing: dict[str, Request]) -> dict[str, list[Completion]]:
        """Asks for what is not known and keeps it as it comes."""
        pending = Pending(self.store)

        async def lot(named: Sequence[tuple[str, Request]]) -> list[list[Completion]]:
            made = await ask(self.engine, call, [request for _, request in named])
            rows = [
                Row(key, self.who[1], call, request_text(request), answers_to_text(answers))
                for (key, request), answers in zip(named, made, strict=True)
                if good(answers)
            ]
            await pending.add(rows)
            return made

        try:
            made = await each(self.engine, list(missing.items()), lot, self.concurrency)
        finally:
            await asyncio.shield(pending.flush())
        return dict(zip(missing, made, strict=True))

    async def embed(self, parts: Sequence[Part]) -> np.ndarray:
        return await at_home(self._embed(parts))

    async def _embed(self, parts: Sequence[Part]) -> np.ndarray:
        named = [part_key(self.who[0], p) for p in parts]
        known = await asyncio.to_thread(self.store.get, named)
        found = {key: np.array(json.loads(text)) for key, text in known.items()}
        missing = {key: p for key, p in zip(named, parts, strict=True) if key not in found}
        if missing:
            fresh = await self.engine.embed(list(missing.values()))
            found |= dict(zip(missing, fresh, strict=True))
            rows = [
                Row(k, self.who[1], "embed", dumps([p.kind, p.value]), json.dumps([float(x) for x in found[k]]))
                for k, p in missing.items()
            ]
            await asyncio.to_thread(self.store.put, rows)
        return np.array([found[key] for key in named]) if parts else await self.engine.embed(parts)


class Pending:
    """Answers on their way to the file: written when there are many or the first of them is old."""

    def __init__(self, store: Store) -> None:
        self.store, self.rows, self.since = store, list[Row](), time.monotonic()

    async def add(self, rows: Sequence[Row]) -> None:
        if not self.rows:
            self.since = time.monotonic()
        self.rows += rows
        if len(self.rows) >= PENDING or time.monotonic() - self.since >= SECONDS:
            await self.flush()

    async def flush(self) -> None:
        rows, self.rows = self.rows, []
        if rows:
            await asyncio.to_thread(self.store.put, rows)
