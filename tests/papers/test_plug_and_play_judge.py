"""Plug-and-Play judge (arXiv:2506.05748): the known answers of its parser, its order average and its editable rubric."""

from __future__ import annotations

import math

import pytest

from guerdon.core.build import build
from guerdon.core.concurrency import run_sync
from guerdon.core.contracts import Reward
from guerdon.core.types import Completion, sample
from guerdon.judging.tokens import sigmoid
from guerdon.rewards.judges.json_rubric import reweighed
from tests.rewards.judges.listening import PAIR, Listening, judged, margin_of

USE = "rewards.judges.json_rubric"


def said(winner: str, p_a: float) -> Completion:
    tokens, rest = ('{"', "winner", '":', ' "', winner, '"}'), {"x": 0.0}
    tops = (rest,) * 4 + ({"A": math.log(p_a), "B": math.log(1 - p_a)}, rest)
    return Completion(text=f'{{"winner": "{winner}"}}', tokens=tokens, top_logprobs=tops)


@pytest.mark.parametrize(("first", "second", "r"), [(0.9, 0.3, 0.8), (0.9, 0.9, 0.5)])
def test_both_orders_are_averaged(first: float, second: float, r: float) -> None:
    """p(A wins, shown first) = 0.9 and p(A wins, shown second) = 0.7 give 0.8; always the first slot gives 0.5."""
    judge = {
        "use": USE,
        "engine": Listening((said("A", first), said("B", second))),
        "mode": "pair",
        "probability": True,
    }
    reward = build({"use": "rewards.compose.both_orders", "judge": judge, "rule": "probability"}, Reward)
    (found,) = run_sync(reward.score([PAIR]))
    assert found.margins is not None and sigmoid(found.margins[0][1] or 0) == pytest.approx(r)


def test_the_rubric_is_edited_without_another_call() -> None:
    reply = '{"scores": {"correctness": 10, "clarity": 0}, "rationale": "right, but hard to read"}'
    rubric = {"correctness": 0.8, "clarity": 0.2}
    found, asked = judged(USE, [reply], sample("q", "a"), rubric=rubric, combine="weights")
    assert found.values[0] == pytest.approx(0.8) and len(asked) == 1
    assert reweighed(found.scores[0], {"correctness": 0.2, "clarity": 0.8}) == pytest.approx(0.2)


def test_the_parser() -> None:
    for text in ('Sure! {"winner": "B", "rationale": "…"} Hope it helps.', '```json\n{"winner": "B"}\n```'):
        assert margin_of(USE, text, mode="pair", retry=False) == -1
    assert margin_of(USE, '{"winner":"C"}', mode="pair", retry=False) is None, "invalid, not B"
    assert margin_of(USE, '{"winner":"C"}', mode="pair", retry=False, parse="published") is None


def test_worked_by_hand_weights_that_do_not_sum_to_one() -> None:
    reply = '{"scores": {"a": 9, "b": 3}, "overall": 5}'
    assert judged(USE, [reply], sample("q", "x"), rubric={"a": 3, "b": 1}, combine="weights")[
        0
    ].values == pytest.approx((0.75,))
    assert judged(USE, [reply], sample("q", "x"), rubric={"a": 3, "b": 1})[0].values == (0.5,), (
        "overall, as the judge gave it"
    )
