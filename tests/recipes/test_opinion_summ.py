"""The opinion_summ recipe's data and its judgement of its own figures."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from guerdon.data.read import read_samples
from guerdon.recipes import opinion_summ
from guerdon.recipes._training import SAMPLES

CODES = {
    "relevance": "RE",
    "coherence": "CH",
    "empathy": "EM",
    "surprise": "SU",
    "engagement": "EG",
    "complexity": "CX",
}


@pytest.mark.shared
def test_the_shipped_ratings_are_those_of_the_data_folder(shared_data: Path) -> None:
    with gzip.open(shared_data / "hanna" / "scores.jsonl.gz", "rt", encoding="utf-8") as file:
        rows = {(r["story"], r["system"]): r for r in map(json.loads, file)}
    found = {r.text: r.labels for s in read_samples(SAMPLES / "hanna" / "ratings.jsonl.gz") for r in s.responses}
    assert len(found) == 96 * 10
    for (story, system), row in rows.items():
        if system == "Human":
            continue
        labels = found[f"Story {story} by {system}."]
        people = [row[f"Human {i} {c}"] for i in (1, 2, 3) for c in CODES.values()]
        assert labels["human"] == pytest.approx(sum(people) / 18, abs=1e-6)
        for name, code in CODES.items():
            rating = row[f"Mistral-7B {code} 1"]
            known = rating is not None and rating >= 0
            assert labels.get(name) == (pytest.approx(rating, abs=1e-6) if known else None)


def test_features_dealt_out_keep_peoples_ratings_and_all_features() -> None:
    groups = list(read_samples(SAMPLES / "hanna" / "ratings.jsonl.gz"))[:12]
    dealt = opinion_summ.dealt_out(groups, 0)
    human = [[r.labels["human"] for r in g.responses] for g in groups]
    assert [[r.labels["human"] for r in g.responses] for g in dealt] == human

    def features(samples: list[opinion_summ.Sample]) -> list[tuple[tuple[str, float], ...]]:
        kept = ({k: v for k, v in r.labels.items() if k != "human"} for s in samples for r in s.responses)
        return sorted(tuple(sorted(labels.items())) for labels in kept)

    assert features(dealt) == features(groups) and dealt != groups


@pytest.mark.parametrize(
    ("linear", "every", "control", "holds", "reason"),
    [
        (0.64, 0.645, 0.5, True, ": they are enough."),
        (0.5, 0.505, 0.5, False, "enough: the network is not above chance."),
        (0.6, 0.7, 0.5, False, "enough: all comparisons may bring 2 points or more."),
        (0.64, 0.645, 0.6, False, "the control fails alone; the network itself meets both conditions (its interval lies above"),
        (0.64, 0.645, 0.4, False, "the control fails alone; the network itself meets both conditions (its interval lies below"),
        (0.5, 0.505, 0.4, False, "the network is not above chance; the control fails (its interval lies below 50"),
    ],
)  # fmt: skip
def test_the_claim_holds_only_with_its_control(
    linear: float, every: float, control: float, holds: bool, reason: str
) -> None:
    def rows(mean: float) -> list[dict[str, float]]:
        return [{f"p{i}": mean + 0.02 * ((i % 5) - 2) for i in range(30)} for _ in range(3)]

    names = ("plain mean", "best single feature", "[6, 4, 2] relu")
    found = {"linear": rows(linear), "linear, all comparisons": rows(every), "control": rows(control)}
    found |= {n: rows(0.6) for n in names}
    evidence = opinion_summ._evidence(opinion_summ.Scale(), found, [True, False])
    assert evidence.holds is holds and reason in evidence.note
    assert evidence.measured["released layout: trainings without effect, of"] == [1, 2]
    assert opinion_summ._evidence(opinion_summ.Scale(seeds=(0,)), found, []).holds is None
