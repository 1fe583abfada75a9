"""RISE-Judge: Improve LLM-as-a-Judge Ability as a General Ability (arXiv:2502.11689).

Claim: judging data admitted only where the judge is right in both orders trains a judge of 92.7 on RewardBench (base 87.0).

toy: the admission rule alone. A simulated judge with a position bias labels 300 pairs a seed; pairs it decides alike in both
orders are right more often than pairs it decides in one order, by a 95 % interval. Negative control: as many pairs
drawn at random are no better; a judge of position alone leaves nothing. The training is not part of this.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from guerdon.core.build import build
from guerdon.core.concurrency import run_sync
from guerdon.core.contracts import Stage
from guerdon.core.errors import SpecError
from guerdon.core.types import Evidence, Sample
from guerdon.recipes._judging import Row, Scale, engine, judged, right
from guerdon.recipes._paper import Paper
from guerdon.recipes._training import mean

PAPER = Paper(
    slug="judge-general",
    title="Improve LLM-as-a-Judge Ability as a General Ability",
    arxiv="2502.11689",
    files=("rewards/judges/rise.py", "judging/labels.py", "curation/swap_consistent.py"),
    claim="verdicts that agree in both orders are better training data; the judge reaches 92.7 on RewardBench (base 87.0)",
    published={"RewardBench, RISE-Judge 32B": 92.7, "RewardBench, base": 87.0},
    partial="the supervised and preference training of the judge",
)


def run(scale: str) -> Evidence:
    """Measures at a scale."""
    if scale == "paper":
        raise SpecError("the judge's training is not built yet: there is no scale 'paper'")
    size = Scale.of(scale)
    found = [_seed(size, seed) for seed in size.seeds]
    every, kept, drawn = ([f[i] for f in found] for i in range(3))
    shares = [round(100 * len(k) / len(e), 1) for e, k in zip(every, kept, strict=True)]
    left = sum(
        len(_kept(size.samples(s), engine(s, slope=0.0, position_bias=900.0, error_rate=0.0))) for s in size.seeds
    )
    holds = mean(kept)[1] > mean(every)[2] and mean(drawn)[1] <= mean(every)[2] and left == 0
    return Evidence(
        measured={"one order": mean(every), "alike in both orders": mean(kept), "share kept, by seed": shares},
        control={"as many at random": mean(drawn), "kept of a judge of position alone": left},
        holds=holds if len(size.seeds) >= 3 else None,
        note=f"{size.count} pairs a seed, {len(size.seeds)} seed(s), simulated judge; per cent of labels right with 95 % intervals. "
        + ("The filter keeps the better labels." if holds else "Not shown.")
        + " The published figures need the training.",
    )


def _seed(size: Scale, seed: int) -> tuple[Row, Row, Row]:
    """Right by pair: all pairs in one order, those alike in both orders, as many drawn at random."""
    samples = size.samples(seed)
    spec = {"use": "rewards.judges.rise", "engine": engine(seed)}
    every = right(samples, judged(spec, samples))
    kept = _kept(samples, engine(seed))
    drawn = np.random.default_rng(seed).permutation(list(every))[: len(kept)]
    return every, kept, {str(id): every[str(id)] for id in drawn}


def _kept(samples: list[Sample], judge: dict[str, Any]) -> Row:
    """1 for a pair the judge decides alike in both orders and right, 0 for one alike and wrong."""
    stage = build({"use": "curation.swap_consistent", "judge": {"use": "rewards.judges.rise", "engine": judge}}, Stage)  # type: ignore[type-abstract]
    kinds = {s.id: s.context["swap"][0] for s in run_sync(stage.apply(samples))}
    return {id: float(kind == "consistent") for id, kind in kinds.items() if kind in ("consistent", "wrong")}
