"""Pairwise-RL (arXiv:2504.04950): the known answers of its symmetrised probability and its anchor."""

from __future__ import annotations

import math

import pytest

from guerdon.core.build import build
from guerdon.core.concurrency import run_sync
from guerdon.core.contracts import Reward
from guerdon.core.types import Completion, sample
from guerdon.judging.tokens import sigmoid
from guerdon.simulation.judge import SimulatedJudge
from tests.rewards.judges.listening import judged

USE = "rewards.judges.pairwise_probability"


def token(p: float, **more: float) -> Completion:
    return Completion(top_logprobs=({"YES": math.log(p), "NO": math.log(1 - p), **more},))


def test_the_symmetrised_probability() -> None:
    found, _ = judged(USE, [token(0.7), token(0.6)])
    assert found.margins is not None and sigmoid(found.margins[0][1] or 0) == pytest.approx(0.55)
    assert (found.scores[0].parts["consistency"] or 0) ** 2 == pytest.approx(0.09)
    assert found.margins[0][1] == pytest.approx(0.2007, abs=1e-4)
    blind, _ = judged(USE, [token(0.9), token(0.9)])
    assert blind.margins is not None and blind.margins[0][1] == pytest.approx(0, abs=1e-12)
    assert (blind.scores[0].parts["consistency"] or 0) ** 2 == pytest.approx(0.64)


@pytest.mark.parametrize("bias", [0.0, 2.0, -5.0])
def test_the_anchor_against_itself_is_one_half_whatever_the_model(bias: float) -> None:
    text = "Keep a record, so that you can see what helps."
    for form, value in (("probability", 0.5), ("logit", 0.0)):
        reward = build(
            {"use": USE, "engine": SimulatedJudge(position_bias=bias), "against": "reference", "reward": form}, Reward
        )
        (found,) = run_sync(reward.score([sample("q", text, reference=text)]))
        assert found.values[0] == pytest.approx(value, abs=1e-9)


def test_other_tokens_change_nothing() -> None:
    assert (
        judged(USE, [token(0.7, the=30.0), token(0.6, a=9.0)])[0].margins
        == judged(USE, [token(0.7), token(0.6)])[0].margins
    )


def test_both_directions_add_up_to_one() -> None:
    engine = SimulatedJudge(position_bias=1.3, slope=0.4)
    reward = build({"use": USE, "engine": engine}, Reward)
    texts = ("Keep a record, so that you can see what helps.", "Never ask anyone for help.")
    forth, back = run_sync(reward.score([sample("q", *texts), sample("q", *texts[::-1])]))
    assert (
        forth.margins is not None
        and back.margins is not None
        and forth.margins[0][1] == pytest.approx(-(back.margins[0][1] or 0))
    )


def test_worked_by_hand_a_constant_added_to_both_merits_leaves_the_reward() -> None:
    """p̄ = σ(s(y) − s(y_g)): filler that both texts carry shifts both merits alike, so the anchored reward stays."""
    engine = SimulatedJudge(length_bias=0.0, slope=0.7)
    reward = build({"use": USE, "engine": engine, "against": "reference"}, Reward)
    good = "Check the equipment before you begin."
    plain, shifted = run_sync(
        reward.score(
            [
                sample("q", good, reference="Fine."),
                sample(
                    "q",
                    f"{good} Write down what you want to reach and by when.",
                    reference="Fine. Write down what you want to reach and by when.",
                ),
            ]
        )  # fmt: skip
    )
    assert plain.values[0] == pytest.approx(sigmoid(0.7)) and shifted.values[0] == pytest.approx(sigmoid(0.7))
