"""Votes of reward models on responses, and the strength of a preference."""

from __future__ import annotations

from dataclasses import replace

import pytest

from guerdon.core.types import Preference, sample
from guerdon.data.votes import differences, noted, strength, votes, with_votes

PAIR = Preference(better=1, worse=0)


def test_strength_is_mean_and_population_deviation_over_the_models() -> None:
    made = sample("q", "a", "b", preferences=(PAIR,))
    made = replace(made, responses=(with_votes(made.responses[0], [1, 4]), with_votes(made.responses[1], [2, 3])))
    assert votes(made.responses[0]) == (1.0, 4.0) and differences(made, PAIR) == (1.0, -1.0)
    assert strength(made, PAIR) == (0.0, 1.0)
    assert noted(made).context["votes"] == [{"mean": 0.0, "std": 1.0, "differences": [1.0, -1.0], "agree": 1}]


def test_new_votes_replace_the_old_and_other_labels_stay() -> None:
    response = replace(sample("q", "a").responses[0], labels={"wit": 3.0})
    assert with_votes(with_votes(response, [1, 2, 3]), [5]).labels == {"wit": 3.0, "vote_0": 5.0}
    assert with_votes(response, []).labels == {"wit": 3.0}


@pytest.mark.parametrize("given", [([], []), ([1.0], []), ([1.0, 2.0], [1.0])])
def test_without_equally_many_votes_there_is_no_strength(given: tuple[list[float], list[float]]) -> None:
    made = sample("q", "a", "b", preferences=(PAIR,))
    made = replace(made, responses=tuple(with_votes(r, v) for r, v in zip(made.responses, given, strict=True)))
    assert strength(made, PAIR) is None and noted(made).context["votes"] == [None]
