"""The slot of a reference answer in a sampled response: what is teacher-forced, and which of its tokens count.

A response is cut right after `<answer` (without `>`, which a tokenizer may merge with what follows), and `> a* </answer>` is
weighed as its continuation; only tokens that hold a character of a* count. Shared by the rewards of this folder.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from guerdon.core.contracts import Engine
from guerdon.core.errors import DataError, EngineError, ParseError
from guerdon.core.grain import EXPECTED, reason, status_of
from guerdon.core.types import Completion, Message, Request, Response, Sample, Status, Usage

OPENING, CLOSING = "<answer", "</answer>"
TAGS = ("<think>", "</think>", "<answer>", "</answer>")
_WHOLE = re.compile(r"\s*<think>(.*?)</think>\s*<answer>(.*?)</answer>\s*", re.DOTALL)
_ANSWER = re.compile(r"<answer>(.*?)</answer>", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Weighed:
    """The reference answer's token log-probabilities, and what the call cost."""

    logprobs: tuple[float, ...]
    usage: Usage | None


def cut(response: Response) -> tuple[Message, ...] | None:
    """The response up to and with its answer opening, in its last assistant turn; None where it has none."""
    last = max((n for n, m in enumerate(response.messages) if m.role == "assistant"), default=-1)
    if last < 0:
        return None
    message = response.messages[last]
    place = message.text.find(OPENING)
    if place < 0:
        return None
    return (*response.messages[:last], replace(message, content=message.text[: place + len(OPENING)]))


def forced(sample: Sample, opened: Sequence[Message]) -> Request:
    """The call that weighs the sample's reference after these turns."""
    return Request(messages=(*sample.prompt, *opened), continuation=f"> {sample.reference} {CLOSING}")


def bare(sample: Sample) -> Request:
    """The same with the reasoning removed: the answer opening stands right after the prompt."""
    return forced(sample, (Message(role="assistant", content=OPENING),))


def counted(found: Completion, reference: str) -> Weighed:
    """The tokens that hold a character of the reference. Raises what the completion says went wrong."""
    if found.status is not Status.OK:
        raise failure(found)
    if len(found.tokens) != len(found.logprobs) or "".join(found.tokens) != f"> {reference} {CLOSING}":
        raise EngineError("the engine's tokens do not spell the answer it was asked to weigh")
    begin, end, at, kept = 2, 2 + len(reference), 0, []
    for token, value in zip(found.tokens, found.logprobs, strict=True):
        if (at < end and at + len(token) > begin) or (not token and begin < at <= end):
            kept.append(value)
        at += len(token)
    if not kept:
        raise DataError("the reference has no token", field="reference")
    return Weighed(tuple(kept), found.usage)


def failure(found: Completion) -> Exception:
    """The expected error behind a completion that failed, so that its status comes out again."""
    text = found.error or "the engine failed"
    kinds: dict[Status, type[Exception]] = {Status.TIMEOUT: TimeoutError, Status.UNPARSED: ParseError}
    return kinds.get(found.status, EngineError)(text)


async def weigh(engine: Engine, requests: Sequence[Request]) -> list[Completion]:
    """One batch; an engine that raises leaves all of them failed with its reason."""
    if not requests:
        return []
    try:
        return list(await engine.loglikelihood(requests))
    except EXPECTED as error:
        return [Completion(status=status_of(error), error=reason(error))] * len(requests)


async def weigh_words(engine: Engine, requests: Sequence[Request]) -> list[Completion]:
    """As `weigh`; words without a single log-probability are a failure, not a sum of 0."""
    found = await weigh(engine, requests)
    error = "the engine gave no log-probability for a response that has words"
    silent = Completion(status=Status.FAILED, error=error)
    return [
        silent if c.status is Status.OK and not c.logprobs and (r.continuation or "").strip() else c
        for c, r in zip(found, requests, strict=True)
    ]


def tagged(text: str) -> bool:
    """Whether each of `<think> </think> <answer> </answer>` occurs exactly once, in this order (RLPR's format)."""
    places = [text.find(tag) for tag in TAGS]
    return all(text.count(tag) == 1 for tag in TAGS) and places == sorted(places)


def chain(text: str) -> str | None:
    """The thought of a text that is `<think>…</think><answer>…</answer>` up to white space (NOVER's format), else None."""
    found = _WHOLE.fullmatch(text) if tagged(text) else None
    return found[1] if found else None


def written_answer(text: str) -> str | None:
    """What the first pair of answer tags holds, None where there is none."""
    found = _ANSWER.search(text)
    return found[1].strip() if found else None


def media(sample: Sample, use: str) -> DataError | None:
    """Why a sample that answers with images, sound or film cannot be weighed."""
    turns = (m.content for r in sample.responses for m in r.messages if m.role != "tool")
    if any(p.kind != "text" for content in turns if not isinstance(content, str) for p in content):
        return DataError(f"{use} weighs text only; '{sample.id}' answers with media", field="responses")
    return None
