"""An engine for judges' tests: answers from a list in turn and keeps what it was asked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from guerdon.core.build import build
from guerdon.core.concurrency import run_sync
from guerdon.core.contracts import Engine, Reward
from guerdon.core.errors import ParseError
from guerdon.core.types import Completion, Judgement, Request, Sample, Status, Usage, sample

PAIR = sample("What is 2+2?", "It is 4.", "It is 5.", id="p")


@dataclass(frozen=True)
class Listening(Engine):
    """Replies in turn, the last one for ever; `Completion`s are given as they are."""

    replies: tuple[str | Completion, ...]
    asked: list[Request] = field(default_factory=list, compare=False)

    async def generate(self, requests: Sequence[Request]) -> list[list[Completion]]:
        made = []
        for request in requests:
            self.asked.append(request)
            made.append([self._next() for _ in range(request.n)])
        return made

    async def next_token(self, requests: Sequence[Request]) -> list[Completion]:
        self.asked.extend(requests)
        return [self._next() for _ in requests]

    def _next(self) -> Completion:
        place = getattr(self, "_place", 0)
        object.__setattr__(self, "_place", place + 1)
        reply = self.replies[min(place, len(self.replies) - 1)]
        return reply if isinstance(reply, Completion) else Completion(text=reply, usage=Usage(calls=1))

    def __getstate__(self) -> dict[str, Any]:
        return {"replies": self.replies, "asked": []}


def judged(
    use: str, replies: Sequence[str | Completion], given: Sample = PAIR, **fields: Any
) -> tuple[Judgement, list[Request]]:
    """What the judge `use`, built from a spec, makes of `given` when the engine replies so, and what it asked."""
    engine = Listening(tuple(replies))
    reward = build({"use": use, "engine": engine, **fields}, Reward)  # type: ignore[type-abstract]
    (found,) = run_sync(reward.score([given]))
    return found, engine.asked


def margin_of(use: str, reply: str, **fields: Any) -> float | None:
    """The margin of the first of a pair; None where the reply left it unparsed, with its text kept in a trial."""
    found, _ = judged(use, [reply], **fields)
    if found.margins is None:
        assert {s.status for s in found.scores} == {Status.UNPARSED} and found.scores[0].error
        assert found.trials[0].raw == reply and found.trials[0].status is Status.UNPARSED
        return None
    assert found.margins[1][0] == -(found.margins[0][1] or 0.0)
    return found.margins[0][1]


def value_of(use: str, reply: str, given: Sample, **fields: Any) -> float | None:
    """The value of the first response; None where the reply left it unparsed, with a reason."""
    found, _ = judged(use, [reply], given, **fields)
    score = found.scores[0]
    if score.value is None:
        assert score.status is Status.UNPARSED and score.error
    return score.value


def refuses(read: Callable[[str], object], reply: str) -> bool:
    """Whether a strict reader refuses a reply."""
    try:
        read(reply)
    except ParseError:
        return True
    return False


def prompt_text(requests: Sequence[Request]) -> str:
    """All that was shown in the first request."""
    return "\n\n".join(m.text for m in requests[0].messages)
