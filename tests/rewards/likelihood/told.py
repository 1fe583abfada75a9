"""An engine that is told the token log-probabilities of answers and thoughts, and cuts texts as a tokenizer would."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from guerdon.core.contracts import Engine
from guerdon.core.types import Completion, Request, Status

OPEN = re.compile(r"> | </answer>$")


@dataclass(frozen=True)
class Told(Engine):
    """`answers`: what stands before the answer (the reasoning, "" for none) → log-probabilities of the reference's tokens, the
    other tokens of the forced text get `around`. A thought of the text t has `thoughts[t]` tokens. Failing where `fail` occurs."""

    answers: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    thoughts: Mapping[str, int] = field(default_factory=dict)
    around: float = -9.0
    fail: str = ""
    asked: list[Request] = field(default_factory=list, compare=False, repr=False)

    async def loglikelihood(self, requests: Sequence[Request]) -> list[Completion]:
        self.asked.extend(requests)
        return [self._one(r) for r in requests]

    def _one(self, request: Request) -> Completion:
        wanted, last = request.continuation or "", request.messages[-1].text
        if self.fail and self.fail in last:
            return Completion(status=Status.TIMEOUT, error="too slow")
        if not wanted.endswith("</answer>"):
            return Completion(logprobs=(-1.0,) * self.thoughts[wanted], tokens=("t",) * self.thoughts[wanted])
        reasoning = last.removesuffix("<answer")
        values = self.answers[reasoning]
        reference = OPEN.sub("", wanted)
        n = len(values)
        pieces = [reference[i * len(reference) // n : (i + 1) * len(reference) // n] for i in range(n)]
        tokens = (">", " " + pieces[0], *pieces[1:], " </", "answer", ">")
        around = self.around
        return Completion(tokens=tokens, logprobs=(around, *values, around, around, around))
