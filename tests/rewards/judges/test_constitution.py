"""The criterion-conditioned judge: the constitution in every prompt, the range from it, self-reflection."""

from __future__ import annotations

from dataclasses import replace

import pytest

from guerdon.core.build import build
from guerdon.core.contracts import Reward
from guerdon.core.errors import DataError, SpecError
from guerdon.core.types import Status, sample
from tests.rewards.judges.listening import judged, prompt_text, value_of

FIVE = {
    "task": "You rate reviews of papers.", "aspect": "actionability", "definition": "Can the author act on it?",
    "levels": {str(n): f"level {n}" for n in range(1, 6)}, "examples": [{"text": "Fix table 2.", "score": 5}, {"text": "Bad.", "score": 1}],
}  # fmt: skip
BINARY = {"aspect": "consistency", "definition": "Does it agree?", "levels": {"0": "no", "1": "yes"}}
ONE = sample("The paper.", "The review.", id="p", context={"constitution": FIVE})


@pytest.mark.parametrize(
    ("reply", "value"),
    [
        ("<reasoning>It says what to do.</reasoning><score>4</score>", 4.0),
        ("<score> 2.5 </score>", 2.5),
        ("…<score>1</score>", 1.0),
    ],
)
def test_replies_it_takes(reply: str, value: float) -> None:
    assert value_of("rewards.judges.constitution", reply, ONE) == value


@pytest.mark.parametrize("reply", ["<score>good</score>", "<score>7</score>", "four of five"])
def test_replies_it_refuses(reply: str) -> None:
    assert (
        value_of("rewards.judges.constitution", reply, ONE) is None
        and value_of("rewards.judges.constitution", reply, ONE, parse="published") is None
    )


def test_the_range_comes_from_the_constitution() -> None:
    binary = replace(ONE, context={"constitution": BINARY})
    assert (
        value_of("rewards.judges.constitution", "<score>3</score>", ONE) == 3
        and value_of("rewards.judges.constitution", "<score>3</score>", binary) is None
    )
    assert (
        value_of("rewards.judges.constitution", "<score>0</score>", binary) == 0
        and value_of("rewards.judges.constitution", "<score>0</score>", ONE) is None
    )


def test_everything_of_the_constitution_stands_in_the_prompt_in_order() -> None:
    _, asked = judged("rewards.judges.constitution", ["<score>3</score>"], ONE)
    text = prompt_text(asked)
    wanted = ["You rate reviews", "actionability", "Can the author", "1: level 1", "5: level 5", "Fix table 2.", "The review.", "<score>N</score>"]  # fmt: skip
    assert [text.index(w) for w in wanted] == sorted(text.index(w) for w in wanted)
    changed = replace(ONE, context={"constitution": {**FIVE, "definition": "Another definition."}})
    assert prompt_text(judged("rewards.judges.constitution", ["<score>3</score>"], changed)[1]) != text
    turned = replace(ONE, context={"constitution": {**FIVE, "examples": FIVE["examples"][::-1]}})  # type: ignore[index]
    assert value_of("rewards.judges.constitution", "<score>3</score>", turned) == 3


def test_reflection_shows_the_reasoning_without_its_score() -> None:
    found, asked = judged(
        "rewards.judges.constitution",
        ["<reasoning>Vague.</reasoning><score>2</score>", "<score>4</score>"],
        ONE,
        reflect=True,
    )
    assert found.scores[0].value == 4 and found.scores[0].parts["initial"] == 2
    said, wish = asked[1].messages[-2:]
    assert said.role == "assistant" and said.text == "<reasoning>Vague.</reasoning>" and "reconsider" in wish.text
    lost, _ = judged("rewards.judges.constitution", ["<score>2</score>", "I stay with it."], ONE, reflect=True)
    assert lost.scores[0].status is Status.UNPARSED


def test_bad_constitutions_are_told() -> None:
    with pytest.raises(SpecError, match="levels"):
        build({"use": "rewards.judges.constitution", "engine": {"use": "engines.scripted", "reply": "x"}, "constitution": {"aspect": "a", "definition": "b"}}, Reward)  # fmt: skip
    reward = build({"use": "rewards.judges.constitution", "engine": {"use": "engines.scripted", "reply": "x"}}, Reward)
    with pytest.raises(DataError, match=r"row 1.*definition"):
        reward.check([ONE, replace(ONE, context={"constitution": {"aspect": "a"}})])
