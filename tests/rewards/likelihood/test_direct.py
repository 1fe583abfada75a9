"""`rewards.likelihood.direct`: the mean over tokens, failures, empty responses."""

from __future__ import annotations

import pytest

from guerdon.core.build import build
from guerdon.core.concurrency import run_sync
from guerdon.core.contracts import Reward
from guerdon.core.types import sample

SPEC = {
    "use": "rewards.likelihood.direct",
    "engine": {"use": "engines.scripted", "logprobs": {"y": [-1.0, -3.0], "": []}, "fail_on": ["bad"]},
}


def test_the_mean_over_the_responses_tokens() -> None:
    (judged,) = run_sync(build(SPEC, Reward).score([sample("x", "y", "bad", "")]))  # type: ignore[type-abstract]
    assert judged.values == (pytest.approx(-2.0), None, None)
    assert judged.scores[0].parts == {"logprob": -4.0, "tokens": 2.0}
    assert "bad" in judged.scores[1].error and "empty" in judged.scores[2].error
