"""Reference-based input (view `reference:`): question, reference answer and completion, as a verifier reads them.

    <question>…</question>
    <reference_answer>…</reference_answer>
    <completion>…</completion>

The form of VerifyRM (Cooper, arXiv 2508.05613): each in its own tag pair, divided by line breaks; that text stands directly
between its tags is [inferred]. No chat template is put around it; the backbone's own opening and end tokens are. Question and
reference stand as the prompt (cut first, oldest tokens first, so the reference stays longest), the completion as the response.
Tags written out inside a text are broken up by a blank, so that a completion cannot bring its own reference.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from guerdon.core.errors import DataError
from guerdon.core.types import Message, Response, Sample

if TYPE_CHECKING:
    from guerdon.models.template import Pieces

ROLE = "reference"  # of the message in which `with_reference` hands the reference on
_TAG = re.compile(r"<(?=/?(?:question|reference_answer|completion)>)", re.IGNORECASE)
Texts = Sequence[tuple[tuple[Message, ...], Response]]


def with_reference(sample: Sample) -> Sample:
    """The sample with its reference as the last message of the prompt. Raises DataError where it has none."""
    if not sample.reference:
        raise DataError(f"sample '{sample.id}' has no reference, which the model reads", field="reference")
    return replace(sample, prompt=(*sample.prompt, Message(role=ROLE, content=sample.reference)))


def form(question: str, reference: str, completion: str) -> tuple[str, str]:
    """The text in two parts, up to the completion and from it on."""
    asked = f"<question>{_plain(question)}</question>\n<reference_answer>{_plain(reference)}</reference_answer>\n"
    return asked, f"<completion>{_plain(completion)}</completion>"


def _plain(text: str) -> str:
    return _TAG.sub("< ", text)


def tagged(texts: Texts, alone: Callable[[Sequence[str]], list[Pieces | DataError]]) -> list[Pieces | DataError]:
    """Pieces of texts whose prompt ends in a reference message; `alone` encodes one plain text, as the template's form does.

    A prompt without one (a probe) has an empty reference.
    """
    sides = [_sides(prompt, response) for prompt, response in texts]
    flat = iter(alone([side for pair in sides if not isinstance(pair, DataError) for side in pair]))
    found: list[Pieces | DataError] = []
    for pair in sides:
        made: list[Pieces | DataError] = [pair] if isinstance(pair, DataError) else [next(flat), next(flat)]
        fault = next((m for m in made if isinstance(m, DataError)), None)
        asked, answered = made[0], made[-1]
        if isinstance(asked, DataError) or isinstance(answered, DataError):
            assert fault is not None
            found.append(fault)
        else:
            found.append(replace(answered, prompt=asked.response))
    return found


def _sides(prompt: tuple[Message, ...], response: Response) -> tuple[str, str] | DataError:
    from guerdon.models.template import prompt_text, response_text

    last = prompt[-1] if prompt and prompt[-1].role == ROLE else None
    try:
        asked = prompt_text(prompt if last is None else prompt[:-1])
        return form(asked, "" if last is None else last.text, response_text(response))
    except DataError as error:
        return error
