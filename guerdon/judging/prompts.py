"""From a judge's prompt file to the request: fenced texts filled in, the judge's own settings with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from guerdon.core.types import Message, Request, Sample
from guerdon.judging.ask import conversation_text, prompt_sections
from guerdon.judging.fence import fill, titled

PACKAGE = "guerdon.rewards.judges"


class Asking(Protocol):
    """The settings that all judges share: tokens a reply, temperature, replies a request."""

    @property
    def max_tokens(self) -> int: ...
    @property
    def temperature(self) -> float: ...
    @property
    def samples(self) -> int: ...


def prompted(
    judge: Asking,
    file: str,
    texts: Mapping[str, tuple[str, str]],
    plain: Mapping[str, str] | None = None,
    user: str = "user",
    repeated: Mapping[str, Sequence[str]] | None = None,
    package: str = PACKAGE,
) -> Request:
    """The request of prompt file `file`: its [system] section, if it has one, and its `[user]` section (or another).

    `texts` are untrusted: name in the prompt → (title, text), each shown inside a fence. `plain` values are the judge's own
    words and stand as they are. `repeated` names a place that several texts take, by their names, a blank line between.
    """
    sections = prompt_sections(package, file)
    _, shown = titled([title for title, _ in texts.values()], [text for _, text in texts.values()])
    values = {**(plain or {}), **dict(zip(texts, shown.values(), strict=True))}
    turns = [Message(role="system", content=fill(sections["system"], plain or {}))] if "system" in sections else []
    places = {place: "\n\n".join(f"{{{{{n}}}}}" for n in names) for place, names in (repeated or {}).items()}
    turns.append(Message(role="user", content=fill(fill(sections[user], places), values)))
    return Request(messages=tuple(turns), n=judge.samples, temperature=judge.temperature, max_tokens=judge.max_tokens)


def pair_texts(sample: Sample, titles: Sequence[str]) -> dict[str, tuple[str, str]]:
    """The prompt and both responses of a pair under the names `prompt`, `answer_a` and `answer_b`, with these titles."""
    texts = (conversation_text(sample.prompt), *(r.text for r in sample.responses))
    return dict(zip(("prompt", "answer_a", "answer_b"), zip(titles, texts, strict=True), strict=True))
