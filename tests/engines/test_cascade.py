"""Cheap first: who is asked, what it costs, and thresholds that keep their word."""

from __future__ import annotations

import math
import random

import pytest

from guerdon.core.build import build
from guerdon.core.concurrency import run_sync
from guerdon.core.errors import DataError, SpecError
from guerdon.core.types import Completion, Request, Status, user
from guerdon.engines.cascade import Cascade, confidence, weighed
from guerdon.engines.scripted import Scripted
from guerdon.engines.thresholds import fit, threshold
from tests.engines.doubles import FINAL, Flaky


def reply(text: str, *logprobs: float) -> Completion:
    return Completion(text=text, tokens=("t",) * len(logprobs), logprobs=logprobs)


CHEAP = {
    "easy": (reply("cheap", -0.1, -0.2),),
    "hard": (reply("cheap", -0.1, -2.0),),
    "bare": (reply("cheap"),),
    "bad": (FINAL,),
}
STRONG = {name: (reply("strong"),) for name in CHEAP}


def test_only_what_the_cheap_model_is_unsure_of_costs_the_strong_one() -> None:
    cheap, strong = Flaky(plan=CHEAP), Flaky(plan=STRONG)
    engine = Cascade(cheap=cheap, strong=strong)
    found = [c[0] for c in run_sync(engine.generate([Request(messages=user(t)) for t in CHEAP]))]
    assert [c.text for c in found] == ["cheap", "strong", "strong", "strong"]
    assert sorted(t for t, _ in strong.asked) == ["bad", "bare", "hard"] and len(cheap.asked) == 4
    assert [c.usage.calls if c.usage else 0 for c in found] == [1, 2, 2, 2]
    assert weighed("generate", Request(messages=user("x"))).top_logprobs == 1


def test_the_lowest_of_several_completions_counts() -> None:
    engine = Cascade(cheap=Flaky(plan=CHEAP), strong=Flaky(plan=STRONG), logprob=-1.04)
    easy, hard = run_sync(engine.generate([Request(messages=user(t), n=2) for t in ("easy", "hard")]))
    assert {c.text for c in easy} == {"cheap"} and {c.text for c in hard} == {"strong"}


@pytest.mark.parametrize(("gap", "text"), [(0.09, "A"), (0.11, "B"), (2.0, "B")])
def test_the_gap_of_the_two_best_choices_decides(gap: float, text: str) -> None:
    """p(A) = 0.33 and p(B) = 0.27 of 0.6: normalised 0.55 and 0.45, a gap of 0.1."""
    cheap = Scripted(choices={"A": math.log(0.33), "B": math.log(0.27)})
    engine = Cascade(cheap=cheap, strong=Scripted(choices={"A": -3.0, "B": -0.05}), gap=gap)
    (found,) = run_sync(engine.next_token([Request(messages=user("q"), choices=("A", "B"))]))
    assert found.text == text


def test_confidence_is_none_where_it_cannot_be_told() -> None:
    assert confidence("generate", FINAL) is None and confidence("generate", reply("x")) is None
    assert confidence("next_token", Completion()) is None
    assert confidence("next_token", Completion(top_logprobs=({"A": -0.1},))) == 1.0


def test_a_failure_of_both_stands() -> None:
    engine = Cascade(cheap=Flaky(plan={"x": (FINAL,)}), strong=Flaky(plan={"x": (FINAL,)}))
    (found,) = run_sync(engine.generate([Request(messages=user("x"))]))
    assert found[0].status is Status.FAILED and found[0].error == FINAL.error


def test_a_threshold_by_hand() -> None:
    """30 right answers above 0.5, then all wrong: (1 − 0.1)^n ≤ 0.1 needs 22, so 22 to 30 kept are safe; the 31st is wrong,
    and P(X ≤ 1 | n = 31, 0.1) = 0.17 > 0.1 ends it."""
    sure = [1 - i / 100 for i in range(30)] + [0.5 - i / 100 for i in range(30)]
    found = threshold(sure, [True] * 30 + [False] * 30, target=0.9, delta=0.1)
    assert found.value == sure[29] and found.kept == 0.5 and found.accuracy == 1.0 and found.count == 60
    few = threshold(sure[:21], [True] * 21, target=0.9, delta=0.1)
    assert few.value is None and few.kept == 0.0 and few.accuracy is None
    assert threshold([None] * 50, [True] * 50, target=0.9).value is None


def test_equal_confidences_stay_together() -> None:
    found = threshold([1.0] * 50 + [0.5] * 50, [True] * 50 + [True] * 40 + [False] * 10, target=0.9, delta=0.1)
    assert found.value == 1.0 and found.kept == 0.5


def test_the_guarantee_holds_as_often_as_it_says() -> None:
    """Confidence c is right with probability c: what is kept errs more than 1 − target in at most δ of many worlds."""
    broken = 0
    for seed in range(200):
        world = random.Random(seed)
        drawn = [0.5 + world.random() / 2 for _ in range(300)]
        found = threshold(drawn, [world.random() < c for c in drawn], target=0.85, delta=0.1)
        broken += found.value is not None and (1 + found.value) / 2 < 0.85
    assert broken / 200 <= 0.1


def test_fitting_on_labelled_requests() -> None:
    cheap = Scripted(choices={"A": -0.1, "B": -3.0})
    engine = Cascade(cheap=cheap, strong=Scripted(choices={"B": -0.1}))
    asked = [Request(messages=user(f"q{i}"), choices=("A", "B")) for i in range(60)]
    fitted, told = run_sync(fit(engine, "next_token", asked, ["A"] * 60, target=0.9))
    assert told.kept == 1.0 and fitted.gap == told.value and run_sync(fitted.next_token(asked))[0].text == "A"
    wrong, none = run_sync(fit(engine, "next_token", asked, ["B"] * 60, target=0.9))
    assert none.value is None and run_sync(wrong.next_token(asked))[0].text == "B"


def test_wrong_thresholds_are_refused() -> None:
    both = {"cheap": {"use": "engines.scripted", "reply": "x"}, "strong": {"use": "engines.scripted", "reply": "x"}}
    for fields in ({"gap": -0.1}, {"logprob": math.nan}, {"cheap": {"use": "engines.scripted"}}):
        with pytest.raises(SpecError):
            build({"use": "engines.cascade", **both, **fields})
    with pytest.raises(DataError):
        threshold([], [], 0.9)
    with pytest.raises(SpecError):
        threshold([1.0], [True], 1.0)
