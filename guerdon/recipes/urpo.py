"""URPO: A Unified Reward & Policy Optimization Framework for Large Language Models (arXiv:2507.17515).

Claim: one model that answers and referees its own answers improves on a separate reward model (AlpacaEval 42.24 → 44.84).

toy: the referee alone. Rank rewards of a simulated referee follow the known quality of four answers the better, the less it
errs: mean τ with quality at slopes 0.1 and 0.6. Negative control: a referee that knows nothing has τ of zero. The joint
training cannot be shown by it.
"""

from __future__ import annotations

from guerdon.core.errors import SpecError
from guerdon.core.types import Evidence, Sample
from guerdon.metrics.ranks import kendall_tau_a
from guerdon.recipes._judging import Row, Scale, by_seed, engine, judged
from guerdon.recipes._paper import Paper
from guerdon.recipes._training import mean

PAPER = Paper(
    slug="urpo",
    title="URPO: A Unified Reward & Policy Optimization Framework for Large Language Models",
    arxiv="2507.17515",
    files=("rewards/judges/referee.py", "rewards/verifiers/ranking_tau.py", "judging/numbers.py"),
    claim="a model that referees its own answers improves on a separate reward model (AlpacaEval 42.24 to 44.84)",
    published={"AlpacaEval, separate": 42.24, "AlpacaEval, URPO": 44.84, "RewardBench, separate": 83.55, "RewardBench, URPO": 85.15},
    partial="the joint training of player and referee",
)  # fmt: skip


def run(scale: str) -> Evidence:
    """Measures at a scale."""
    if scale == "paper":
        raise SpecError("the joint training is not built yet: there is no scale 'paper'")
    size = Scale.of(scale, count=200, responses=4)

    def tau(slope: float, error: float) -> list[Row]:
        def figure(seed: int, samples: list[Sample]) -> Row:
            spec = {"use": "rewards.judges.referee", "engine": engine(seed, slope=slope, error_rate=error), "most": 4}
            found = judged(spec, samples)
            return {s.id: kendall_tau_a([v or 0.0 for v in j.values], [r.labels["quality"] for r in s.responses]) for s, j in zip(samples, found, strict=True)}  # fmt: skip

        return by_seed(size, figure)

    return Evidence(
        measured={"τ, a referee that errs little": mean(tau(0.6, 0.05)), "τ, one that errs much": mean(tau(0.1, 0.45))},
        control={"τ, one that knows nothing": mean(tau(0.0, 0.5))},
        holds=None,
        note=f"{size.count} groups of four a seed, {len(size.seeds)} seed(s), simulated referee; τ in hundredths with 95 % intervals. "
        "The published claim needs the joint training.",
    )
