"""Grammars of numbers: a reply's text → one number in a tag, or one a response in a list, as pure functions."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from guerdon.core.errors import ParseError
from guerdon.judging.labels import tagged
from guerdon.judging.verdicts import Mode

_BRACKET = re.compile(r"\[\[\s*([-+]?[0-9]+(?:\.[0-9]+)?)\s*\]\]")
NUMBER = re.compile(r"[-+]?[0-9]+(?:\.[0-9]+)?")


def tag_number(reply: str, tag: str, low: float, high: float, mode: Mode = "strict") -> float | None:
    """The number that is all of `<tag>…</tag>`, within [low, high]; published: of the last tag, None where it is no number
    or out of range."""
    text = tagged(reply, tag, mode)
    if text is None:
        return None
    if NUMBER.fullmatch(text) is None:
        if mode == "published":
            return None
        raise ParseError(f"<{tag}> holds '{text[:40]}', which is no number", reply)
    value = float(text)
    if not low <= value <= high:
        if mode == "published":
            return None
        raise ParseError(f"the score {text} is outside {low:g} to {high:g}", reply)
    return value


def tag_numbers(reply: str, tag: str, count: int, low: float, high: float, mode: Mode = "strict") -> list[float] | None:
    """`count` numbers within [low, high], divided by commas, in `<tag>…</tag>`; published: None where they are not."""
    text = tagged(reply, tag, mode)
    if text is None:
        return None
    try:
        return checked([float(piece) if NUMBER.fullmatch(piece.strip()) else math.nan for piece in text.split(",")],
                       count, low, high, reply)  # fmt: skip
    except ParseError:
        if mode == "published":
            return None
        raise


def bracket_number(reply: str, low: float, high: float, mode: Mode = "strict") -> float | None:
    """The number of `[[7]]` within [low, high]; published: the last one (MT-Bench, arXiv:2306.05685; Auto-J, 2310.05470)."""
    found = [float(text) for text in _BRACKET.findall(reply)]
    if mode == "published":
        return found[-1] if found and low <= found[-1] <= high else None
    if not found:
        raise ParseError("the reply holds no [[score]]", reply)
    if len(set(found)) > 1:
        raise ParseError(f"the reply holds differing scores: {', '.join(f'{v:g}' for v in found[:5])}", reply)
    return checked(found[:1], 1, low, high, reply)[0]


def checked(values: Sequence[float], count: int, low: float, high: float, reply: str) -> list[float]:
    """The values, if there are `count` numbers within [low, high]; else ParseError."""
    if len(values) != count:
        raise ParseError(f"the reply gives {len(values)} scores for {count} responses", reply)
    for value in values:
        if not low <= value <= high:
            raise ParseError(f"a score is no number from {low:g} to {high:g}", reply)
    return list(values)
