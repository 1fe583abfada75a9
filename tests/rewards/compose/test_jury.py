"""A jury: majority, mean and probability, a quorum, trials by judge."""

from __future__ import annotations

from typing import Any

import pytest

from guerdon.core.build import build
from guerdon.core.concurrency import run_sync
from guerdon.core.contracts import Reward
from guerdon.core.errors import SpecError
from guerdon.core.types import Judgement, Status
from guerdon.judging.tokens import sigmoid
from guerdon.rewards.compose.jury import Jury
from tests.rewards.judges.listening import PAIR, Listening


def member(reply: str, use: str = "rewards.judges.rise") -> Reward:
    return build({"use": use, "engine": Listening((reply,))}, Reward)


def jury(*replies: str, **fields: Any) -> Judgement:
    reward = build({"use": "rewards.compose.jury", "members": [member(r) for r in replies], **fields}, Reward)
    (found,) = run_sync(reward.score([PAIR]))
    return found


def test_most_judges_decide_and_all_are_kept() -> None:
    found = jury("[[A]]", "[[B]]", "[[A]]")
    assert found.margins == ((None, 1.0), (-1.0, None)) and len(found.trials) == 3
    assert found.scores[0].std == pytest.approx(0.9428, abs=1e-4)
    assert found.scores[0].usage is not None and found.scores[0].usage.calls == 3
    tie = jury("[[A]]", "[[B]]")
    assert tie.margins is not None and tie.margins[0][1] == 0


def test_a_quorum_says_how_many_may_be_missing() -> None:
    found = jury("[[A]]", "no verdict", "[[A]]")
    assert found.margins is None and found.scores[0].status is Status.UNPARSED and "2 of 3" in found.scores[0].error
    enough = jury("[[A]]", "no verdict", "[[A]]", quorum=2)
    assert enough.margins is not None and enough.margins[0][1] == 1 and len(enough.trials) == 3


def test_levels_and_log_odds() -> None:
    levels = Jury((member("[[A>>B]]", "rewards.judges.arena_hard"), member("[[B]]")), "mean")
    assert levels.combined([2.0, -1.0]) == 0.5
    assert sigmoid(Jury(levels.members, "probability").combined([2.0, -1.0])) == pytest.approx(
        (sigmoid(2) + sigmoid(-1)) / 2
    )


def test_bad_settings_are_told() -> None:
    for wrong in ({"members": [member("[[A]]")]}, {"members": [member("[[A]]")] * 2, "quorum": 3}):
        with pytest.raises(SpecError):
            build({"use": "rewards.compose.jury", **wrong}, Reward)
