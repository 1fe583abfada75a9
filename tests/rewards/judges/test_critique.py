"""Critique, then score: what the reward is shown, and the ablations."""

from __future__ import annotations

import pytest

from guerdon.core.build import build
from guerdon.core.concurrency import run_sync
from guerdon.core.contracts import Reward
from guerdon.core.errors import DataError, SpecError
from guerdon.core.types import Completion, Status, sample
from tests.rewards.judges.listening import judged

ONE = sample("Name a city.", "Paris", "cheese", id="p", context={"critiques": ["right", "wrong, no city at all"]})
WORDS = {"reward": {"use": "rewards.verifiers.length", "unit": "words"}}


def test_the_critique_is_what_the_reward_scores() -> None:
    plain = build({"use": "rewards.verifiers.length", "unit": "words"}, Reward)
    (words,) = run_sync(plain.score([sample("q", "one two three", "one")]))
    found, asked = judged("rewards.judges.critique", ["one two three", "one"], ONE, **WORDS)
    assert found.values == words.values and len(asked) == 2 and found.scores[0].rationale == "one two three"
    assert "Paris" in asked[0].messages[0].text and "correct, clear and complete" in asked[0].messages[0].text
    assert asked[0].temperature == 0


def test_given_and_none_make_no_call() -> None:
    given, asked = judged("rewards.judges.critique", ["x"], ONE, source="given", **WORDS)
    assert not asked and given.values[0] != given.values[1]
    none, asked = judged("rewards.judges.critique", ["x"], ONE, source="none", **WORDS)
    assert (
        not asked
        and none.values
        == run_sync(build({"use": "rewards.verifiers.length", "unit": "words"}, Reward).score([ONE]))[0].values
    )


def test_several_critiques_are_averaged_and_lost_ones_left_out() -> None:
    lost = Completion(status=Status.TIMEOUT, error="slow")
    found, _ = judged(
        "rewards.judges.critique",
        ["one two", lost, "one two three four", lost, lost, lost],
        ONE,
        samples=3,
        temperature=1.0,
        **WORDS,
    )
    two, _ = judged("rewards.judges.critique", ["one two", "one two"], ONE, **WORDS)
    four, _ = judged("rewards.judges.critique", ["one two three four"], ONE, **WORDS)
    assert found.values[0] == pytest.approx(((two.values[0] or 0) + (four.values[0] or 0)) / 2)
    assert found.scores[0].std is not None and found.scores[1].status is Status.TIMEOUT


def test_bad_settings_and_rows_are_told() -> None:
    engine = {"use": "engines.scripted", "reply": "x"}
    with pytest.raises(SpecError, match="no scores"):
        build({"use": "rewards.judges.critique", "engine": engine, "reward": {"use": "rewards.judges.vanilla", "engine": engine}}, Reward)  # fmt: skip
    reward = build({"use": "rewards.judges.critique", "engine": engine, "source": "given", **WORDS}, Reward)
    with pytest.raises(DataError, match="one critique a response"):
        reward.check([sample("q", "a", "b", context={"critiques": ["only one"]})])
