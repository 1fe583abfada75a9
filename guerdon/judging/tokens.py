"""Verdicts from token probabilities: log-odds of a few answers at the next token, or at the verdict token of a reply."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

from guerdon.core.errors import ParseError
from guerdon.core.types import Completion


def log_odds(completion: Completion, first: Sequence[str], second: Sequence[str]) -> float:
    """log Σ p(first) − log Σ p(second) over the next token; spellings of one answer (" Yes", "yes") are added up.

    The rest of the vocabulary cancels. Raises ParseError where either answer has no probability.
    """
    if not completion.top_logprobs:
        raise ParseError("the engine gave no next-token probabilities", completion.text)
    return odds_of(completion.top_logprobs[0], first, second, completion.text)


def odds_of(found: Mapping[str, float], first: Sequence[str], second: Sequence[str], raw: str = "") -> float:
    """The same of one mapping of log-probabilities."""
    totals = []
    for spellings in (first, second):
        known = [found[s] for s in spellings if s in found and found[s] > -math.inf]
        if not known:
            raise ParseError(f"no probability was given for '{spellings[0]}'", raw)
        top = max(known)
        totals.append(top + math.log(sum(math.exp(k - top) for k in known)))
    return totals[0] - totals[1]


def verdict_odds(completion: Completion, first: Sequence[str], second: Sequence[str]) -> float:
    """`log_odds` at the last token of a reply that is one of the answers: where a reasoning judge says its verdict."""
    spellings = {*first, *second}
    return odds_at(completion, lambda token: token in spellings, first, second)


def odds_at(
    completion: Completion, chosen: Callable[[str], bool], first: Sequence[str], second: Sequence[str]
) -> float:
    """`log_odds` at the last token of a reply that is `chosen`."""
    for place in range(min(len(completion.tokens), len(completion.top_logprobs)) - 1, -1, -1):
        if chosen(completion.tokens[place]):
            return odds_of(completion.top_logprobs[place], first, second, completion.text)
    raise ParseError("the reply holds no verdict token with probabilities", completion.text)


def sigmoid(x: float) -> float:
    """1 / (1 + e^−x), without overflow."""
    return 1 / (1 + math.exp(-x)) if x >= 0 else math.exp(x) / (1 + math.exp(x))


def logit(p: float) -> float:
    """log p / (1 − p); ±inf at 0 and 1."""
    if p <= 0 or p >= 1:
        return math.inf if p >= 1 else -math.inf
    return math.log(p) - math.log1p(-p)


def spellings(answer: str) -> tuple[str, ...]:
    """The answer as tokenizers spell it: as it is, in lower, upper and title case, each with and without a blank before."""
    cases = dict.fromkeys((answer, answer.lower(), answer.upper(), answer.title()))
    return tuple(blank + case for case in cases for blank in ("", " "))
