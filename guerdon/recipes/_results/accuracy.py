"""How accuracy is counted on each kind of set, from the values that a model or a baseline gives. Pure.

Values are a tuple a sample: one a response, or one a step of its one response (NaN where there is none). Accuracies are by
sample id, in [0, 1]; NaN where a sample has nothing to count.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from guerdon.core.types import Sample
from guerdon.data.formats.stepwise import step_labels

Values = Sequence[tuple[float, ...]]
STEPWISE = ("steps", "first")
WORDS: Mapping[str, str] = {
    "pairs": "pairs in order",
    "ratings": "pairs of differing rating in order",
    "gpt4": "pairs of differing rating in order",
    "lists": "pairs that are no tie in order",
    "steps": "pairs of a right and a wrong step of one solution in order",
    "first": "first mistake placed exactly (no mistake is one of the answers)",
    "verify": "answers decided right",
}


def accuracy(kind: str, samples: Sequence[Sample], values: Values, threshold: float = 0.5) -> dict[str, float]:
    """The accuracy of each sample; `threshold`: values below it are wrong steps, or answers, where the kind decides."""
    count = {"steps": _steps, "first": _first, "verify": _verify}.get(kind, _pairs)
    return {s.id: count(s, v, threshold) for s, v in zip(samples, values, strict=True)}


def _pairs(sample: Sample, values: tuple[float, ...], threshold: float) -> float:
    return _mean([values[p.better] > values[p.worse] for p in sample.preferences if not p.tie])


def _steps(sample: Sample, values: tuple[float, ...], threshold: float) -> float:
    labelled = [(v, y) for v, y in zip(values, step_labels(sample.responses[0]), strict=True) if v == v]
    right, wrong = ([v for v, y in labelled if y == wanted] for wanted in (1.0, 0.0))
    return _mean([r > w for r in right for w in wrong])


def _first(sample: Sample, values: tuple[float, ...], threshold: float) -> float:
    wrong = next((t for t, y in enumerate(step_labels(sample.responses[0])) if y == 0.0), -1)
    said = next((t for t, v in enumerate(values) if v < threshold), -1)
    return float(said == wrong)


def _verify(sample: Sample, values: tuple[float, ...], threshold: float) -> float:
    wanted = [r.labels["correct"] > 0.5 for r in sample.responses]
    return _mean([(v > threshold) == y for v, y in zip(values, wanted, strict=True)])


def _mean(found: Sequence[bool]) -> float:
    return float(np.mean(found)) if found else float("nan")


def best_threshold(kind: str, samples: Sequence[Sample], values: Values) -> float:
    """The threshold with the best accuracy on these (training) samples, where the kind has first mistakes; else one half."""
    if kind != "first":
        return 0.5
    flat = np.array([v for row in values for v in row if v == v])
    tried = [0.0, *np.unique(np.quantile(flat, np.linspace(0.0, 1.0, 101)))]
    return float(max(tried, key=lambda t: sum(accuracy(kind, samples, values, t).values())))
