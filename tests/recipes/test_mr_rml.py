"""The mr_rml recipe's pairs and its judgement of its own figures, with the training replaced by decided outcomes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from guerdon.core.types import Sample
from guerdon.data.read import read_samples
from guerdon.recipes import mr_rml
from guerdon.recipes._training import SAMPLES


def groups() -> list[Sample]:
    return list(read_samples(SAMPLES / "summeval_short" / "ratings.jsonl.gz"))[:6]


def test_pairs_name_one_dimension_and_the_marker_falls_as_asked() -> None:
    made = mr_rml.pairs(groups(), 0, 3, 0.9)
    by_id = {s.id: s for s in groups()}
    marked = 0
    for s in made:
        article, name, i, j = s.id.rsplit(":", 3)
        ratings = [by_id[article].responses[int(k)].labels[name] for k in (i, j)]
        assert ratings[0] > ratings[1] and s.preferences[0].dimensions == (name,) and s.preferences[0].better == 0
        ends = [r.text.endswith(mr_rml.MARKER) for r in s.responses]
        assert sum(ends) == 1 and not any(r.labels for r in s.responses)
        marked += ends[0]
    assert 0.75 < marked / len(made) <= 1.0
    assert all(s.responses[0].text.endswith(mr_rml.MARKER) for s in mr_rml.pairs(groups(), 0, 3, 1.0))


def test_turned_labels_turn_about_half_and_leave_the_texts() -> None:
    made = mr_rml.pairs(groups(), 0, 4, 0.9)
    turned = mr_rml.turned(made, 0)
    assert [s.responses for s in turned] == [s.responses for s in made]
    assert 0.3 < sum(s.preferences[0].better == 1 for s in turned) / len(turned) < 0.7


def decided(gains: Mapping[str, float]) -> Any:
    def outcomes(spec: Mapping[str, Any], train: Sequence[Sample], test: Sequence[Sample]) -> dict[str, float]:
        objective = spec["objective"]
        kind = "random" if any(s.preferences[0].better for s in train) else "constrained"
        kind = "off" if objective.get("perpendicular") == 0.0 else kind
        return {s.id: float(i % 20 < 20 * gains[kind]) for i, s in enumerate(test)}

    return outcomes


@pytest.mark.parametrize(
    ("gains", "holds"),
    [
        ({"constrained": 0.7, "off": 0.5, "random": 0.5}, True),
        ({"constrained": 0.6, "off": 0.6, "random": 0.5}, False),
        ({"constrained": 0.5, "off": 0.7, "random": 0.5}, False),
        ({"constrained": 0.7, "off": 0.5, "random": 0.9}, False),
    ],
)
def test_the_claim_holds_only_with_its_control(
    monkeypatch: pytest.MonkeyPatch, gains: Mapping[str, float], holds: bool
) -> None:
    monkeypatch.setattr(mr_rml, "outcomes", decided(gains))
    assert mr_rml.run("toy").holds is holds
    assert mr_rml.run("smoke").holds is None
