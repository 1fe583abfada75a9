"""Steps as what a head reads (view `step:`): a response of T steps becomes T readings of one text.

`by_step` makes a sample's steps its responses: each is the whole response with one step marked, so that objectives, batches
and labels know nothing new. `step_readings` finds the tokens of the marked step: the number of tokens that the text has in
common with itself cut at the step's end (and start), whatever the template does around it. All readings of a response have
the same ids, which the backbone reads once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from guerdon.core.errors import DataError
from guerdon.core.types import Message, Response, Sample, Step

if TYPE_CHECKING:
    from guerdon.models.template import Encoded, Pieces

RESPONSE = "step_of"  # the label that numbers the response of a step
_OF_A_STEP = re.compile(r"(.+)\.(\d+)")
Texts = Sequence[tuple[tuple[Message, ...], Response]]


def by_step(sample: Sample) -> Sample:
    """The sample with one response a step, in order, its labels `name.<t>` (t from 0) as `name`, and `step_of`, the number of
    the response it is of; labels without a number stay, preferences (which are between responses) go."""
    units = [u for n, response in enumerate(sample.responses) for u in marked(response, n)]
    return replace(sample, responses=tuple(units), preferences=())


def marked(response: Response, number: int = 0) -> list[Response]:
    """The response once a step, that step marked."""
    own: list[dict[str, float]] = [{} for _ in response.steps]
    whole: dict[str, float] = {}
    for name, value in response.labels.items():
        found = _OF_A_STEP.fullmatch(name)
        if found is None:
            whole[name] = value
        elif int(found[2]) < len(own):
            own[int(found[2])][found[1]] = value
    return [
        replace(response, steps=(step,), labels={**whole, **labels, RESPONSE: float(number)})
        for step, labels in zip(response.steps, own, strict=True)
    ]


def step_readings(
    texts: Texts,
    pairs: Callable[[Texts], list[Pieces | DataError]],
    fit: Callable[[Pieces | DataError], Encoded | DataError],
) -> list[Encoded | DataError]:
    """Each text read at its (last) marked step; a response without steps is read as one step. `pairs` and `fit` are the
    template's own. A step that was cut off, or has no tokens, is a DataError."""
    whole = _distinct([(p, r.messages) for p, r in texts])
    cut = _distinct([(p, c) for p, r in texts for c in _cuts(r)])
    made = dict(zip(whole, pairs([(p, Response(messages=m)) for p, m in whole.values()]), strict=True))
    short = dict(zip(cut, pairs([(p, Response(messages=m)) for p, m in cut.values()]), strict=True))
    fitted = {key: fit(pieces) for key, pieces in made.items()}
    after = _closing(texts[0][0], pairs) if cut else 0
    found: list[Encoded | DataError] = []
    for prompt, response in texts:
        key = _key(prompt, response.messages)
        pieces, text = made[key], fitted[key]
        if isinstance(pieces, DataError) or isinstance(text, DataError):
            found.append(pieces if isinstance(pieces, DataError) else text)
            continue
        shorter = [short[_key(prompt, c)] for c in _cuts(response)]
        found.append(_reading(text, pieces, response, shorter, after))
    return found


def _closing(prompt: tuple[Message, ...], pairs: Callable[[Texts], list[Pieces | DataError]]) -> int:
    """How many of a response's ids the template puts after its words."""
    probes = pairs([(prompt, Response(messages=(Message(role="assistant", content=c),))) for c in "xy"])
    found = [p.response[::-1] for p in probes if not isinstance(p, DataError)]
    return _common(found[0], found[1])[0] if len(found) == 2 else 0


Key = tuple[int, tuple[Message, ...]]


def _key(prompt: tuple[Message, ...], messages: tuple[Message, ...]) -> Key:
    return id(prompt), messages


def _distinct(
    texts: Sequence[tuple[tuple[Message, ...], tuple[Message, ...]]],
) -> Mapping[Key, tuple[tuple[Message, ...], tuple[Message, ...]]]:
    return {_key(p, m): (p, m) for p, m in texts}


def _cuts(response: Response) -> list[tuple[Message, ...]]:
    """The messages up to the end of the marked step, and up to its start where it is not the response's first word."""
    if not response.steps:
        return []
    step = response.steps[-1]
    ends = [step.end, step.start] if step.start or step.message else [step.end]
    return [_until(response, step, end) for end in ends]


def _until(response: Response, step: Step, end: int) -> tuple[Message, ...]:
    last = response.messages[step.message]
    return (*response.messages[: step.message], replace(last, content=last.text[:end], tool_calls=()))


def _reading(
    text: Encoded, pieces: Pieces, response: Response, cut: Sequence[Pieces | DataError], after: int
) -> Encoded | DataError:
    """The reading of the marked step in the fitted text. `cut`: the pieces up to its end, and up to its start; `after`: ids of
    each response that are the template's."""
    kept = len(text.ids) - len(pieces.tail) - text.start
    if not response.steps:
        return replace(text, end=len(text.ids))
    fault = next((c for c in cut if isinstance(c, DataError)), None)
    if fault is not None:
        return fault
    words = pieces.response[: len(pieces.response) - after]
    places = [_common(c.response[: len(c.response) - after], words) for c in cut if not isinstance(c, DataError)]
    end, whole = places[0]
    last = end if whole else end + 1  # the token that the step's end falls into is the step's
    first = min(places[1][0] if len(places) > 1 else 0, last - 1)
    if last < 1:
        return DataError("the step has no tokens", field="responses.steps")
    if last > kept:
        return DataError(f"the step lies beyond the {len(text.ids)} tokens that are read", field="responses.steps")
    return replace(text, start=text.start + first, end=text.start + last)


def _common(a: Sequence[int], b: Sequence[int]) -> tuple[int, bool]:
    """How many first ids of `a` are those of `b`, and whether all of them are."""
    same = next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
    return same, same == len(a)
