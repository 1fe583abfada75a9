"""Preference pairs with the scores of several reward models, as published for HH-RLHF with preference strength.

    {"chosen": ["what are some pranks with a pen i can do?", "Are you looking for practical joke ideas?", "yep", "Ok, …"],
     "rejected": ["what are some pranks …", "Are you looking …", "yep", "You can’t …"], "GPT4 label": 1,
     "mean preference difference": -0.13, "std preference difference": 0.76,
     "chosen score list": [3.72, 0.59], "rejected score list": [3.55, 0.99]}

Turns alternate; the last is the answer, the ones before it, the same on both sides, the prompt. Score lists are spelled with blanks or underscores; model m's score becomes the response's
label `vote_m`. The mean and the standard deviation follow from the scores and are written anew. Response 0 is chosen. (Secrets
of RLHF II, arXiv 2401.06080.)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from guerdon.core.errors import DataError
from guerdon.core.types import Message, Preference, Response, Sample
from guerdon.data import turns
from guerdon.data.columns import Row, exactly, finish, items, names, number, rest, same_length, string
from guerdon.data.votes import VOTES, strength, votes, with_votes

ORDER = 35
SCORES = ("chosen score list", "rejected score list")
FIGURES = ("mean preference difference", "std preference difference")
COLUMNS = ("chosen", "rejected", *(f"{s.replace(' ', '_')}" for s in SCORES), *(f"{f}?" for f in FIGURES))
USED = names((*COLUMNS, *SCORES, *(f.replace(" ", "_") for f in FIGURES)))
PAIR = (Preference(better=0, worse=1),)


def fits(row: Row) -> bool:
    """Lists of turns and lists of scores."""
    return all(isinstance(row.get(_spelled(row, s)), list | tuple) for s in SCORES) and all(
        isinstance(row.get(side), list | tuple) for side in ("chosen", "rejected")
    )


def _spelled(row: Row, name: str) -> str:
    """The column as the row spells it, with blanks or underscores."""
    return name if row.get(name) is not None else name.replace(" ", "_")


def read(row: Row, id: str) -> Sample:
    """The Sample of a row; DataError names the field."""
    sides = [_turns(row, name) for name in ("chosen", "rejected")]
    if sides[0][:-1] != sides[1][:-1]:
        raise DataError("the turns before the answer are not those of chosen", field="rejected")
    turns.refuse_empty(sides[0][:-1], "chosen")
    columns = [_spelled(row, s) for s in SCORES]
    scores = [[number(v, f"{c}.{m}") for m, v in enumerate(items(row, c))] for c in columns]
    same_length(scores[1], columns[1], scores[0], columns[0])
    responses = tuple(
        with_votes(Response(messages=side[-1:]), given) for side, given in zip(sides, scores, strict=True)
    )
    return Sample(id=id, prompt=sides[0][:-1], responses=responses, preferences=PAIR, **rest(row, USED))


def _turns(row: Row, name: str) -> tuple[Message, ...]:
    """The turns of a side, assistant last and alternating before it."""
    found = items(row, name, least=2)
    return tuple(
        Message(role=("assistant", "user")[(len(found) - 1 - i) % 2], content=string(v, f"{name}.{i}"))
        for i, v in enumerate(found)
    )


def write(sample: Sample) -> dict[str, Any]:
    """The row of a pair whose responses have votes; DataError where turns do not alternate or more is said than fits."""
    exactly(sample, 2, "voted_pair")
    if sample.preferences != PAIR:
        raise DataError("voted_pair holds pairs whose first response is preferred, nothing more", field="preferences")
    scores = [votes(r) for r in sample.responses]
    if not scores[0] or len(scores[0]) != len(scores[1]):
        raise DataError("voted_pair holds responses with equally many votes", field="responses")
    if any(len(r.labels) != len(v) or r.steps for r, v in zip(sample.responses, scores, strict=True)):
        raise DataError("voted_pair holds no labels but votes, and no steps", field="responses")
    row: dict[str, Any] = {
        name: _written((*sample.prompt, *r.messages))
        for name, r in zip(("chosen", "rejected"), sample.responses, strict=True)
    }
    row |= {name: list(v) for name, v in zip(SCORES, scores, strict=True)}
    mean, std = strength(sample, PAIR[0]) or (0.0, 0.0)
    context = {k: v for k, v in sample.context.items() if k != VOTES}
    if any(len(r.messages) != 1 for r in sample.responses):
        raise DataError("voted_pair holds answers of one turn", field="responses")
    return finish({**row, FIGURES[0]: mean, FIGURES[1]: std}, replace(sample, context=context), USED)


def _written(messages: Sequence[Message]) -> list[str]:
    if len(messages) < 2:
        raise DataError("voted_pair holds a prompt of at least one turn", field="prompt")
    for place, m in enumerate(reversed(messages)):
        if m.role != ("assistant", "user")[place % 2] or not isinstance(m.content, str) or m.tool_calls:
            raise DataError("voted_pair holds plain turns of user and assistant in turn", field="prompt")
    return [m.text for m in messages]
