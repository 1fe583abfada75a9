"""Log-odds from token probabilities."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guerdon.core.errors import ParseError
from guerdon.core.types import Completion
from guerdon.judging.tokens import log_odds, logit, odds_of, sigmoid, spellings, verdict_odds


@given(st.floats(-30, 0), st.floats(-30, 0), st.floats(-5, 5))
def test_scaling_all_probabilities_changes_nothing(yes: float, no: float, shift: float) -> None:
    found = odds_of({"Yes": yes, "No": no}, ("Yes",), ("No",))
    assert found == pytest.approx(yes - no) and odds_of({"Yes": yes + shift, "No": no + shift}, ("Yes",), ("No",)) == pytest.approx(found)  # fmt: skip


@given(st.floats(-700, 700))
def test_sigmoid_and_logit_are_inverse_and_never_overflow(x: float) -> None:
    assert 0 <= sigmoid(x) <= 1 and sigmoid(x) + sigmoid(-x) == pytest.approx(1)
    if abs(x) < 30:
        assert logit(sigmoid(x)) == pytest.approx(x, abs=1e-2)
    assert logit(0) == -math.inf and logit(1) == math.inf


def test_spellings() -> None:
    assert set(spellings("Yes")) == {"Yes", " Yes", "yes", " yes", "YES", " YES"}


def test_what_has_no_probability() -> None:
    for reply in (Completion(), Completion(top_logprobs=({"Yes": -1.0, "No": -math.inf},))):
        with pytest.raises(ParseError):
            log_odds(reply, ("Yes",), ("No",))
    with pytest.raises(ParseError):
        verdict_odds(Completion(tokens=("Hm",), top_logprobs=({"Yes": -1.0, "No": -1.0},)), ("Yes",), ("No",))
