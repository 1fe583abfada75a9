"""The pairwise probability judge: both orders, the anchor, verdict tokens only."""

from __future__ import annotations

import math

import pytest

from guerdon.core.types import Completion, Status, sample
from guerdon.judging.tokens import logit, sigmoid
from tests.rewards.judges.listening import PAIR, judged, prompt_text


def token(p: float, **more: float) -> Completion:
    """A next token that is YES with probability p among YES and NO."""
    return Completion(top_logprobs=({"YES": math.log(p), "NO": math.log(1 - p), **more},))


def test_both_orders_are_symmetrised() -> None:
    found, asked = judged("rewards.judges.pairwise_probability", [token(0.7), token(0.6)])
    assert found.margins is not None and sigmoid(found.margins[0][1] or 0) == pytest.approx(0.55)
    assert found.margins[0][1] == pytest.approx(0.2007, abs=1e-4) and found.margins[1][0] == -found.margins[0][1]
    assert found.scores[0].parts["consistency"] == pytest.approx(0.3)
    assert [t.order for t in found.trials] == [(0, 1), (1, 0)]
    first, second = (r.messages[0].text for r in asked)
    assert first.index("It is 4.") < first.index("It is 5.") and second.index("It is 5.") < second.index("It is 4.")


def test_a_model_blind_to_order_is_at_one_half() -> None:
    found, _ = judged("rewards.judges.pairwise_probability", [token(0.9), token(0.9)])
    assert found.margins is not None and found.margins[0][1] == pytest.approx(0, abs=1e-12)
    assert found.scores[0].parts["consistency"] == pytest.approx(0.8)


def test_only_the_two_verdicts_count_and_their_spellings_are_added() -> None:
    boosted, _ = judged("rewards.judges.pairwise_probability", [token(0.7, the=5.0), token(0.6, the=9.0)])
    plain, _ = judged("rewards.judges.pairwise_probability", [token(0.7), token(0.6)])
    assert boosted.margins == plain.margins
    spelled = Completion(top_logprobs=({"YES": math.log(0.3), " yes": math.log(0.3), "NO": math.log(0.2)},))
    one, _ = judged("rewards.judges.pairwise_probability", [spelled], symmetric=False)
    assert one.margins is not None and sigmoid(one.margins[0][1] or 0) == pytest.approx(0.75)


def test_against_the_reference_each_response_gets_a_value() -> None:
    given = sample("2+2?", "4", "5", "four", reference="4", id="r")
    found, asked = judged("rewards.judges.pairwise_probability", [token(0.5), token(0.5), token(0.2), token(0.9), token(0.6), token(0.5)], given, against="reference")  # fmt: skip
    assert found.values == pytest.approx((0.5, 0.15, 0.55)) and len(asked) == 6
    logits, _ = judged("rewards.judges.pairwise_probability", [token(0.999999), token(1e-6)], sample("q", "a", reference="b"), against="reference", reward="logit")  # fmt: skip
    assert logits.values == (5.0,) and logit(0.999999) > 5


def test_no_probability_is_unscored() -> None:
    found, _ = judged("rewards.judges.pairwise_probability", [Completion(top_logprobs=({"YES": -0.1},)), token(0.5)])
    assert found.margins is None and found.scores[0].status is Status.UNPARSED and "NO" in found.scores[0].error
    failed, _ = judged(
        "rewards.judges.pairwise_probability", [token(0.5), Completion(status=Status.TIMEOUT, error="slow")]
    )
    assert failed.margins is None and failed.scores[1].status is Status.TIMEOUT


def test_what_is_asked() -> None:
    text = prompt_text(judged("rewards.judges.pairwise_probability", [token(0.5)], PAIR)[1])
    assert "Is the first response better than the second?" in text and text.rstrip().endswith("YES or NO.")
