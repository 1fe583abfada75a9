"""`curation.vote_strength` and `curation.repair_by_votes`: what they leave alone and what they refuse."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest

from guerdon.core.concurrency import run_sync
from guerdon.core.contracts import Reward
from guerdon.core.errors import DataError, SpecError
from guerdon.core.types import Judgement, Preference, Sample, Score, Status, sample
from guerdon.curation.repair_by_votes import RepairByVotes
from guerdon.curation.vote_strength import VoteStrength

PAIR = (Preference(better=0, worse=1),)


@dataclass(frozen=True)
class Times(Reward):
    """Reads a number off a response and multiplies it; "?" stays unscored."""

    factor: float = 1.0

    async def score(self, samples: Sequence[Sample]) -> list[Judgement]:
        return [Judgement(scores=tuple(self._one(r.text) for r in s.responses)) for s in samples]

    def _one(self, text: str) -> Score:
        return Score.unscored(Status.FAILED, "no idea") if text == "?" else Score(value=self.factor * float(text))


@dataclass(frozen=True)
class Silent(Times):
    @property
    def gives(self) -> frozenset[str]:
        return frozenset({"margins"})


def voted(*margins: str) -> list[Sample]:
    samples = [sample("q", m, "0", id=str(i), preferences=PAIR) for i, m in enumerate(margins)]
    return run_sync(VoteStrength((Times(), Times(2.0))).apply(samples))


def test_each_member_votes_and_an_unscored_response_spoils_only_its_own_pair() -> None:
    first, lost, last = voted("2", "?", "-1")
    assert first.context["votes"] == [{"mean": 3.0, "std": 1.0, "differences": [2.0, 4.0], "agree": 2}]
    assert lost.context["votes"] == [None] and lost.responses[1].labels == {"vote_0": 0.0, "vote_1": 0.0}
    assert last.context["votes"][0]["agree"] == 0


@dataclass(frozen=True)
class Both(Times):
    """One reward with two members inside."""

    def _one(self, text: str) -> Score:
        return replace(super()._one(text), parts={"member_0": 1.0, "member_1": 2.0})


def test_the_members_inside_a_reward_vote_each_for_itself() -> None:
    made = sample("q", "5", "?", preferences=PAIR)
    [found] = run_sync(VoteStrength((Both(), Times())).apply([made]))
    assert found.responses[0].labels == {"vote_0": 1.0, "vote_1": 2.0, "vote_2": 5.0}
    assert found.responses[1].labels == {} and found.context["votes"] == [None]


def test_pairs_without_votes_and_ties_stay_as_they_are() -> None:
    samples = voted("2", "?", "-1")
    tied = replace(samples[2], id="tie", preferences=(Preference(better=0, worse=1, tie=True),))
    found = run_sync(RepairByVotes(flip="negative", margin="all").apply([*samples, tied]))
    assert found[1] == samples[1] and found[3] == tied
    assert found[2].preferences == (Preference(better=1, worse=0, margin=1.5),)
    assert found[0].preferences == (Preference(better=0, worse=1, margin=3.0),)
    assert found[2].context["votes"][0]["mean"] == 1.5, "noted as they are now"


def test_several_pairs_of_a_sample_are_ranked_each_for_itself() -> None:
    both = (Preference(better=0, worse=1), Preference(better=1, worse=0))
    [made] = run_sync(VoteStrength((Times(),)).apply([sample("q", "3", "1", preferences=both)]))
    [found] = run_sync(RepairByVotes(flip_share=0.5, smooth_share=0.0).apply([made]))
    assert [(p.better, p.margin) for p in found.preferences] == [(0, 2.0), (0, 0.0)]


def test_nothing_in_nothing_out_and_no_votes_at_all_is_an_error() -> None:
    assert run_sync(RepairByVotes().apply([])) == [] == run_sync(VoteStrength((Times(),)).apply([]))
    with pytest.raises(DataError, match="apply curation.vote_strength first"):
        run_sync(RepairByVotes().apply([sample("q", "a", "b", preferences=PAIR)]))


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"flip": "negativ"}, "Did you mean 'negative'"),
        ({"margin": "some"}, "Known: none, rest, all"),
        ({"flip_share": 0.7, "smooth_share": 0.4}, "together at most 1"),
        ({"flip_share": -0.1}, "together at most 1"),
        ({"smoothing": 0.5}, "smoothing is in"),
    ],
)
def test_bad_switches_are_refused(fields: dict[str, Any], says: str) -> None:
    with pytest.raises(SpecError, match=says):
        RepairByVotes(**fields)


def test_voters_must_give_scores() -> None:
    with pytest.raises(SpecError, match="members is empty"):
        VoteStrength(())
    with pytest.raises(SpecError, match="gives no scores to vote with"):
        VoteStrength((Times(), Silent()))
