"""Plug-and-Play Judge: JSON Rubric and Rank-16 LoRA (arXiv:2506.05748).

Claim: a 7B judge with a one-line JSON rubric, six demonstrations and LoRA reaches 96.2 on RewardBench (the authors' own figure).

toy: the JSON protocol alone, with a simulated judge: one order against both orders. The claim needs a trained judge.
Negative control: a judge of position alone decides no pair once both orders are asked.
"""

from __future__ import annotations

from typing import Any

from guerdon.core.errors import SpecError
from guerdon.core.types import Evidence, Sample
from guerdon.recipes._judging import Row, Scale, by_seed, engine, judged, right
from guerdon.recipes._paper import Paper
from guerdon.recipes._training import gap, mean

PAPER = Paper(
    slug="plug-and-play-judge",
    title="Plug-and-Play Judge: JSON Rubric and Rank-16 LoRA",
    arxiv="2506.05748",
    files=("rewards/judges/json_rubric.py", "judging/objects.py", "rewards/compose/both_orders.py"),
    claim="a 7B judge with a one-line JSON rubric, six demonstrations and LoRA (RewardBench 96.2, as its authors report)",
    published={"RewardBench": 96.2, "GSM-8K, actor trained with it": 92.0},
    partial="LoRA training, online PPO with it, HH-Rationales",
)


def run(scale: str) -> Evidence:
    """Measures at a scale."""
    if scale == "paper":
        raise SpecError("the judge's training is not built yet: there is no scale 'paper'")
    size = Scale.of(scale)

    def rows(both: bool, **change: Any) -> list[Row]:
        def figure(seed: int, samples: list[Sample]) -> Row:
            spec: dict[str, Any] = {
                "use": "rewards.judges.json_rubric",
                "engine": engine(seed, **change),
                "mode": "pair",
            }
            whole = {"use": "rewards.compose.both_orders", "judge": spec, "rule": "lenient"} if both else spec
            return right(samples, judged(whole, samples, "given"))

        return by_seed(size, figure)

    once, twice = rows(False), rows(True)
    return Evidence(
        measured={"one order": mean(once), "both orders": mean(twice), "gained": gap(twice, once)},
        control={
            "both orders, a judge of position alone": mean(rows(True, slope=0.0, position_bias=900.0, error_rate=0.0))
        },
        holds=None,
        note=f"{size.count} pairs a seed, {len(size.seeds)} seed(s), simulated judge; per cent right (a tie is one half) with 95 % "
        "intervals. The published claim needs the trained judge.",
    )
