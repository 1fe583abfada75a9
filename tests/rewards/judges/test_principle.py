"""The principle judge: log-odds of Yes, at the next token or after reasoning."""

from __future__ import annotations

import math

import pytest

from guerdon.core.types import Completion, Status, sample
from tests.rewards.judges.listening import judged, prompt_text

ONE = sample("Name a city.", "Paris", id="p", context={"principle": "The response names one city only."})


def odds(yes: float, no: float, first: str = "Yes", second: str = "No") -> Completion:
    return Completion(top_logprobs=({first: math.log(yes), second: math.log(no)},))


def test_the_reward_is_the_difference_of_log_probabilities() -> None:
    assert judged("rewards.judges.principle", [odds(0.8, 0.1)], ONE)[0].values == pytest.approx((2.0794,), abs=1e-4)
    assert judged("rewards.judges.principle", [odds(0.05, 0.7)], ONE)[0].values == pytest.approx((-2.6391,), abs=1e-4)
    assert judged("rewards.judges.principle", [odds(0.4, 0.05)], ONE)[0].values == pytest.approx((2.0794,), abs=1e-4), (
        "only the ratio"
    )
    assert judged("rewards.judges.principle", [odds(0.1, 0.8)], ONE)[0].values == pytest.approx((-2.0794,), abs=1e-4), (
        "negated"
    )


def test_the_principle_of_the_sample_or_of_the_field_is_asked() -> None:
    (request,) = judged("rewards.judges.principle", [odds(0.5, 0.5)], ONE)[1]
    assert "names one city only" in request.messages[0].text and {"Yes", "No", " yes"} <= set(request.choices)
    fixed = judged("rewards.judges.principle", [odds(0.5, 0.5)], sample("q", "a"), principle="It is polite.")[1]
    assert "It is polite." in prompt_text(fixed)


def test_a_reasoned_reply_is_read_at_its_last_verdict_token() -> None:
    tokens = ("Yes", ",", " it", " names", "\n", "Verdict", ":", " No")
    tops = tuple({"Yes": -9.0, "No": -0.1} for _ in tokens[:-1]) + ({" Yes": math.log(0.3), " No": math.log(0.6)},)
    reply = Completion(text="".join(tokens), tokens=tokens, top_logprobs=tops)
    found, asked = judged("rewards.judges.principle", [reply], ONE, reason=True)
    assert found.values == pytest.approx((-math.log(2),)) and found.scores[0].rationale == reply.text
    assert asked[0].top_logprobs == 20 and "Reason about it first" in prompt_text(asked)


def test_what_cannot_be_read_is_unscored() -> None:
    for reply in (Completion(text="Perhaps"), Completion(top_logprobs=({"Maybe": -0.1},))):
        score = judged("rewards.judges.principle", [reply], ONE)[0].scores[0]
        assert score.value is None and score.status is Status.UNPARSED and score.error
    assert (
        judged("rewards.judges.principle", [Completion(text="Yes")], ONE, reason=True)[0].scores[0].status
        is Status.UNPARSED
    )
