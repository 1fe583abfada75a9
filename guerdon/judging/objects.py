"""JSON objects in replies, as pure functions: inside prose, in code fences, or between markers.

"strict": all objects that hold a wanted key must be equal, else ParseError; an echoed answer cannot plant a verdict.
"published": the first balanced object wins, as most released parsers have it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from typing import Any

from guerdon.core.errors import ParseError
from guerdon.judging.verdicts import Mode

MOST = 200_000  # characters of a reply that are looked at: a hostile reply of many braces costs no more
DEEP = 64  # nesting that is read; deeper is no verdict
WORK = 1_000_000  # characters scanned in all, over every brace that might begin an object


def objects(reply: str) -> Iterator[dict[str, Any]]:
    """The outermost JSON objects of a reply, in order; braces that begin none are passed over."""
    decoder = json.JSONDecoder(parse_constant=_refuse)
    text, at, work = reply[:MOST], 0, 0
    while work < WORK and (at := text.find("{", at)) >= 0:
        end, stopped = _balanced(text, at)
        work += stopped - at
        if end is None:
            at += 1
            continue
        try:
            value, _ = decoder.raw_decode(text[at:end])
        except (ValueError, RecursionError):
            at += 1
            continue
        if isinstance(value, dict):
            yield value
        at = end


def _refuse(name: str) -> float:
    raise ValueError(f"{name} is no number of JSON")


def _balanced(text: str, start: int) -> tuple[int | None, int]:
    """(where the object that starts here ends, how far was read), by counting braces outside strings; no end where it does
    not end or is too deep."""
    depth, quoted, at = 0, False, start
    while at < len(text):
        c = text[at]
        if quoted:
            if c == "\\":
                at += 1
            elif c == '"':
                quoted = False
        elif c == '"':
            quoted = True
        elif c == "{":
            depth += 1
            if depth > DEEP:
                return None, at
        elif c == "}":
            depth -= 1
            if depth == 0:
                return at + 1, at
        at += 1
    return None, at


def single_object(reply: str, key: str, mode: Mode = "strict") -> dict[str, Any] | None:
    """The object that holds `key`. Strict: several must be equal. Published: the first object, None if it lacks the key."""
    if mode == "published":
        first = next(objects(reply), None)
        return first if first is not None and key in first else None
    found = [o for o in objects(reply) if key in o]
    if not found:
        raise ParseError(f"the reply holds no JSON object with '{key}'", reply)
    if any(o != found[0] for o in found[1:]):
        raise ParseError(f"the reply holds differing JSON objects with '{key}'", reply)
    return found[0]


def between(reply: str, start: str, end: str, mode: Mode = "strict") -> str | None:
    """The text between two markers; strict: each stands once, in this order. Published: the first start to the next end."""
    if mode == "strict" and (reply.count(start), reply.count(end)) != (1, 1):
        raise ParseError(f"the reply does not hold exactly one {start} and one {end}", reply)
    _, found, rest = reply.partition(start)
    inside, closed, _ = rest.partition(end)
    if found and closed:
        return inside
    if mode == "strict":
        raise ParseError(f"{end} stands before {start}", reply)
    return None


def number(value: Any, what: str, low: float, high: float, reply: str) -> float:
    """A JSON number (no boolean, no text) within [low, high]; else ParseError."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ParseError(f"{what} is no number", reply)
    if not low <= value <= high:
        raise ParseError(f"{what} {value:g} is outside {low:g} to {high:g}", reply)
    return float(value)


def weighted(scores: Mapping[str, float], weights: Mapping[str, float]) -> float:
    """Σ w_c·s_c / Σ w_c over the weighted criteria."""
    return sum(weights[c] * scores[c] for c in weights) / sum(weights.values())
