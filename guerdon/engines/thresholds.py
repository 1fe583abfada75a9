"""Thresholds of a cascade from labelled answers: the lowest at which the cheap model may be trusted, with a guarantee.

Given confidences c_i and whether each cheap answer was right, thresholds are tried from the highest down. One is safe where an
upper confidence bound of the error among the answers kept (c_i ≥ λ) is at most α = 1 − target:

    sup{ r : P(Binomial(n, r) ≤ errors) ≥ δ } ≤ α

The search stops at the first that is not safe, so that the guarantee holds with probability 1 − δ over the labelled data (fixed-sequence
testing, arXiv:2407.18370). Thresholds that keep too few answers for any such bound are passed over.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from guerdon.core.errors import DataError, SpecError
from guerdon.core.types import Request
from guerdon.engines.around import ask
from guerdon.engines.cascade import Cascade, confidence, weighed
from guerdon.metrics.binomial import at_most

ALWAYS = 2.0  # a threshold that nothing reaches: escalate always


@dataclass(frozen=True, slots=True)
class Threshold:
    """`value`: keep answers at least as sure as this, None where none can be trusted · `kept`: the share that is then kept ·
    `accuracy`: of those kept, on the labelled data · `count`: labelled answers."""

    value: float | None
    kept: float
    accuracy: float | None
    count: int


def threshold(
    confidences: Sequence[float | None], right: Sequence[bool], target: float, delta: float = 0.1
) -> Threshold:
    """The lowest safe threshold for this accuracy among what is kept; answers without a confidence always escalate.

    Raises DataError where the two differ in length or are empty, SpecError for a target or delta outside (0, 1).
    """
    if len(confidences) != len(right) or not right:
        raise DataError(f"{len(confidences)} confidences and {len(right)} labels: one label a confidence, at least one")
    if not (0 < target < 1 and 0 < delta < 1):
        raise SpecError("target and delta lie between 0 and 1")
    known = sorted(((c, r) for c, r in zip(confidences, right, strict=True) if c is not None), reverse=True)
    best: float | None = None
    errors, kept, found = 0, 0, 0
    for i, (value, correct) in enumerate(known):
        errors += not correct
        if i + 1 < len(known) and known[i + 1][0] == value:  # equal confidences are kept or escalated together
            continue
        if at_most(0, i + 1, 1 - target) > delta:  # too few even if all were right
            continue
        if at_most(errors, i + 1, 1 - target) > delta:
            break
        best, kept, found = value, i + 1, i + 1 - errors
    return Threshold(best, kept / len(right), found / kept if kept else None, len(right))


async def fit(
    cascade: Cascade, call: str, requests: Sequence[Request], answers: Sequence[str], target: float, delta: float = 0.1
) -> tuple[Cascade, Threshold]:
    """The cascade with the threshold of this call fitted: cheap is asked each request and is right where its text, blanks
    aside, is the answer. Where none can be trusted the cascade always escalates. Raises as `threshold` does."""
    found = await ask(cascade.cheap, call, [weighed(call, replace(r, n=1)) for r in requests])
    right = [c[0].text.strip() == a.strip() for c, a in zip(found, answers, strict=True)]
    made = threshold([confidence(call, c[0]) for c in found], right, target, delta)
    if call == "next_token":
        return replace(cascade, gap=ALWAYS if made.value is None else made.value), made
    return replace(cascade, logprob=ALWAYS if made.value is None else made.value), made
