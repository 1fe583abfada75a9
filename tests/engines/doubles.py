"""Engines for tests of wrappers: they count, wait and fail as told."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from guerdon.core.contracts import Engine
from guerdon.core.types import Completion, Part, Request, Status, Usage
from guerdon.engines.failure import CallFailed

OK = Completion(text="fine")


@dataclass(frozen=True)
class Flaky(Engine):
    """Answers request text `t` with `plan[t]` in turn, the last one for ever, else with its text and n; counts its calls."""

    plan: dict[str, tuple[Completion, ...]] = field(default_factory=dict)
    delay: float = 0.0
    whole: bool = False
    tokens: int = 10
    cost: float = 0.01
    asked: list[tuple[str, int]] = field(default_factory=list, compare=False)
    lots: list[int] = field(default_factory=list, compare=False)
    most: list[int] = field(default_factory=lambda: [0, 0], compare=False)

    @property
    def capabilities(self) -> frozenset[str] | None:
        return frozenset({"generate", "loglikelihood", "next_token", "embed"})

    @property
    def batched(self) -> bool:
        return self.whole

    @property
    def identity(self) -> Mapping[str, Any]:
        return {"use": self.use, "model": "flaky"}

    async def generate(self, requests: Sequence[Request]) -> list[list[Completion]]:
        self.lots.append(len(requests))
        self.most[0] += 1
        self.most[1] = max(self.most)
        try:
            await asyncio.sleep(self.delay)
            return [self._answer(r) for r in requests]
        finally:
            self.most[0] -= 1

    def _answer(self, request: Request) -> list[Completion]:
        text = request.messages[-1].text
        before = sum(t == text for t, _ in self.asked)
        self.asked.append((text, request.n))
        plan = self.plan.get(text)
        used = Usage(input_tokens=self.tokens, output_tokens=self.tokens, calls=1, seconds=0.001, cost=self.cost)
        if plan is None:
            said = [Completion(text=f"{text} {before} {i}") for i in range(request.n)]
        else:
            said = [plan[min(before, len(plan) - 1)]] * request.n
        return [Completion(**{**_fields(c), "usage": used if i == 0 else Usage()}) for i, c in enumerate(said)]

    async def loglikelihood(self, requests: Sequence[Request]) -> list[Completion]:
        return [found[0] for found in await self.generate(requests)]

    async def next_token(self, requests: Sequence[Request]) -> list[Completion]:
        return [found[0] for found in await self.generate(requests)]

    async def embed(self, parts: Sequence[Part]) -> np.ndarray:
        self.asked.append(("embed", len(parts)))
        if sum(t == "embed" for t, _ in self.asked) <= len(self.plan.get("embed", ())):
            raise CallFailed("HTTP 500", retry_after=0.0)
        return np.array([[float(len(p.value))] for p in parts])


@dataclass(frozen=True)
class Hanging(Engine):
    """Never answers a text that contains "hang"."""

    @property
    def batched(self) -> bool:
        return False

    async def generate(self, requests: Sequence[Request]) -> list[list[Completion]]:
        if any("hang" in r.messages[-1].text for r in requests):
            await asyncio.sleep(3600)
        return [[OK] for _ in requests]


def _fields(completion: Completion) -> dict[str, object]:
    return {name: getattr(completion, name) for name in Completion.__dataclass_fields__}


def again(error: str = "HTTP 500", after: float = 0.0) -> Completion:
    """A failure that may pass."""
    return Completion(status=Status.FAILED, error=error, retry_after=after)


FINAL = Completion(status=Status.FAILED, error="HTTP 400: too long")
