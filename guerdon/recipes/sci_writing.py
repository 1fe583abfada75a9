"""Reward Modeling for Scientific Writing Evaluation (arXiv:2601.11374).

Claim: two stages of reinforcement, a score ladder and then self-reflection, raise agreement with experts (mean 0.57 to 0.76).

toy: the rating protocol and the ladder alone, with a simulated judge on a scale of 1 to 5 in the constitution. The claim needs the
training. Negative control: a judge that always says 3 has an agreement (quadratic κ) of 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from guerdon.core.errors import SpecError
from guerdon.core.types import Evidence, Sample, answer
from guerdon.metrics.kappa import quadratic_kappa
from guerdon.recipes._judging import Row, Scale, by_seed, engine, judged
from guerdon.recipes._paper import Paper
from guerdon.recipes._training import mean

PAPER = Paper(
    slug="sci-writing",
    title="Reward Modeling for Scientific Writing Evaluation",
    arxiv="2601.11374",
    files=(
        "rewards/judges/constitution.py",
        "rewards/verifiers/graded_score.py",
        "rewards/verifiers/self_reflection.py",
    ),
    claim="a score ladder, then self-reflection, raise agreement with experts (mean 0.57 to 0.76)",
    published={"mean, base": 0.57, "mean, SciRM": 0.73, "mean, SciRM-Ref": 0.76},
    partial="both stages of training",
)
LEVELS = {"1": "useless", "2": "weak", "3": "fair", "4": "good", "5": "very good"}
CONSTITUTION = {"aspect": "helpfulness", "definition": "Does the advice help?", "levels": LEVELS}
ALWAYS = {"use": "engines.scripted", "reply": "<reasoning>Fair.</reasoning><score>3</score>"}


def run(scale: str) -> Evidence:
    """Measures at a scale."""
    if scale == "paper":
        raise SpecError("the training is not built yet: there is no scale 'paper'")
    size = Scale.of(scale, count=200)
    found = {
        name: [_seed(size, seed, said) for seed in size.seeds] for name, said in (("judge", None), ("always 3", ALWAYS))
    }
    reward = by_seed(size, _rewards)
    return Evidence(
        measured={"κ, simulated judge, by seed": found["judge"], "ladder reward": mean(reward)},
        control={"κ, always 3, by seed": found["always 3"]},
        holds=None,
        note=f"{size.count} prompts a seed, two answers each, {len(size.seeds)} seed(s); gold: quality in fifths; ladder reward in "
        "hundredths with 95 % interval. The published claim needs the training.",
    )


def gold(sample: Sample) -> list[int]:
    """The gold scores of a sample's responses: quality −2 … 7 in fifths."""
    return [int(min(5, max(1, (r.labels["quality"] + 2) // 2 + 1))) for r in sample.responses]


def _spec(seed: int, said: Mapping[str, Any] | None) -> dict[str, Any]:
    made = said or engine(seed, slope=0.7, middle=2.5)
    return {"use": "rewards.judges.constitution", "engine": made, "constitution": CONSTITUTION}


def _seed(size: Scale, seed: int, said: Mapping[str, Any] | None) -> float:
    samples = size.samples(seed)
    values = [int(v or 0) for j in judged(_spec(seed, said), samples) for v in j.values]
    return round(float(quadratic_kappa(values, [g for s in samples for g in gold(s)]) or 0.0), 3)


def _rewards(seed: int, samples: list[Sample]) -> Row:
    """The ladder's reward of each reply of the judge, by response."""
    rows: Row = {}
    for sample, judgement in zip(samples, judged(_spec(seed, None), samples), strict=True):
        for i, (score, right) in enumerate(zip(judgement.scores, gold(sample), strict=True)):
            told = replace(sample, responses=(answer(score.rationale),), reference=str(right), preferences=(), context={"constitution": CONSTITUTION})  # fmt: skip
            (found,) = judged({"use": "rewards.verifiers.graded_score", "k": 0.0}, [told])
            rows[f"{sample.id}/{i}"] = found.values[0] or 0.0
    return rows
