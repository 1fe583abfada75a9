"""R1-Reward (arXiv:2505.02835): the known answers of its training reward, its format and its voting."""

from __future__ import annotations

import pytest

from guerdon.core.build import build
from guerdon.core.concurrency import run_sync
from guerdon.core.contracts import Reward
from guerdon.core.types import Score, sample
from tests.rewards.judges.listening import Listening, judged

RIGHT, WRONG, LOOSE = (
    "<think>A\nB\nC\nD</think><answer>1</answer>",
    "<think>x</think><answer>2</answer>",
    "I say <answer>1</answer>",
)


def reward_of(text: str, *replies: str) -> tuple[Score, Listening]:
    referee = Listening(replies or ("match",))
    reward = build({"use": "rewards.verifiers.verdict_format", "referee": referee}, Reward)
    return run_sync(reward.score([sample("pair", text, reference="1")]))[0].scores[0], referee


@pytest.mark.parametrize(
    ("text", "replies", "value"),
    [
        (RIGHT, ("match",), 2.0), (RIGHT, ("mismatch",), 1.0), (RIGHT, ("perhaps",), 1.5), (LOOSE, ("match",), 1.5),
        (WRONG, ("match",), 0.5), (WRONG, ("mismatch",), 0.5), ("nothing", ("match",), 0.0),
    ],
)  # fmt: skip
def test_the_reward(text: str, replies: tuple[str, ...], value: float) -> None:
    assert reward_of(text, *replies)[0].value == value


def test_the_referee_sees_the_last_three_lines_and_has_three_tries() -> None:
    score, referee = reward_of(RIGHT, "?", "?", "match")
    assert score.parts["consistency"] == 1 and len(referee.asked) == 3
    shown = referee.asked[0].messages[0].text
    assert "B\nC\nD" in shown and "A\nB" not in shown and "response 1 is better" in shown
    assert reward_of(RIGHT, "?", "?", "?", "match")[0].parts["consistency"] == 0


@pytest.mark.parametrize("text", [RIGHT + " and more", "<think>a</think>" + RIGHT, "<answer>1</answer>"])
def test_text_outside_the_form_is_no_format(text: str) -> None:
    assert reward_of(text)[0].parts["format"] == 0


def test_white_space_around_the_form_is_stripped() -> None:
    assert reward_of(f"\n {RIGHT} \n")[0].parts["format"] == 1


def test_voting_drops_unparsed_votes() -> None:
    replies = ["<answer>2</answer>", "?", "?", "<answer>2</answer>", "<answer>1</answer>"]
    found, _ = judged("rewards.judges.r1_reward", replies, samples=5, temperature=1.0)
    assert found.margins is not None and found.margins[0][1] == -1


def test_worked_by_hand_without_a_referee() -> None:
    reward = build({"use": "rewards.verifiers.verdict_format"}, Reward)
    found = run_sync(reward.score([sample("p", RIGHT, LOOSE, WRONG, reference="1")]))[0]
    assert found.values == (1.5, 1.0, 0.5)
