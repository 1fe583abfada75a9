"""The micro and armorm recipes: their data, and their verdicts on figures that are decided here instead of trained."""

from __future__ import annotations

import pytest

from guerdon.core.types import Judgement, Preference, Score
from guerdon.recipes import armorm, micro


def rows(share: float, count: int = 200) -> list[dict[str, float]]:
    """Three seeds of so many pairs, this share of them right."""
    return [{str(i): float(i < share * count) for i in range(count)}] * 3


FOUND = {"one reward": 0.5, "static mixture": 0.5, "stage 1": 0.6, "HyRe on stage 1": 0.6, "routed mixture": 0.8,
         "asked the other way": 0.3, "pairs turned at random": 0.5}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "holds"),
    [
        ({}, True),
        ({"routed mixture": 0.5}, False),
        ({"one reward": 0.8}, False),
        ({"pairs turned at random": 0.8}, False),
        ({"asked the other way": 0.8}, False),
    ],
)
def test_micro_holds_only_where_the_router_wins_by_what_it_was_taught(change: dict[str, float], holds: bool) -> None:
    found = {name: rows(share) for name, share in {**FOUND, **change}.items()}
    assert micro._evidence(found, 10, 10, (0, 1, 2)).holds is holds
    assert micro._evidence(found, 10, 10, (0,)).holds is None


def test_random_labels_turn_about_half_and_the_other_sentence_is_the_other_kinds() -> None:
    pairs = micro.drawn(micro.short_pairs("test", 40, "helpful") + micro.short_pairs("test", 40, "harmless"), 30, 0)
    assert len(pairs) == 60 and len({s.id for s in pairs}) == 60
    blind = micro.turned(pairs, 0)
    moved = [a.preferences != b.preferences for a, b in zip(pairs, blind, strict=True)]
    assert 15 < sum(moved) < 45 and micro.turned(pairs, 0) == blind
    for s in pairs[:1] + pairs[-1:]:
        other = micro.in_kind(s, other=True).context["criterion"]
        assert {s.context["criterion"], other} == set(micro.ASKED.values())


def test_a_pair_goes_by_margins_where_there_are_any() -> None:
    scores, pair = (Score(value=1.0), Score(value=2.0)), Preference(better=0, worse=1)
    assert micro.by_margin(Judgement(scores=scores), pair) == -1.0
    assert micro.by_margin(Judgement(scores=scores, margins=((None, 3.0), (-3.0, None))), pair) == 3.0


@pytest.mark.parametrize(
    ("gate", "blind", "length", "holds"),
    [(0.8, 0.5, 0.05, True), (0.5, 0.5, 0.05, False), (0.8, 0.8, 0.05, False), (0.8, 0.5, 0.3, False)],
)
def test_armorm_holds_only_for_a_gate_that_wins_by_the_prompt_and_objectives_free_of_length(
    gate: float, blind: float, length: float, holds: bool
) -> None:
    found = {armorm.GATED: rows(gate), armorm.BLIND: rows(blind), armorm.FIXED: rows(0.5), armorm.ONE: rows(0.5)}
    follows = {"as probed": [{"helpful": 0.6}] * 3, "debiased": [{"helpful": length}] * 3}
    assert armorm._evidence(found, follows, {"helpful": {"validation_mse": 0.2}}, 10, (0, 1, 2)).holds is holds


def test_armorm_labels_say_what_was_asked_and_leave_the_rest_missing() -> None:
    made = armorm.chosen(armorm.short_pairs("test", 3, "harmless"))
    for s in made:
        assert sorted(r.labels["harmless"] for r in s.responses) == [0.0, 1.0] and not s.preferences
        assert all(set(r.labels) == {"harmless", "verbosity"} for r in s.responses)
