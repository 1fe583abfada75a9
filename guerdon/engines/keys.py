"""What makes two calls the same: a hash of everything that can change the answer, for caches and recordings."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from guerdon.core.types import Completion, Message, Part, Request, Status, Usage
from guerdon.engines.media import file_path

VERSION = 1
_plain = json.JSONEncoder(ensure_ascii=True, sort_keys=True, separators=(",", ":")).encode


def keys(identity: bytes, call: str, requests: Sequence[Request]) -> list[str]:
    """One key a request, 32 hexadecimal digits.

    Equal requests have equal keys, but for those that sample without a seed: the second, third … of them in one batch ask
    for answers of their own, so their number is part of the key.
    """
    seen: Counter[str] = Counter()
    found = []
    for request in requests:
        key = _key(identity, call, request, 0)
        if request.temperature > 0 and request.seed is None and call == "generate":
            seen[key] += 1
            key = key if seen[key] == 1 else _key(identity, call, request, seen[key] - 1)
        found.append(key)
    return found


def identity_bytes(identity: Mapping[str, Any]) -> bytes:
    """The same bytes for equal identities."""
    return _plain([VERSION, identity]).encode()


def _key(identity: bytes, call: str, request: Request, number: int) -> str:
    told = f"\0{call}\0{number}\0{_plain(request_to_json(request))}"
    return hashlib.blake2b(identity + told.encode(), digest_size=16).hexdigest()


def part_key(identity: bytes, part: Part) -> str:
    """The key of one embedded part."""
    return hashlib.blake2b(
        identity + f"\0embed\0{part.kind}\0{_plain(part.value)}".encode(), digest_size=16
    ).hexdigest()


@lru_cache(maxsize=1)
def _usual() -> Request:
    return Request(messages=())


def request_to_json(request: Request) -> dict[str, Any]:
    """A request as JSON values, fields at their default left out."""
    row: dict[str, Any] = {"messages": [_message(m) for m in request.messages]}
    usual = _usual()
    for name in _FIELDS:
        value = getattr(request, name)
        if value != getattr(usual, name):
            row[name] = value
    return row


_FIELDS = tuple(f for f in Request.__dataclass_fields__ if f != "messages")


def _message(message: Message) -> dict[str, Any]:
    content: Any = message.content
    if not isinstance(content, str):
        content = [[p.kind, _media(p)] for p in content]
    row: dict[str, Any] = {"role": message.role, "content": content}
    if message.tool_calls:
        row["tool_calls"] = list(message.tool_calls)
    return row


def _media(part: Part) -> str:
    """The value of a part; of a file what is in it now, since that is what the model sees."""
    if part.kind == "text" or not part.value.startswith("file:"):
        return part.value
    try:
        path = file_path(part.value)
        about = path.stat()
        return _digest(path, about.st_mtime_ns, about.st_size)
    except (OSError, ValueError):
        return part.value


@lru_cache(maxsize=4096)
def _digest(path: Path, changed: int, size: int) -> str:
    return hashlib.blake2b(path.read_bytes(), digest_size=16).hexdigest()


def completion_to_row(completion: Completion) -> list[Any]:
    """An answer as a short JSON list; what it cost is kept so that a hit can say what it saved."""
    used = completion.usage or Usage()
    return [
        completion.text, list(completion.tokens), list(completion.logprobs), [dict(t) for t in completion.top_logprobs],
        used.input_tokens, used.output_tokens,
    ]  # fmt: skip


def completion_from_row(row: Sequence[Any]) -> Completion:
    """The answer of a row, marked as not asked again: one cached, no call, no tokens paid."""
    return Completion(
        text=row[0],
        tokens=tuple(row[1]),
        logprobs=tuple(row[2]),
        top_logprobs=tuple(row[3]),
        usage=_HIT,
    )


_HIT = Usage(cached=1)


def good(completions: Sequence[Completion]) -> bool:
    """Whether these answers are worth keeping: all are answers."""
    return bool(completions) and all(c.status is Status.OK for c in completions)
