"""The plain rating: text or digit expectation, with a reference or a plan."""

from __future__ import annotations

import math

import pytest

from guerdon.core.build import build
from guerdon.core.contracts import Reward
from guerdon.core.errors import SpecError
from guerdon.core.types import Completion, Status, sample
from tests.rewards.judges.listening import judged, prompt_text, value_of

ONE = sample("Name a city.", "Paris", id="p", reference="Any city will do.")


@pytest.mark.parametrize(
    ("reply", "value"), [("Fine. <score>4</score>", 4.0), ("<score>2.5</score>", 2.5), ("<score>\n5\n</score>", 5.0)]
)
def test_replies_it_takes(reply: str, value: float) -> None:
    assert value_of("rewards.judges.rating", reply, ONE) == value


@pytest.mark.parametrize("reply", ["4 of 5", "<score>6</score>", "<score>1</score> or <score>5</score>"])
def test_replies_it_refuses(reply: str) -> None:
    assert value_of("rewards.judges.rating", reply, ONE) is None


def test_the_expectation_over_digits() -> None:
    found = {"4": math.log(0.4), " 4": math.log(0.1), "5": math.log(0.25), "the": math.log(0.25)}
    judgement, asked = judged("rewards.judges.rating", [Completion(top_logprobs=(found,))], ONE, read="expectation")
    score = judgement.scores[0]
    assert score.value == pytest.approx((4 * 0.5 + 5 * 0.25) / 0.75) and score.parts["mass"] == pytest.approx(0.75)
    assert score.std == pytest.approx(math.sqrt(2) / 3) and {"1", "5", " 3"} <= set(asked[0].choices)
    lost, _ = judged("rewards.judges.rating", [Completion(top_logprobs=({"the": -0.1},))], ONE, read="expectation")
    assert lost.scores[0].status is Status.UNPARSED


def test_the_reference_is_shown_only_where_asked_for() -> None:
    assert "Any city" not in prompt_text(judged("rewards.judges.rating", ["<score>1</score>"], ONE)[1])
    text = prompt_text(judged("rewards.judges.rating", ["<score>1</score>"], ONE, guide="reference")[1])
    assert text.index("Name a city.") < text.index("Any city will do.") < text.index("Paris")
    bare, _ = judged("rewards.judges.rating", ["<score>1</score>"], sample("q", "a"), guide="reference")
    assert bare.scores[0].status is Status.FAILED and "reference" in bare.scores[0].error


def test_bad_settings_are_told() -> None:
    engine = {"use": "engines.scripted", "reply": "x", "choices": {"1": -1.0}}
    for wrong in ({"low": 5}, {"read": "expectation", "high": 10}, {"samples": 2}, {"temperature": -1.0}):
        with pytest.raises(SpecError):
            build({"use": "rewards.judges.rating", "engine": engine, **wrong}, Reward)
