"""The forms of `guerdon.models.template`: encoder pairs, chat templates, plain transcripts."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from importlib import resources
from typing import Any

from guerdon.core.errors import CheckpointError, DataError, SpecError
from guerdon.core.types import Message, Part, Response
from guerdon.models.question import Asked
from guerdon.models.template import Form, Pieces, ends_with_eos, prompt_text, response_text, transcript

Texts = Sequence[tuple[tuple[Message, ...], Response]]
RATE = resources.files("guerdon.models").joinpath("rating.txt").read_text(encoding="utf-8").strip()
NOTHING = Message(role="user", content="")
CUE = "Score:"  # a text to be rated ends here, and the next token is the score (arXiv 2602.12660)


def form_for(tokenizer: Any, encoder: bool, eos: frozenset[int]) -> Form:
    """The form that fits a tokenizer. Raises CheckpointError when it lacks the tokens its form needs."""
    if encoder:
        return PairForm.probed(tokenizer)
    if tokenizer.eos_token_id is None:
        raise CheckpointError("the tokenizer has no EOS token, so the end of a response would not be marked")
    return ChatForm(tokenizer, eos) if tokenizer.chat_template else TranscriptForm(tokenizer, eos)


def breaker(tokenizer: Any) -> re.Pattern[str] | None:
    """A pattern of the special tokens written out, or None when there is none."""
    special = {str(t) for t in tokenizer.added_tokens_decoder.values() if t.special} | set(tokenizer.all_special_tokens)
    written = sorted((t for t in special if len(t) > 1), key=len, reverse=True)
    return re.compile("|".join(re.escape(t) for t in written)) if written else None


def neutral(text: str, special: re.Pattern[str] | None) -> str:
    """The text with special tokens broken up by a blank after their first character, and lone surrogates replaced."""
    text = text.encode("utf-8", "replace").decode("utf-8")
    return special.sub(lambda m: f"{m[0][0]} {m[0][1:]}", text) if special else text


def ids_of(tokenizer: Any, texts: Sequence[str]) -> list[list[int]]:
    """Ids without special tokens; equal texts are tokenized once."""
    distinct = {t: i for i, t in enumerate(dict.fromkeys(texts))}
    if not distinct:
        return []
    found = tokenizer(list(distinct), add_special_tokens=False, verbose=False)["input_ids"]
    return [found[distinct[t]] for t in texts]


def _text(render: Any, value: Any) -> str | DataError:
    try:
        return str(render(value))
    except DataError as error:
        return error


def _joined(
    tokenizer: Any, special: re.Pattern[str] | None, sides: list[tuple[str | DataError, str | DataError]]
) -> Any:
    """(prompt ids, response ids) or the DataError, for each pair of texts."""
    flat = [neutral(side, special) for pair in sides for side in pair if isinstance(side, str)]
    ids = iter(ids_of(tokenizer, flat))
    for pair in sides:
        taken = [next(ids) if isinstance(side, str) else side for side in pair]
        yield next((t for t in taken if isinstance(t, DataError)), taken)


@dataclass(frozen=True)
class PairForm:
    """An encoder's own single and pair form, read off by encoding a probe."""

    tokenizer: Any = field(repr=False)
    special: re.Pattern[str] | None
    head: list[int]
    middle: list[int]
    tail: list[int]
    segments: tuple[int, int]
    head_alone: list[int]
    tail_alone: list[int]

    @staticmethod
    def probed(tokenizer: Any) -> PairForm:
        """Reads the special tokens around a pair and around one text. Raises CheckpointError when there are none."""
        pair = tokenizer("a", "b", return_token_type_ids=True)
        sides, ids, kinds = pair.sequence_ids(0), pair["input_ids"], pair.get("token_type_ids")
        first, second = sides.index(0), sides.index(1)
        end_first = max(i for i, s in enumerate(sides) if s == 0) + 1
        end_second = max(i for i, s in enumerate(sides) if s == 1) + 1
        if first == 0 or end_second == len(ids):
            raise CheckpointError("the tokenizer puts no [CLS] and [SEP] around its texts")
        alone = tokenizer("a")
        places = [i for i, s in enumerate(alone.sequence_ids(0)) if s == 0]
        return PairForm(
            tokenizer, breaker(tokenizer), ids[:first], ids[end_first:second], ids[end_second:],
            (kinds[first], kinds[second]) if kinds else (0, 0),
            alone["input_ids"][: places[0]], alone["input_ids"][places[-1] + 1 :],
        )  # fmt: skip

    def pairs(self, texts: Texts) -> list[Pieces | DataError]:
        sides = [(_text(prompt_text, p), _text(response_text, r)) for p, r in texts]
        return [
            t if isinstance(t, DataError) else Pieces(self.head, t[0], self.middle, t[1], self.tail, self.segments)
            for t in _joined(self.tokenizer, self.special, sides)
        ]

    def alone(self, texts: Sequence[str]) -> list[Pieces | DataError]:
        found = ids_of(self.tokenizer, [neutral(t, self.special) for t in texts])
        return [Pieces(self.head_alone, [], [], ids, self.tail_alone) for ids in found]

    def rated(self, texts: Texts) -> list[Pieces | DataError]:
        raise SpecError(
            "an encoder predicts no next token after a score cue: read other positions, such as response_mean"
        )

    def around(self, prompts: Sequence[tuple[Message, ...]]) -> list[Pieces | DataError]:
        raise SpecError(
            "an encoder's earlier responses would see later ones: to read a group in one text take a decoder"
        )

    def asked(self, texts: Sequence[Asked | DataError]) -> list[Pieces | DataError]:
        raise SpecError("an encoder predicts no next token after a question: take a decoder")


@dataclass(frozen=True)
class TranscriptForm:
    """A decoder without a chat template: BOS "User: …\\n\\nAssistant:" " response" EOS."""

    tokenizer: Any = field(repr=False)
    eos: frozenset[int]

    def _around(self) -> tuple[list[int], list[int]]:
        bos, eos = self.tokenizer.bos_token_id, self.tokenizer.eos_token_id
        return ([bos] if bos is not None and bos not in self.eos else []), [eos]

    def pairs(self, texts: Texts) -> list[Pieces | DataError]:
        head, tail = self._around()
        sides = [
            (_text(lambda m: f"{transcript(m)}\n\nAssistant:", p), _text(lambda m: f" {response_text(m)}", r))
            for p, r in texts
        ]
        return [
            t if isinstance(t, DataError) else Pieces(head, t[0], [], t[1], tail)
            for t in _joined(self.tokenizer, breaker(self.tokenizer), sides)
        ]

    def alone(self, texts: Sequence[str]) -> list[Pieces | DataError]:
        return _alone(self.tokenizer, texts, *self._around())

    def rated(self, texts: Texts) -> list[Pieces | DataError]:
        tail = ids_of(self.tokenizer, [f"\n\nUser: {RATE}\n\nAssistant: {CUE}"])[0]
        return [p if isinstance(p, DataError) else replace(p, tail=tail) for p in self.pairs(texts)]

    def around(self, prompts: Sequence[tuple[Message, ...]]) -> list[Pieces | DataError]:
        head, tail = self._around()
        special = breaker(self.tokenizer)
        asked = [_text(transcript, p if p[-1:] and p[-1].role == "user" else (*p, NOTHING)) for p in prompts]
        ids = iter(ids_of(self.tokenizer, [neutral(a, special).rstrip() for a in asked if isinstance(a, str)]))
        return [Pieces(head, next(ids), [], [], tail) if isinstance(a, str) else a for a in asked]

    def asked(self, texts: Sequence[Asked | DataError]) -> list[Pieces | DataError]:
        special = breaker(self.tokenizer)
        written = [(f"User: {a}", b, f"{c}\n\nAssistant:") for a, b, c in (t for t in texts if isinstance(t, tuple))]
        ids = iter(ids_of(self.tokenizer, [neutral(part, special) for three in written for part in three]))
        head = self._around()[0]
        return [t if isinstance(t, DataError) else Pieces(head, next(ids), [], next(ids), next(ids)) for t in texts]


@dataclass(frozen=True)
class ChatForm:
    """A decoder's chat template. The ids are the template's own; only a second BOS goes and a missing EOS comes."""

    tokenizer: Any = field(repr=False)
    eos: frozenset[int]

    def pairs(self, texts: Texts) -> list[Pieces | DataError]:
        special = breaker(self.tokenizer)
        wholes: list[str | DataError] = []
        prompts: list[str | DataError] = []
        rendered: dict[int, str | DataError] = {}
        for prompt, response in texts:
            if id(prompt) not in rendered:
                rendered[id(prompt)] = self._render(prompt, special, add_generation_prompt=True)
            prompts.append(rendered[id(prompt)])
            wholes.append(self._render((*prompt, *response.messages), special, add_generation_prompt=False))
        pairs = list(zip(prompts, wholes, strict=True))
        return [
            t if isinstance(t, DataError) else self._cut(self._one_bos(t[0]), self._one_bos(t[1]))
            for t in _joined(self.tokenizer, None, pairs)
        ]

    def _render(self, messages: tuple[Message, ...], special: re.Pattern[str] | None, **how: bool) -> str | DataError:
        from jinja2.exceptions import TemplateError

        try:
            turns = [_turn(m, special) for m in messages]
            return str(self.tokenizer.apply_chat_template(turns, tokenize=False, **how))
        except DataError as error:
            return error
        except (TemplateError, TypeError, ValueError, KeyError) as error:
            return DataError(f"the chat template refuses these messages: {error}", field="messages")

    def _one_bos(self, ids: list[int]) -> list[int]:
        bos = self.tokenizer.bos_token_id
        return ids[1:] if bos is not None and ids[:2] == [bos, bos] else ids

    def _cut(self, prompt: list[int], whole: list[int]) -> Pieces | DataError:
        same = next(
            (i for i, (a, b) in enumerate(zip(prompt, whole, strict=False)) if a != b), min(len(prompt), len(whole))
        )
        if same == 0 or same == len(whole):
            return DataError("the chat template gives the response no place after the prompt", field="messages")
        if not ends_with_eos(self.tokenizer, whole, self.eos):
            whole = [*whole, self.tokenizer.eos_token_id]
        end = max(i for i, t in enumerate(whole) if t in self.eos)
        end = max(end, same) if end >= same else len(whole)
        bos = self.tokenizer.bos_token_id
        head = 1 if whole[0] == bos and same > 1 else 0
        return Pieces(whole[:head], whole[head:same], [], whole[same:end], whole[end:])

    def rated(self, texts: Texts) -> list[Pieces | DataError]:
        special, ask = breaker(self.tokenizer), Message(role="user", content=RATE)
        asked = [self._render((*p, *r.messages, ask), special, add_generation_prompt=True) for p, r in texts]
        ids = iter(ids_of(self.tokenizer, [a + CUE for a in asked if isinstance(a, str)]))
        wholes = [next(ids) if isinstance(a, str) else a for a in asked]
        return [self._ending(p, w) for p, w in zip(self.pairs(texts), wholes, strict=True)]

    def around(self, prompts: Sequence[tuple[Message, ...]]) -> list[Pieces | DataError]:
        special = breaker(self.tokenizer)
        sides = [
            _apart(self._render(m, special, add_generation_prompt=False), mark) for m, mark in map(_marked, prompts)
        ]
        ids = iter(ids_of(self.tokenizer, [text for side in sides if isinstance(side, tuple) for text in side]))
        return [side if isinstance(side, DataError) else self._framed(next(ids), next(ids)) for side in sides]

    def asked(self, texts: Sequence[Asked | DataError]) -> list[Pieces | DataError]:
        special, found = breaker(self.tokenizer), list[Asked | DataError]()
        for text in texts:
            if isinstance(text, DataError):
                found.append(text)
                continue
            mark = "answer" + hashlib.sha256("\0".join(text).encode("utf-8", "replace")).hexdigest()[:16]
            turn = (Message(role="user", content=f"{text[0]}{mark}{text[2]}"),)
            sides = _apart(self._render(turn, special, add_generation_prompt=True), mark)
            found.append(sides if isinstance(sides, DataError) else (sides[0], neutral(text[1], special), sides[1]))
        ids = iter(ids_of(self.tokenizer, [part for three in found if isinstance(three, tuple) for part in three]))
        made = [t if isinstance(t, DataError) else (next(ids), next(ids), next(ids)) for t in found]
        return [m if isinstance(m, DataError) else replace(self._framed(m[0], m[2]), response=m[1]) for m in made]

    def _framed(self, before: list[int], after: list[int]) -> Pieces:
        before = self._one_bos(before)
        head = 1 if before and before[0] == self.tokenizer.bos_token_id else 0
        return Pieces(before[:head], before[head:], [], [], after)

    def _ending(self, pieces: Pieces | DataError, whole: list[int] | DataError) -> Pieces | DataError:
        """The pieces with what follows the response in `whole` as their tail."""
        if isinstance(pieces, DataError) or isinstance(whole, DataError):
            return pieces if isinstance(pieces, DataError) else whole  # type: ignore[return-value]
        before, whole = [*pieces.head, *pieces.prompt, *pieces.response], self._one_bos(whole)
        if whole[: len(before)] != before:
            return DataError("the chat template writes the answer another way when a turn follows it", field="messages")
        return replace(pieces, tail=whole[len(before) :])

    def alone(self, texts: Sequence[str]) -> list[Pieces | DataError]:
        bos = self.tokenizer.bos_token_id
        head = [bos] if bos is not None and bos not in self.eos else []
        return _alone(self.tokenizer, texts, head, [self.tokenizer.eos_token_id])


def _alone(tokenizer: Any, texts: Sequence[str], head: list[int], tail: list[int]) -> list[Pieces | DataError]:
    special = breaker(tokenizer)
    found = ids_of(tokenizer, [neutral(t, special) for t in texts])
    return [Pieces(head, [], [], ids, tail) for ids in found]


def _marked(prompt: tuple[Message, ...]) -> tuple[tuple[Message, ...], str]:
    """The messages with a mark after the words of the last user turn (a turn of its own where there is none), and the mark."""
    mark = "group" + hashlib.sha256("\0".join(m.text for m in prompt).encode("utf-8", "replace")).hexdigest()[:16]
    earlier, last = (prompt[:-1], prompt[-1]) if prompt and prompt[-1].role == "user" else (prompt, NOTHING)
    kept = (last.content,) if isinstance(last.content, str) else last.content
    media = [p for p in kept if not isinstance(p, str) and p.kind != "text"]
    content = (*media, Part(kind="text", value=last.text + mark)) if media else last.text + mark
    return (*earlier, replace(last, content=content)), mark


def _apart(text: str | DataError, mark: str) -> tuple[str, str] | DataError:
    """What stands before the mark and after it."""
    if isinstance(text, DataError):
        return text
    before, found, after = text.rpartition(mark)
    return (before, after) if found else DataError("the chat template does not show the prompt", field="prompt")


def _turn(message: Message, special: re.Pattern[str] | None) -> dict[str, Any]:
    if not isinstance(message.content, str) and any(p.kind != "text" for p in message.content):
        raise DataError("a message holds media, and this backbone reads text only", field="messages")
    turn: dict[str, Any] = {"role": message.role, "content": neutral(message.text, special)}
    if message.tool_calls:
        turn["tool_calls"] = [dict(call) for call in message.tool_calls]
    return turn
