"""The referee: scores of a whole group from one reply, as ranks or shares."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guerdon.core.build import build
from guerdon.core.contracts import Reward
from guerdon.core.errors import SpecError
from guerdon.core.types import Status, sample
from guerdon.rewards.judges.referee import Referee
from tests.rewards.judges.listening import Listening, judged, prompt_text

FOUR = sample("Name a city.", "Paris", "Rome", "Oslo", "cheese", id="p")


def test_scores_become_ranks_in_the_order_shown() -> None:
    found, asked = judged("rewards.judges.referee", ["Cheese is no city. <scores>9,7,8,3</scores>"], FOUR)
    assert found.values == pytest.approx((1, 1 / 3, 2 / 3, 0))
    assert len(asked) == 1 and found.trials[0].order == (0, 1, 2, 3)
    shares, _ = judged("rewards.judges.referee", ["<scores>10, 1, 5.5, 1</scores>"], FOUR, form="score")
    assert shares.values == pytest.approx((1, 0, 0.5, 0))


def test_ties_share_their_rank() -> None:
    assert judged("rewards.judges.referee", ["<scores>5,5,5,5</scores>"], FOUR)[0].values == (0.5,) * 4
    assert judged("rewards.judges.referee", ["<scores>9,9,1,1</scores>"], FOUR)[0].values == pytest.approx(
        (5 / 6, 5 / 6, 1 / 6, 1 / 6)
    )


@pytest.mark.parametrize(
    "reply", ["<scores>9,7,8</scores>", "<scores>9,7,8,11</scores>", "<scores>9,7,8,x</scores>", "9,7,8,3", "<scores>1,2,3,4</scores><scores>4,3,2,1</scores>"]
)  # fmt: skip
def test_replies_it_refuses(reply: str) -> None:
    found, _ = judged("rewards.judges.referee", [reply], FOUR)
    assert (
        {s.status for s in found.scores} == {Status.UNPARSED} and found.scores[0].error and found.trials[0].raw == reply
    )


def test_the_prompt_shows_all_responses_and_the_form() -> None:
    text = prompt_text(judged("rewards.judges.referee", ["<scores>1,1,1,1</scores>"], FOUR)[1])
    places = [text.index(w) for w in ("Name a city.", "Paris", "Rome", "Oslo", "cheese", "<scores>N,N,N,N</scores>")]
    assert places == sorted(places) and "{{" not in text and "from 1 to 10" in text


@given(st.lists(st.floats(1, 10), min_size=2, max_size=8, unique=True))
def test_any_increasing_transform_leaves_the_ranks(scores: list[float]) -> None:
    referee = Referee(engine=Listening(("x",)))
    assert referee.rewards(scores) == referee.rewards([s**3 for s in scores])
    assert sum(referee.rewards(scores)) == pytest.approx(len(scores) / 2)


def test_groups_of_other_sizes_are_asked_together_and_too_large_ones_told() -> None:
    reward = build(
        {"use": "rewards.judges.referee", "engine": {"use": "engines.scripted", "reply": "x"}, "most": 3}, Reward
    )
    fault = reward.fault(FOUR)
    assert fault is not None and "2 to 3" in str(fault)
    with pytest.raises(SpecError, match="below high"):
        build({"use": "rewards.judges.referee", "engine": {"use": "engines.scripted", "reply": "x"}, "low": 5, "high": 5}, Reward)  # fmt: skip
