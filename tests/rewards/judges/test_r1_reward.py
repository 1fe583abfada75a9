"""R1-Reward's judge: what its prompt demands, which replies it takes, which it refuses, how it votes."""

from __future__ import annotations

import pytest

from tests.rewards.judges.listening import judged, margin_of, prompt_text

ONE, TWO = (f"<think>Response {d} is right.</think><answer>{d}</answer>" for d in "12")


@pytest.mark.parametrize(
    ("reply", "margin"), [(ONE, 1.0), (TWO, -1.0), ("<think>…</think>\n<answer> 2 </answer>", -1.0)]
)
def test_replies_it_takes(reply: str, margin: float) -> None:
    assert margin_of("rewards.judges.r1_reward", reply) == margin


@pytest.mark.parametrize("reply", ["<answer>3</answer>", "neither", f"{ONE} or {TWO}"])
def test_replies_it_refuses(reply: str) -> None:
    assert margin_of("rewards.judges.r1_reward", reply) is None


def test_published_falls_back_to_the_last_digit() -> None:
    assert margin_of("rewards.judges.r1_reward", "I prefer response 2", parse="published") == -1
    assert margin_of("rewards.judges.r1_reward", f"{ONE} although 2 is good", parse="published") == 1, (
        "the tag comes first"
    )
    assert margin_of("rewards.judges.r1_reward", "neither", parse="published") is None


def test_the_prompt_demands_what_the_paper_does() -> None:
    _, asked = judged("rewards.judges.r1_reward", [ONE])
    text = prompt_text(asked)
    assert all(w in text for w in ("impartial", "side by side", "tie is not allowed", "<think>", "<answer>1</answer>", "<answer>2</answer>"))  # fmt: skip
    assert text.rstrip().endswith("if response 2 is better."), "the form is repeated at the end"


def test_votes_drop_the_unread_and_an_even_split_asks_once_greedily() -> None:
    found, asked = judged("rewards.judges.r1_reward", [ONE, ONE, TWO, "?"], samples=4, temperature=1.0)
    assert found.margins is not None and found.margins[0][1] == 1 and len(asked) == 1 and len(found.trials) == 4
    even, asked = judged("rewards.judges.r1_reward", [ONE, TWO, "?", "?", TWO], samples=4, temperature=1.0)
    assert even.margins is not None and even.margins[0][1] == -1
    assert len(asked) == 2 and asked[1].n == 1 and asked[1].temperature == 0 and len(even.trials) == 5
