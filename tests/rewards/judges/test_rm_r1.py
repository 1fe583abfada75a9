"""RM-R1's judge: what its prompt demands, which replies it takes, which it refuses."""

from __future__ import annotations

import pytest

from guerdon.core.types import Message, Sample, answer
from tests.rewards.judges.listening import judged, margin_of, prompt_text

REASONING = (
    "<type>Reasoning</type>\n<solution>2 + 2 is 4.</solution>\n<eval>A says 4, <quote_A>It is 4.</quote_A>, which is right. "
    "<summary_B>B says 5.</summary_B></eval>\n\n<answer>[[A]]</answer>"
)
CHAT = (
    "<type>Chat</type>\n<rubric>Warmth 60 %, brevity 40 %. <justify>It is small talk.</justify></rubric>\n"
    "<eval>B is warmer.</eval> <answer>[[B]]</answer>"
)


@pytest.mark.parametrize(
    ("reply", "margin"), [(REASONING, 1.0), (CHAT, -1.0), ("Both are fine, the second a little more so. [[B]]", -1.0)]
)
def test_replies_it_takes(reply: str, margin: float) -> None:
    assert margin_of("rewards.judges.rm_r1", reply) == margin


@pytest.mark.parametrize(
    "reply",
    [
        REASONING.replace("[[A]]", "A"),
        "<eval>If it were [[A]] it would be wrong.</eval><answer>[[B]]</answer>",
        "<answer>[[C]]</answer>",
    ],
)
def test_replies_it_refuses_in_both_modes(reply: str) -> None:
    assert (
        margin_of("rewards.judges.rm_r1", reply) is None
        and margin_of("rewards.judges.rm_r1", reply, parse="published") is None
    )


def test_the_prompt_demands_what_the_paper_does() -> None:
    _, asked = judged("rewards.judges.rm_r1", [REASONING])
    system, user = asked[0].messages
    for tag in ("type", "solution", "eval", "rubric", "justify", "quote_A", "summary_A", "quote_B", "summary_B"):
        assert f"<{tag}>" in system.text
    assert "<type>Reasoning</type>" in system.text and "<type>Chat</type>" in system.text
    assert "<answer>[[A]]</answer>" in system.text and "<answer>[[B]]</answer>" in system.text
    assert all(word in system.text for word in ("impartial", "order", "length", "names"))
    assert user.text.index("What is 2+2?") < user.text.index("It is 4.") < user.text.index("It is 5.")
    assert asked[0].temperature == 0 and asked[0].max_tokens == 8192


def test_the_reasoning_variant_has_no_system_prompt_and_no_tags() -> None:
    _, asked = judged("rewards.judges.rm_r1", [REASONING], variant="reasoning")
    assert [m.role for m in asked[0].messages] == ["user"]
    text = prompt_text(asked)
    assert "<type>" not in text and "<rubric>" not in text and "<answer>[[A]]</answer>" in text


def test_whole_conversations_are_shown() -> None:
    turns = (
        Message(role="user", content="Hello"),
        Message(role="assistant", content="Hi"),
        Message(role="user", content="2+2?"),
    )
    _, asked = judged(
        "rewards.judges.rm_r1", [REASONING], Sample(id="t", prompt=turns, responses=(answer("4"), answer("5")))
    )
    assert "assistant:\nHi" in prompt_text(asked)


def test_an_unread_reply_is_asked_again_with_the_reason() -> None:
    found, asked = judged("rewards.judges.rm_r1", ["No verdict from me.", "<answer>[[B]]</answer>"], retry=True)
    assert found.margins is not None and found.margins[0][1] == -1 and len(asked) == 2
    assert asked[1].messages[-2].text == "No verdict from me."
    assert "no verdict" in asked[1].messages[-1].text and "[[A]]" in asked[1].messages[-1].text
    assert found.trials[0].raw == "No verdict from me.\n<answer>[[B]]</answer>" and found.scores[0].usage is not None
    assert found.scores[0].usage.calls == 2


def test_votes_are_averaged_or_counted() -> None:
    replies = [REASONING, CHAT, REASONING, "?"]
    mean, asked = judged("rewards.judges.rm_r1", replies, samples=4, temperature=1.0)
    assert asked[0].n == 4 and mean.margins is not None and mean.margins[0][1] == pytest.approx(1 / 3)
    assert mean.scores[0].std == pytest.approx(0.9428, abs=1e-4) and len(mean.trials) == 4
    most, _ = judged("rewards.judges.rm_r1", replies, samples=4, temperature=1.0, vote="majority")
    assert most.margins is not None and most.margins[0][1] == 1
