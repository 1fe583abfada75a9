"""Trials ↔ judgements: who won each pass, and what is unscored."""

from __future__ import annotations

import pytest

from guerdon.core.types import Judgement, Score, Status, Trial, Usage
from guerdon.judging.pairs import margin, pair_judgement, passes, why_unscored

OK = Status.OK


def judged(*trials: Trial, k: int = 2) -> Judgement:
    return Judgement(scores=(Score(value=None),) * k, trials=trials)


def test_a_trial_becomes_a_margin_in_both_directions() -> None:
    made = pair_judgement(Trial(order=(0, 1), verdict=2.0), usage=Usage(calls=1))
    assert made.margins == ((None, 2.0), (-2.0, None)) and made.values == (None, None)
    assert [s.status for s in made.scores] == [OK, OK] and made.scores[0].usage == Usage(calls=1)
    assert made.scores[1].usage is None, "what it cost is counted once"
    assert pair_judgement(Trial(order=(1, 0), verdict=2.0)).margins == ((None, -2.0), (2.0, None))


def test_a_trial_without_a_verdict_is_unscored_and_kept() -> None:
    unread = pair_judgement(Trial(order=(0, 1), raw="hm", status=Status.UNPARSED), "no verdict")
    assert unread.margins is None and [s.status for s in unread.scores] == ["unparsed"] * 2
    assert unread.scores[0].error == "no verdict" and unread.trials[0].raw == "hm"
    assert pair_judgement(Trial(order=(0, 1))).scores[0].status is Status.UNPARSED
    assert pair_judgement(Trial(order=(0, 1), status=Status.TIMEOUT), "slow").scores[1].status is Status.TIMEOUT


def test_passes_are_flipped_to_the_pair_asked_for() -> None:
    both = judged(Trial(order=(0, 1), verdict=2.0), Trial(order=(1, 0), verdict=1.0))
    assert passes(both, 0, 1) == [(OK, 1), (OK, -1)]
    assert passes(both, 1, 0) == [(OK, 1), (OK, -1)], "from the other side: the first pass shown is then (1, 0)"
    assert passes(both, 0, 2) == []


def test_trials_of_six_responses_are_found_by_their_pair() -> None:
    found = judged(
        Trial(order=(1, 4), verdict=-1.0), Trial(order=(4, 1), verdict=0.0), Trial(order=(0, 3), verdict=1.0), k=6
    )
    assert passes(found, 1, 4) == [(OK, -1), (OK, 0)] and passes(found, 0, 3) == [(OK, 1)]


def test_a_failed_pass_and_one_without_verdict_differ() -> None:
    found = judged(Trial(order=(0, 1), status=Status.FAILED), Trial(order=(1, 0), status=Status.UNPARSED))
    assert passes(found, 0, 1) == [(Status.FAILED, None), (Status.UNPARSED, None)]


def test_repeated_trials_of_one_order_are_averaged_first() -> None:
    found = judged(*(Trial(order=(0, 1), verdict=v) for v in (2.0, -1.0, -1.0)))
    assert passes(found, 0, 1) == [(OK, -1)], "two verdicts of three, however strong the third"
    mixed = judged(Trial(order=(0, 1), verdict=1.0), Trial(order=(0, 1), verdict=None, status=Status.UNPARSED))
    assert passes(mixed, 0, 1) == [(OK, 1)], "a vote without a verdict is left out"
    none = judged(*(Trial(order=(0, 1), verdict=None, status=Status.UNPARSED) for _ in range(2)))
    assert passes(none, 0, 1) == [(Status.UNPARSED, None)]


@pytest.mark.parametrize(
    ("values", "margins", "expected"),
    [
        ((2.0, 0.5), None, 1.5), ((2.0, None), None, None), ((None, None), ((None, 3.0), (None, None)), 3.0),
        ((None, None), ((None, None), (-3.0, None)), 3.0), ((None, None), ((None, None), (None, None)), None),
        ((1.0, 0.0), ((None, -9.0), (9.0, None)), 1.0),
    ],
)  # fmt: skip
def test_margin_is_of_values_first_then_of_either_triangle(values, margins, expected) -> None:  # type: ignore[no-untyped-def]
    found = Judgement(scores=tuple(Score(value=v) for v in values), margins=margins)
    assert margin(found, 0, 1) == expected
    assert margin(found, 1, 0) == (None if expected is None else -expected)


def test_why_unscored_names_the_status_of_either_side() -> None:
    found = Judgement(scores=(Score(value=1.0), Score.unscored(Status.TIMEOUT, "slow")))
    assert why_unscored(found, 0, 1) == "timeout" == why_unscored(found, 1, 0)
    assert why_unscored(judged(), 0, 1) == "abstained"
