"""A question that is answered by yes or no (views `better:` and `good:`): the request, the criteria, the answers, the demand.

`better:` asks whether answer 2, the candidate, is better than answer 1, the sample's reference; `good:` shows the candidate alone.
The criteria are those of the sample's rubric, else CRITERIA. The text stands in one user turn, and what follows it is the
place of the first answer token, where `last` is read. Too long a text is cut inside the candidate or before it; the demand
stays. Tags written out inside a text are broken up by a blank, so that a candidate cannot close its own. The wording is in
`better.txt` and `good.txt` [inferred]. RewardDance (arXiv 2509.08826), whose texts are images.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from importlib import resources

from guerdon.core.errors import DataError
from guerdon.core.types import Message, Response, Sample
from guerdon.models.referenced import ROLE as REFERENCE

CRITERIA = ("It does what the request asks for.", "What it says is right.", "It is clear and complete.")  # [inferred]
NEEDS = {"better": ("reference",), "good": ()}
RULES = "criteria"  # the role of the message in which `with_criteria` hands them on
WORDS = {
    view: resources.files("guerdon.models").joinpath(f"{view}.txt").read_text(encoding="utf-8").strip()
    for view in NEEDS
}
_SLOT = re.compile(r"\{(request|criteria|reference|answer)\}")
_TAG = re.compile(r"<(?=/?(?:request|criteria|answer(?:_[12])?)>)", re.IGNORECASE)
Texts = Sequence[tuple[tuple[Message, ...], Response]]
Asked = tuple[str, str, str]


def with_criteria(sample: Sample) -> tuple[Message, ...]:
    """The sample's prompt with its rubric's criteria, where it has one, as a message of their own."""
    if sample.rubric is None or not sample.rubric.criteria:
        return sample.prompt
    return (*sample.prompt, Message(role=RULES, content="\0".join(c.text for c in sample.rubric.criteria)))


def questions(texts: Texts, view: str) -> list[Asked | DataError]:
    """What stands before the candidate, the candidate, and what stands after it; without a reference (a probe) it is empty."""
    return [_question(prompt, response, WORDS[view]) for prompt, response in texts]


def _question(prompt: tuple[Message, ...], response: Response, words: str) -> Asked | DataError:
    from guerdon.models.template import prompt_text, response_text

    extra = {m.role: m.text for m in prompt if m.role in (REFERENCE, RULES)}
    criteria = extra[RULES].split("\0") if RULES in extra else CRITERIA
    try:
        found = {
            "request": prompt_text(tuple(m for m in prompt if m.role not in (REFERENCE, RULES))),
            "criteria": "\n".join(f"- {c}" for c in criteria),
            "reference": extra.get(REFERENCE, ""),
            "answer": response_text(response),
        }
    except DataError as error:
        return error
    return _filled(words, {name: _TAG.sub("< ", text) for name, text in found.items()})


def _filled(words: str, texts: Mapping[str, str]) -> Asked:
    """The words with the texts in their places, divided at the answer. What a text holds is never read as a place."""
    before, _, after = words.partition("{answer}")
    return _SLOT.sub(lambda slot: texts[slot[1]], before), texts["answer"], after
