"""What a benchmark's report says beyond one reward: paired comparisons, and the pairs with their texts."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from guerdon.core.types import Judgement, Report, Sample
from guerdon.judging.pairs import margin
from guerdon.metrics.paired import paired_difference

MOST_PAIRS, MOST_CHARACTERS = 20_000, 40_000_000  # of the `pairs` in report.json
DRAWS = 2000


def compare(first: str, ours: Report, second: str, theirs: Report) -> Iterator[dict[str, Any]]:
    """Paired bootstrap of two reports on the items both have a value for.

    The primary metric where there is one, its strata counting alike; else one row a group of items (a domain).
    """
    other = {i["id"]: i.get("value") for i in theirs.items}
    rows = [i for i in ours.items if i.get("value") is not None and other.get(i["id"]) is not None]
    whole = ours.metrics.get(ours.primary) is not None
    groups = {ours.primary: rows} if whole else {str(i.get("group", "")): [] for i in rows}
    for item in () if whole else rows:
        groups[str(item.get("group", ""))].append(item)
    for metric, members in groups.items():
        found = paired_difference(
            np.array([i["value"] for i in members], dtype=float),
            np.array([other[i["id"]] for i in members], dtype=float),
            strata=[i.get("stratum", "") for i in members],
            clusters=[i.get("cluster", i["id"]) for i in members],
            draws=DRAWS,
        )
        if found is not None:
            yield {
                "reward": first, "baseline": second, "metric": metric, "difference": found.difference,
                "low": found.low, "high": found.high, "p": found.p, "n": found.n,
            }  # fmt: skip


def capped_pairs(samples: Sequence[Sample], judgements: Sequence[Judgement]) -> tuple[list[dict[str, Any]], list[str]]:
    """The pairs of the main reward; of too many, a sample picked by a hash of the id, and a note that says so."""
    rows = list(pair_rows(samples, judgements))
    size = sum(len(r["prompt"]) + len(r["better"]) + len(r["worse"]) for r in rows)
    share = min(MOST_PAIRS / max(len(rows), 1), MOST_CHARACTERS / max(size, 1), 1.0)
    if share == 1.0:
        return rows, []
    order = sorted(range(len(rows)), key=lambda n: hashlib.blake2b(f"{rows[n]['id']}\0{n}".encode()).digest())
    kept = sorted(order[: max(1, int(share * len(rows)))])
    return [rows[n] for n in kept], [f"{len(kept):,} of {len(rows):,} pairs are shown, picked by a hash of their ids"]


def pair_rows(samples: Sequence[Sample], judgements: Sequence[Judgement]) -> Iterator[dict[str, Any]]:
    """One row a preference that is no tie, with the texts and the values of both sides, None where unscored.

    A reward that only compares has no values; its row carries the `margin` instead.
    """
    for sample, judgement in zip(samples, judgements, strict=True):
        values = judgement.values
        for pair in (p for p in sample.preferences if not p.tie):
            row = {
                "id": sample.id,
                "subset": str(sample.context.get("subset") or ""),
                "prompt": sample.prompt_text,
                "better": sample.responses[pair.better].text,
                "worse": sample.responses[pair.worse].text,
                "better_value": values[pair.better],
                "worse_value": values[pair.worse],
            }
            valueless = row["better_value"] is None and row["worse_value"] is None
            said = margin(judgement, pair.better, pair.worse) if valueless else None
            yield row if said is None else row | {"margin": said}
