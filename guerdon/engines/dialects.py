"""How reward servers are asked for the raw scores of one sample's responses, and how their answers are read.

vLLM (`/pooling`, `/classify`, `/score`), SGLang (`/classify`), text-embeddings-inference (`/predict`, `/rerank`). Each entry
is a path, the body of one call, and a reader that gives one finite number a response in their order or raises CallFailed.
Every one asks for logits before any sigmoid or softmax.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from guerdon.core.types import Sample
from guerdon.engines.chat import BadAnswer
from guerdon.engines.failure import CallFailed
from guerdon.engines.media import message_to_json

RAW = {"use_activation": False, "activation": False}  # vLLM's name for it, and the one it had before


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked: a sample, the texts of its conversations (where a dialect sends text), the model, the label."""

    sample: Sample
    texts: Sequence[str]
    model: str
    label: int


@dataclass(frozen=True, slots=True)
class Dialect:
    """One way of asking. `whole`: all responses go in one call; `reads`: what it sends of a conversation."""

    path: str
    body: Callable[[Asked, int], Mapping[str, Any]]
    read: Callable[[Any, Asked], list[float]]
    whole: bool
    reads: str  # "messages", "text" (through a chat template) or "pair" (prompt and response)


def scores(dialect: Dialect, answer: Any, asked: Asked, count: int) -> list[float]:
    """The numbers of an answer. Raises CallFailed for another form, another count, or a number that is not finite."""
    try:
        found = [float(x) for x in dialect.read(answer, asked)]
    except BadAnswer as error:
        raise CallFailed(f"the answer of /{dialect.path} is not in its form ({error})") from None
    if len(found) != count:
        raise CallFailed(f"/{dialect.path} gave {len(found)} scores for {count} responses")
    if not all(map(math.isfinite, found)):
        raise CallFailed(f"/{dialect.path} gave a score that is not finite")
    return found


def _messages(asked: Asked, i: int) -> list[dict[str, Any]]:
    return [message_to_json(m) for m in (*asked.sample.prompt, *asked.sample.responses[i].messages)]


def _responses(asked: Asked) -> list[str]:
    return [r.text for r in asked.sample.responses]


def _ordered(rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Rows by their `index`; KeyError where two have the same one."""
    if sorted(row["index"] for row in rows) != list(range(len(rows))):
        raise ValueError("the indices are not those of the responses")
    return sorted(rows, key=lambda row: int(row["index"]))


def _pooled(answer: Any, asked: Asked) -> list[float]:
    """vLLM's pooled data: a number a label, or one a token, of which the last is the reward."""
    return [_last(row["data"], asked.label) for row in _ordered(answer["data"])]


def _last(value: Any, label: int) -> float:
    if isinstance(value, list) and value and isinstance(value[0], list):
        return _last(value[-1], label)
    if isinstance(value, list):
        return float(value[label])
    return float(value)


def _predicted(answer: Any, asked: Asked) -> list[float]:
    """TEI's predictions, which come best first: the one that is named after the label, or the only one."""
    rows = answer if answer and isinstance(answer[0], list) else [answer]
    return [_named(row, asked.label) for row in rows]


def _named(row: Sequence[Mapping[str, Any]], label: int) -> float:
    if len(row) == 1:
        return float(row[0]["score"])
    return {str(p["label"]): float(p["score"]) for p in row}[f"LABEL_{label}"]


DIALECTS: Mapping[str, Dialect] = {
    "vllm-pooling": Dialect(
        path="pooling",
        body=lambda a, i: {"model": a.model, "messages": _messages(a, i), "add_generation_prompt": False, **RAW},
        read=_pooled, whole=False, reads="messages",
    ),
    "vllm-classify": Dialect(
        path="classify",
        body=lambda a, i: {"model": a.model, "input": list(a.texts), **RAW},
        read=lambda answer, a: [float(row["probs"][a.label]) for row in _ordered(answer["data"])],
        whole=True, reads="text",
    ),
    "vllm-score": Dialect(
        path="score",
        body=lambda a, i: {"model": a.model, "text_1": a.sample.prompt_text, "text_2": _responses(a), **RAW},
        read=lambda answer, a: [float(row["score"]) for row in _ordered(answer["data"])],
        whole=True, reads="pair",
    ),
    "sglang": Dialect(
        path="classify",
        body=lambda a, i: {"model": a.model, "text": list(a.texts)},
        read=lambda answer, a: [
            float(row["embedding"][a.label]) for row in (answer if isinstance(answer, list) else [answer])
        ],
        whole=True, reads="text",
    ),
    "tei-predict": Dialect(
        path="predict",
        body=lambda a, i: {"inputs": [[a.sample.prompt_text, t] for t in _responses(a)], "raw_scores": True},
        read=_predicted, whole=True, reads="pair",
    ),
    "tei-rerank": Dialect(
        path="rerank",
        body=lambda a, i: {"query": a.sample.prompt_text, "texts": _responses(a), "raw_scores": True},
        read=lambda answer, a: [float(row["score"]) for row in _ordered(answer)],
        whole=True, reads="pair",
    ),
}  # fmt: skip
