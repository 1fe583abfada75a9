"""Evaluation chains: the JSON of a personal judge, weighted criteria and final numbers by response."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from guerdon.core.errors import ParseError
from guerdon.judging.objects import between, number, objects
from guerdon.judging.verdicts import Mode

START, END = "<JSON_START>", "<JSON_END>"


@dataclass(frozen=True, slots=True)
class Chain:
    """final: the numbers given to the responses · sums: Σ_c w_c s_{r,c} / Σ_c w_c · weights_off: |Σ w − 100| · analysis: Part 1."""

    final: tuple[float, ...]
    sums: tuple[float, ...]
    weights_off: float
    analysis: str


def read_chain(reply: str, count: int, mode: Mode = "strict") -> Chain | None:
    """The chain of a reply that judges `count` responses. Strict: one block, numbers for each response, 1 to 10 for scores;
    published: the first block, and final numbers alone are enough. ParseError, or None in published mode."""
    try:
        return _chain(reply, count, mode)
    except ParseError:
        if mode == "published":
            return None
        raise


def _chain(reply: str, count: int, mode: Mode) -> Chain:
    inside = between(reply, START, END, mode)
    found = next(objects(inside or ""), None)
    if found is None or not isinstance(found.get("better_response"), Mapping):
        raise ParseError("the reply holds no JSON object with 'better_response'", reply)
    final = _numbers(found["better_response"], count, "better_response", float("-inf"), float("inf"), reply)
    criteria = _criteria(found, count, mode, reply)
    mass = sum(w for w, _ in criteria)
    sums = tuple(sum(w * s[i] for w, s in criteria) / mass for i in range(count)) if mass > 0 else final
    off = abs(mass - 100) if criteria else 100.0
    return Chain(final, sums, off, reply.partition(START)[0].strip())


def _criteria(found: Mapping[str, Any], count: int, mode: Mode, reply: str) -> list[tuple[float, tuple[float, ...]]]:
    rationale = found.get("rationale")
    rows = rationale.get("criteria") if isinstance(rationale, Mapping) else None
    if not isinstance(rows, list) or not rows:
        if mode == "published":
            return []
        raise ParseError("the rationale holds no criteria", reply)
    made = []
    for row in rows:
        if not isinstance(row, Mapping) or not isinstance(row.get("scores"), Mapping):
            raise ParseError("a criterion has no scores", reply)
        weight = number(row.get("weight"), "a weight", 0.0, 100.0, reply)
        made.append((weight, _numbers(row["scores"], count, "scores", 1.0, 10.0, reply)))
    return made


def _numbers(given: Mapping[str, Any], count: int, what: str, low: float, high: float, reply: str) -> tuple[float, ...]:
    names = [f"response_{i + 1}" for i in range(count)]
    if set(given) != set(names):
        raise ParseError(f"{what} does not name response_1 to response_{count}", reply)
    return tuple(number(given[n], f"{what}.{n}", low, high, reply) for n in names)
