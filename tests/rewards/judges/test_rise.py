"""RISE-Judge: what its prompt demands, which replies it takes, which it refuses."""

from __future__ import annotations

import pytest

from tests.rewards.judges.listening import judged, margin_of

PLAIN = "Answer A gives the right sum. Answer B is wrong. [[A]]"
MENTIONS = "At first sight [[A]] looks better, but its second step fails, so the verdict is [[B]]"


@pytest.mark.parametrize(
    ("reply", "margin"), [(PLAIN, 1.0), ("[[B]]", -1.0), ("Refusing is right here.\n\n[[A]]\n", 1.0)]
)
def test_replies_it_takes(reply: str, margin: float) -> None:
    assert margin_of("rewards.judges.rise", reply) == margin


@pytest.mark.parametrize("reply", ["A is better.", "[[A>B]]", "[[C]]"])
def test_replies_it_refuses_in_both_modes(reply: str) -> None:
    assert (
        margin_of("rewards.judges.rise", reply) is None
        and margin_of("rewards.judges.rise", reply, parse="published") is None
    )


def test_the_last_verdict_wins_as_published_and_is_refused_strictly() -> None:
    assert margin_of("rewards.judges.rise", MENTIONS) is None
    assert margin_of("rewards.judges.rise", MENTIONS, parse="published") == -1


def test_the_prompt_demands_what_the_paper_does() -> None:
    _, asked = judged("rewards.judges.rise", [PLAIN])
    (turn,) = asked[0].messages
    assert turn.role == "user", "no system prompt"
    for words in (
        "step by step",
        "follows the instruction",
        "accurate",
        "refusing is right",
        "harmful",
        "Relevance",
        "length",
    ):
        assert words in turn.text
    assert turn.text.rstrip().endswith("[[B]] if answer B is better."), "the verdict stands at the very end"
