"""Log-probabilities of a text that is given, not generated: which tokens of a server's answer are the continuation's.

A server weighs prompt and continuation as one text. The tokens that stand wholly within the continuation are its own; where
one token spans the boundary there is no exact answer, and the call fails with that reason. Every other misfit is told too.
"""

from __future__ import annotations

from itertools import accumulate
from typing import Any

from guerdon.core.types import Completion
from guerdon.engines.chat import BadAnswer, _number
from guerdon.engines.failure import CallFailed

STRADDLES = "one token spans the end of the prompt and the start of the continuation"
UNSPELLED = "the tokens of the answer do not spell the text that was sent"
ABSENT = "the endpoint gives no log-probabilities of the prompt"


def of_echo(answer: Any, prompt: str, continuation: str) -> Completion:
    """From `/completions` with `echo`: the tokens of the text and their log-probabilities.

    Where the text stands is found in the joined tokens, since servers write a start token, or none, before it.
    """
    try:
        given = answer["choices"][0].get("logprobs") or {}
        tokens = [str(t) for t in given.get("tokens") or ()]
        weights = list(given.get("token_logprobs") or ())
        if not tokens or len(weights) != len(tokens):
            raise CallFailed(ABSENT)
        begin = "".join(tokens).find(prompt + continuation)
        if begin < 0:
            raise CallFailed(UNSPELLED)
        starts = [0, *accumulate(map(len, tokens))]
        first, last = begin + len(prompt), begin + len(prompt) + len(continuation)
        kept = [i for i in range(len(tokens)) if first <= starts[i] and starts[i + 1] <= last and tokens[i]]
        if "".join(tokens[i] for i in kept) != continuation:
            raise CallFailed(STRADDLES)
        return _completion(continuation, [(tokens[i], _number(weights[i])) for i in kept])
    except BadAnswer as error:
        raise CallFailed(f"{ABSENT} in a known form ({error})") from None


def of_prompt(answer: Any, continuation: str, prompt_tokens: int | None = None) -> Completion | None:
    """From vLLM's `prompt_logprobs`: the last tokens whose text is the continuation.

    With `prompt_tokens` the boundary is that count. Without it, and where characters are split between tokens so that
    their texts do not join up, None: the count must be asked for.
    """
    try:
        rows = answer.get("prompt_logprobs") or answer["choices"][0].get("prompt_logprobs")
        if not rows:
            raise CallFailed(ABSENT)
        found = [_token(row) for row in rows[1:]]  # the first token has nothing before it
    except BadAnswer as error:
        raise CallFailed(f"{ABSENT} in a known form ({error})") from None
    if prompt_tokens is not None:
        kept = found[prompt_tokens - 1 :]
        if not kept:
            raise CallFailed(STRADDLES)
        return _completion(continuation, kept)
    text, start = "", len(found)
    while start and len(text) < len(continuation):
        start -= 1
        text = found[start][0] + text
    return _completion(continuation, found[start:]) if text == continuation else None


def _token(row: Any) -> tuple[str, float]:
    """The text and log-probability of the token that stands there: the first entry of its row."""
    entry = next(iter(row.values()))
    return str(entry.get("decoded_token") or ""), _number(entry["logprob"])


def _completion(text: str, tokens: list[tuple[str, float]]) -> Completion:
    return Completion(text=text, tokens=tuple(t for t, _ in tokens), logprobs=tuple(w for _, w in tokens))
