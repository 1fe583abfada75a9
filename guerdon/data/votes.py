"""Votes of M reward models on the responses of a sample: response labels `vote_0` … `vote_{M−1}`, and what follows from them.

For a preference, d_m = vote_m(better) − vote_m(worse); its mean μ is the preference's strength by voting, below 0 where the
models think that the label is wrong; its standard deviation is over the models (population).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import count

from guerdon.core.types import Preference, Response, Sample

VOTES = "votes"  # what `noted` keeps in the context, for people and for files; nothing reads it back


def with_votes(response: Response, values: Sequence[float]) -> Response:
    """The response with the values of models 0, 1, … as its votes, in place of any it had."""
    kept = {k: v for k, v in response.labels.items() if not k.startswith("vote_")}
    return replace(response, labels={**kept, **{f"vote_{m}": float(v) for m, v in enumerate(values)}})


def votes(response: Response) -> tuple[float, ...]:
    """The response's votes, model 0 first; empty where it has none."""
    found: list[float] = []
    for m in count():
        value = response.labels.get(f"vote_{m}")
        if value is None:
            break
        found.append(value)
    return tuple(found)


def differences(sample: Sample, preference: Preference) -> tuple[float, ...]:
    """d_m of each model; empty where a side lacks votes or the sides have not equally many."""
    better, worse = (votes(sample.responses[i]) for i in (preference.better, preference.worse))
    return tuple(b - w for b, w in zip(better, worse, strict=True)) if len(better) == len(worse) else ()


def strength(sample: Sample, preference: Preference) -> tuple[float, float] | None:
    """(μ, σ): mean and population standard deviation of the differences; None without votes."""
    found = differences(sample, preference)
    if not found:
        return None
    mean = math.fsum(found) / len(found)
    return mean, math.sqrt(math.fsum((d - mean) ** 2 for d in found) / len(found))


def noted(sample: Sample) -> Sample:
    """The sample with `context["votes"]`: for each preference its mean, std, differences and how many models agree, or None."""
    rows = []
    for p in sample.preferences:
        found = strength(sample, p)
        each = differences(sample, p)
        agree = sum(d > 0 for d in each)
        row = None if found is None else {"mean": found[0], "std": found[1], "differences": list(each), "agree": agree}
        rows.append(row)
    return replace(sample, context={**sample.context, VOTES: rows})
