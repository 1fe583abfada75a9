"""SQuAD's exact match and F1."""

from __future__ import annotations

from typing import Any

import pytest

from guerdon.api import score
from guerdon.core.build import build
from guerdon.core.errors import SpecError
from guerdon.core.types import Score, Status, sample


def judged(said: str, gold: str, measure: str = "f1", **context: Any) -> Score:
    made = sample("q", said, reference=gold, context=context)
    return score({"use": "rewards.verifiers.squad", "measure": measure}, [made])[0].scores[0]


@pytest.mark.parametrize(
    ("said", "gold", "exact", "f1"),
    [
        ("The  Broncos!", "broncos", 1.0, 1.0),
        ("An apple", "the Apple.", 1.0, 1.0),
        ("Denver Broncos", "Broncos", 0.0, 2 / 3),
        ("the theory", "theory", 1.0, 1.0),
        ("a b b c", "b b b d", 0.0, 4 / 7),
        ("u.s.a", "USA", 1.0, 1.0),
        ("Paris", "London", 0.0, 0.0),
        ("the", "a", 1.0, 1.0),
        ("", "Paris", 0.0, 0.0),
        ("Zürich", "zürich", 1.0, 1.0),
    ],
)
def test_known_answers(said: str, gold: str, exact: float, f1: float) -> None:
    assert judged(said, gold, "exact").value == exact
    found = judged(said, gold)
    assert found.value == pytest.approx(f1) and found.parts["exact"] == exact


def test_the_best_of_several_references_counts() -> None:
    assert judged("Big Apple", "New York", references=["apple", "the Big Apple"]).value == 1.0
    assert judged("Big Apple", "New York", references=["apple"]).value == pytest.approx(2 / 3)


def test_references_that_are_no_list_leave_it_unscored() -> None:
    for bad in ("apple", [1], 3):
        found = judged("apple", "apple", references=bad)
        assert found.value is None and found.status is Status.FAILED and "references" in found.error
    assert score("rewards.verifiers.squad", [sample("q", "x")])[0].values == (None,)


def test_a_wrong_measure_is_told() -> None:
    with pytest.raises(SpecError, match="measure"):
        build({"use": "rewards.verifiers.squad", "measure": "F1"})
