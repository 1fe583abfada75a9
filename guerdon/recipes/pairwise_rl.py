"""Pairwise-RL: A Unified Pairwise Framework for RLHF (arXiv:2504.04950).

Claim: a generative pairwise reward, symmetrised over both orders, p̄ = ½[p(A, B) + 1 − p(B, A)], is free of position bias.

toy: simulated answers of known quality and a simulated judge with a position bias, 300 pairs, three seeds. The claim holds if
both orders are right more often than one, by a 95 % interval. Negative control: without a position bias nothing is
gained, and a judge that only sees the position is at one half. paper: the paper's model and its data are not public.
"""

from __future__ import annotations

from typing import Any

from guerdon.core.errors import SpecError
from guerdon.core.types import Evidence, Sample
from guerdon.recipes._judging import Row, Scale, by_seed, engine, judged, right
from guerdon.recipes._paper import Paper
from guerdon.recipes._training import gap, mean

PAPER = Paper(
    slug="pairwise-rl",
    title="Pairwise-RL: A Unified Pairwise Framework for RLHF",
    arxiv="2504.04950",
    files=("rewards/judges/pairwise_probability.py", "judging/tokens.py", "simulation/judge.py"),
    claim="the probability of YES, symmetrised over both orders, is free of position bias",
    partial="the reward model's training, pairwise PPO",
)


def run(scale: str) -> Evidence:
    """Measures at a scale."""
    if scale == "paper":
        raise SpecError("the paper's model and data are not public: there is no scale 'paper'")
    size = Scale.of(scale)

    def rows(symmetric: bool, **change: Any) -> list[Row]:
        def figure(seed: int, samples: list[Sample]) -> Row:
            spec = {
                "use": "rewards.judges.pairwise_probability",
                "engine": engine(seed, **change),
                "symmetric": symmetric,
            }
            return right(samples, judged(spec, samples, "given"))

        return by_seed(size, figure)

    biased = {"position_bias": 3.0}
    once, both = rows(False, **biased), rows(True, **biased)
    plain, same = rows(False, position_bias=0.0), rows(True, position_bias=0.0)
    blind = rows(True, position_bias=3.0, slope=0.0)
    gained, control = gap(both, once), gap(same, plain)
    holds = gained[1] > 0 and control[1] <= 0 <= control[2] and mean(blind)[0] == 50.0
    return Evidence(
        measured={"one order": mean(once), "both orders": mean(both), "both − one": gained},
        control={"both − one, no position bias": control, "both orders, a judge of position alone": mean(blind)},
        holds=holds if len(size.seeds) >= 3 else None,
        note=f"{size.count} pairs a seed, {len(size.seeds)} seed(s), simulated judge; per cent right with 95 % intervals. "
        + ("Both orders take the bias away." if holds else "Not shown."),
    )
