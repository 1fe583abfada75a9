"""Libra: Assessing and Improving Reward Model by Learning to Think (arXiv:2507.21645).

Claim: judges that think score higher on Libra Bench (73.7 to 78.7) than judges that do not (55.1 to 69.1).

toy: the protocol alone, pointwise accuracy with a threshold at one half and mean@k over sampled verdicts, on simulated answers
(right = quality of at least 3). A claim about trained models cannot be shown by it. Measured: mean@8 against one verdict.
Negative control: a judge that always says correct is at one half on a balanced set. paper: a trained judge is needed.
"""

from __future__ import annotations

from collections.abc import Mapping

from guerdon.core.errors import SpecError
from guerdon.core.types import Evidence, Sample
from guerdon.recipes._judging import Row, Scale, by_seed, engine, judged
from guerdon.recipes._paper import Paper
from guerdon.recipes._training import gap, mean

PAPER = Paper(
    slug="libra",
    title="Libra: Assessing and Improving Reward Model by Learning to Think",
    arxiv="2507.21645",
    files=("rewards/judges/libra.py", "judging/labels.py", "rewards/verifiers/overlong.py"),
    claim="judges that think score higher on Libra Bench (73.7 to 78.7 against 55.1 to 69.1)",
    published={
        "thinking judges, least": 73.7,
        "thinking judges, most": 78.7,
        "others, least": 55.1,
        "others, most": 69.1,
    },
    partial="Libra Bench, the training of Libra-RM, the policy's training with it",
)
RIGHT, K = 3, 8


def run(scale: str) -> Evidence:
    """Measures at a scale."""
    if scale == "paper":
        raise SpecError("Libra-RM's training is not built yet: there is no scale 'paper'")
    size = Scale.of(scale)

    def rows(k: int, constant: bool = False) -> list[Row]:
        def figure(seed: int, samples: list[Sample]) -> Row:
            said = {"use": "engines.scripted", "reply": "\\boxed{correct}"} if constant else engine(seed, middle=2.5)
            spec = {"use": "rewards.judges.libra", "engine": said, "samples": k, "temperature": 1.0}
            return _accuracy(samples, spec)

        return by_seed(size, figure)

    one, several = rows(1), rows(K)
    return Evidence(
        measured={"one verdict": mean(one), f"mean@{K}": mean(several), "gained": gap(several, one)},
        control={"always correct": mean(rows(1, constant=True))},
        holds=None,
        note=f"{size.count} prompts a seed, {len(size.seeds)} seed(s), as many right answers as wrong ones, simulated judge; per cent "
        "of rows right with 95 % intervals. The published claim needs trained judges.",
    )


def _accuracy(samples: list[Sample], spec: Mapping[str, object]) -> Row:
    """Right or not by response, on as many right answers as wrong ones."""
    found = judged(spec, samples)
    rows: dict[bool, Row] = {True: {}, False: {}}
    for sample, judgement in zip(samples, found, strict=True):
        for i, (response, value) in enumerate(zip(sample.responses, judgement.values, strict=True)):
            label = response.labels["quality"] >= RIGHT
            rows[label][f"{sample.id}/{i}"] = float(value is not None and (value >= 0.5) == label)
    count = min(len(rows[True]), len(rows[False]))
    return {id: v for label in rows for id, v in list(rows[label].items())[:count]}
