"""`curation.attribute_pairs`: which pairs ratings make, and which they do not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from guerdon.core.build import build
from guerdon.core.concurrency import run_sync
from guerdon.core.contracts import Stage
from guerdon.core.errors import DataError, SpecError
from guerdon.core.types import Preference, Sample, sample


def rated(*rows: dict[str, float], id: str = "s") -> Sample:
    made = sample("p", *(f"answer {i}" for i in range(len(rows))), id=id, context={"kept": 1})
    return replace(made, responses=tuple(replace(r, labels=row) for r, row in zip(made.responses, rows, strict=True)))


def pairs(*samples: Sample, **fields: Any) -> list[Sample]:
    stage = build({"use": "curation.attribute_pairs", **fields}, Stage)  # type: ignore[type-abstract]
    return run_sync(stage.apply(samples))


def edges(made: Sample) -> list[tuple[int, int, str]]:
    return [(p.better, p.worse, p.annotator) for p in made.preferences]


def test_the_higher_rating_wins_by_attribute_and_ties_are_dropped() -> None:
    (made,) = pairs(rated({"a": 3, "b": 1, "c": 2}, {"a": 1, "b": 4, "c": 2}))
    assert edges(made) == [(0, 1, "a"), (1, 0, "b")] and made.id == "s"


def test_pairs_that_all_attributes_agree_on_are_dropped() -> None:
    agreed, one = rated({"a": 3, "b": 4}, {"a": 1, "b": 1}), rated({"a": 3, "b": 1}, {"a": 1, "b": 1}, id="one")
    assert pairs(agreed, one) == []
    assert [edges(s) for s in pairs(agreed, one, keep_unanimous=True)] == [[(0, 1, "a"), (0, 1, "b")], [(0, 1, "a")]]


def test_missing_ratings_decide_nothing_and_former_preferences_go() -> None:
    before = replace(rated({"a": 1, "b": 2}, {"a": 2}, {"a": 3, "b": 1}), preferences=(Preference(better=0, worse=1),))
    (made,) = pairs(before)
    assert edges(made) == [(2, 0, "a"), (0, 2, "b")], "responses 0 and 1 share one attribute only"


def test_with_contexts_there_is_a_sample_an_attribute() -> None:
    made = pairs(
        rated({"a": 3, "b": 1}, {"a": 1, "b": 4}), attributes=["b", "a"], contexts={"b": "Be b.", "a": "Be a."}
    )
    assert [(s.id, s.context, edges(s)) for s in made] == [
        ("s:b", {"kept": 1, "criterion": "Be b.", "attribute": "b"}, [(1, 0, "b")]),
        ("s:a", {"kept": 1, "criterion": "Be a.", "attribute": "a"}, [(0, 1, "a")]),
    ]


def test_at_most_so_many_pairs_by_seed() -> None:
    rows = [{"a": float(i), "b": float(-i)} for i in range(6)]
    found = {seed: edges(pairs(rated(*rows), most=3, seed=seed)[0]) for seed in (0, 1)}
    assert all(len(f) == 6 for f in found.values()) and found[0] != found[1]
    assert found[0] == edges(pairs(rated(*rows), most=3)[0])


def test_bad_fields_and_unknown_attributes() -> None:
    with pytest.raises(SpecError, match="'c' is not among"):
        pairs(attributes=["a"], contexts={"c": "x"})
    with pytest.raises(SpecError, match="most"):
        pairs(most=-1)
    with pytest.raises(DataError, match="'coherance'.*'coherence'"):
        pairs(rated({"coherence": 1}, {"coherence": 2}), attributes=["coherance"])
    assert pairs(attributes=["a"]) == []
