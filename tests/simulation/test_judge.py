"""The simulated judge: each bias alone shows in its own figure, and every judge's form is spoken."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from guerdon.core.build import build
from guerdon.core.concurrency import run_sync
from guerdon.core.contracts import Reward
from guerdon.core.errors import SpecError
from guerdon.core.types import Judgement, Request, Sample, Status, user
from guerdon.runs.present import judge
from guerdon.simulation.answers import AnswerWorld, signature
from guerdon.simulation.judge import SimulatedJudge

WORLD = AnswerWorld(seed=5, authors=("the judge", "another"))
SAMPLES = WORLD.samples(300)


def judged(
    samples: list[Sample], use: str = "rewards.judges.rise", orders: str = "given", **biases: Any
) -> list[Judgement]:
    reward = build({"use": use, "engine": SimulatedJudge(**biases)}, Reward)
    return run_sync(judge(reward, samples, orders))  # type: ignore[arg-type]


def said_first(found: list[Judgement]) -> np.ndarray:
    return np.array([(j.margins[0][1] or 0) > 0 for j in found if j.margins])


def truth(samples: list[Sample]) -> np.ndarray:
    return np.array([s.preferences[0].better == 0 for s in samples])


def test_without_bias_and_error_it_is_always_right() -> None:
    assert (said_first(judged(SAMPLES)) == truth(SAMPLES)).all()


def test_the_error_rate_is_the_share_of_wrong_verdicts() -> None:
    wrong = said_first(judged(SAMPLES, error_rate=0.2)) != truth(SAMPLES)
    assert 0.14 < wrong.mean() < 0.27
    assert (
        said_first(judged(SAMPLES, error_rate=0.2)) == said_first(judged(SAMPLES[::-1], error_rate=0.2))[::-1]
    ).all()


def test_biases() -> None:
    assert said_first(judged(SAMPLES, position_bias=100.0)).all()
    own = np.array([signature("the judge") in s.responses[0].text for s in SAMPLES])
    assert (said_first(judged(SAMPLES, self_preference=100.0)) == own).all()
    longer = np.array([len(s.responses[0].text.split()) > len(s.responses[1].text.split()) for s in SAMPLES])
    equal = np.array([len(s.responses[0].text.split()) == len(s.responses[1].text.split()) for s in SAMPLES])
    assert (said_first(judged(SAMPLES, length_bias=1e4)) == longer)[~equal].all()


def test_averaging_both_orders_takes_the_position_away() -> None:
    biased = {"position_bias": 3.0, "slope": 0.5}
    once = (said_first(judged(SAMPLES, **biased)) == truth(SAMPLES)).mean()
    inner = {"use": "rewards.judges.pairwise_probability", "engine": SimulatedJudge(**biased)}  # type: ignore[arg-type]
    both = run_sync(build(inner, Reward).score(SAMPLES))
    assert (said_first(both) == truth(SAMPLES)).all() and once < 0.8


@pytest.mark.parametrize(
    ("use", "fields"),
    [("arena_hard", {}), ("arena_hard", {"marks": "boxed"}), ("vanilla", {}), ("rm_r1", {}), ("rise", {}), ("r1_reward", {}),
     ("flame", {}), ("json_rubric", {"mode": "pair"}), ("referee", {"most": 2})],
)  # fmt: skip
def test_every_pairwise_form_is_spoken(use: str, fields: dict[str, Any]) -> None:
    reward = build({"use": f"rewards.judges.{use}", "engine": SimulatedJudge(), **fields}, Reward)
    found = run_sync(reward.score(SAMPLES[:40]))
    first = [j.margins[0][1] if j.margins else (j.values[0] or 0) - (j.values[1] or 0) for j in found]
    assert ((np.array(first, dtype=float) > 0) == truth(SAMPLES[:40])).all()


@pytest.mark.parametrize(
    ("use", "fields"),
    [("libra", {}), ("flame", {"kind": "pointwise"}), ("json_rubric", {}), ("features", {}), ("principle", {"principle": "It helps."}),
     ("constitution", {"constitution": {"aspect": "a", "definition": "d", "levels": {str(n): "x" for n in range(1, 6)}}})],
)  # fmt: skip
def test_every_single_form_is_spoken(use: str, fields: dict[str, Any]) -> None:
    reward = build({"use": f"rewards.judges.{use}", "engine": SimulatedJudge(slope=0.7), **fields}, Reward)
    found = run_sync(reward.score(SAMPLES[:40]))
    rated = np.array([j.values for j in found], dtype=float)
    better = truth(SAMPLES[:40])
    assert (np.where(better, rated[:, 0] - rated[:, 1], rated[:, 1] - rated[:, 0]) >= 0).all() and np.ptp(rated) > 0


def test_what_it_cannot_judge_fails_with_the_reason() -> None:
    (found,) = run_sync(SimulatedJudge().generate([Request(messages=user("Hello"))]))
    assert found[0].status is Status.FAILED and "fenced" in found[0].error
    with pytest.raises(SpecError):
        SimulatedJudge(error_rate=0.6)
