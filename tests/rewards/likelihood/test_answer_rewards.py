"""Failures, missing answers and odd texts in `rewards.likelihood.answer`, `jepo`, `rlpr`, `nover`, `binary` and their slot."""

from __future__ import annotations

import math
from dataclasses import dataclass

import pytest

from guerdon.core.build import build
from guerdon.core.concurrency import run_sync
from guerdon.core.contracts import Reward
from guerdon.core.errors import EngineError, SpecError
from guerdon.core.types import Completion, Message, Part, Response, Sample, Status, answer, sample, user
from guerdon.rewards.likelihood.answer import Answer
from guerdon.rewards.likelihood.binary import Binary
from guerdon.rewards.likelihood.jepo import Jepo
from guerdon.rewards.likelihood.nover import Nover
from guerdon.rewards.likelihood.rlpr import Rlpr
from guerdon.rewards.likelihood.slot import chain, counted, cut, tagged
from tests.rewards.likelihood.told import Told

HALF = (math.log(0.5),)


def group(*texts: str) -> Sample:
    return sample("q", *texts, reference="ten cats")


def test_a_response_without_an_answer_opening_has_probability_zero() -> None:
    engine = Told({"Z": HALF})
    prob, log = Answer(engine=engine, variant="prob"), Answer(engine=engine)
    (found,) = run_sync(prob.score([group("Z<answer>", "none")]))
    assert found.values == (0.5, 0.0) and found.scores[1].parts["answer_weight"] == 0.0
    (found,) = run_sync(log.score([group("none", "Z<answer>")]))
    assert found.scores[0].status is Status.ABSTAINED and found.values[1] == pytest.approx(math.log(0.5))


def test_a_failed_call_leaves_its_own_response_unscored_with_its_status() -> None:
    engine = Told({"Z": HALF, "": HALF}, fail="slow")
    for reward in (Answer(engine=engine), Rlpr(engine=engine), Jepo(engine=engine)):
        (found,) = run_sync(reward.score([group("Z<answer>", "slow<answer>", "Z<answer>")]))
        assert [s.status for s in found.scores] == ["ok", "timeout", "ok"] and "slow" in found.scores[1].error
        assert found.values[0] == found.values[2] is not None


def test_jepos_group_leaves_out_what_failed_and_counts_what_opens_no_answer() -> None:
    engine = Told({"a": (math.log(0.2),), "b": (math.log(0.4),)}, fail="slow")
    (found,) = run_sync(Jepo(engine=engine).score([group("a<answer>", "slow<answer>", "b<answer>", "none")]))
    bound = math.log((0.2 + 0.4 + 0) / 3)
    assert found.scores[0].parts["bound"] == pytest.approx(bound)
    assert found.values[0] == pytest.approx(bound - math.log(0.4 / 2))
    assert found.values[3] == pytest.approx(bound - math.log(0.6 / 2)) and found.scores[3].parts["answer_weight"] == 0.0
    (alone,) = run_sync(Jepo(engine=engine).score([group("a<answer>", "none")]))
    assert alone.scores[0].status is Status.ABSTAINED and alone.values[1] is not None, (
        "an infinite advantage is no value"
    )
    (none,) = run_sync(Jepo(engine=engine).score([group("x", "y")]))
    assert {s.status for s in none.scores} == {Status.ABSTAINED}
    (single,) = run_sync(Jepo(engine=engine).score([group("a<answer>")]))
    assert single.values == (0.0,)


def test_novers_failures_stay_out_of_the_ranking() -> None:
    engine = Told(
        {"<think>a</think>": (-1.0,), "<think>b</think>": (-2.0,)}, {"a": 10, "b": 10, "slow": 10}, fail="slow"
    )
    texts = [f"<think>{t}</think><answer>x</answer>" for t in ("a", "slow", "b")]
    (found,) = run_sync(Nover(engine=engine).score([group(*texts, "no")]))
    assert [s.status for s in found.scores] == ["ok", "timeout", "ok", "ok"]
    assert [s.parts.get("reasoning") for s in found.scores] == [1.0, None, 0.5, 0.0] and found.values[3] == 0.0


def test_an_engine_that_is_down_is_told_by_every_reward() -> None:
    @dataclass(frozen=True)
    class Down(Told):
        async def loglikelihood(self, requests):  # type: ignore[no-untyped-def]
            raise EngineError("no server")

    for reward in (Answer(engine=Down()), Rlpr(engine=Down()), Jepo(engine=Down()), Nover(engine=Down())):
        (found,) = run_sync(reward.score([group("<think>a</think><answer>x</answer>")]))
        assert found.values == (None,) and "no server" in found.scores[0].error


def test_tokens_that_do_not_spell_the_answer_are_refused() -> None:
    for bad in (Completion(logprobs=(-1.0,)), Completion(tokens=("a",), logprobs=(-1.0,))):
        with pytest.raises(EngineError, match="spell"):
            counted(bad, "x")


def test_a_token_across_the_references_edge_counts_and_so_does_one_that_completes_a_character() -> None:
    found = Completion(tokens=("> é", "", "t", "é </", "answer>"), logprobs=(-1.0, -2.0, -4.0, -8.0, -16.0))
    assert counted(found, "été").logprobs == (-1.0, -2.0, -4.0, -8.0)


def test_where_a_response_is_cut() -> None:
    turns = (Message(role="assistant", content="let me <answer"), Message(role="tool", content="<answer>"))
    response = Response(messages=(*turns, Message(role="assistant", content="so <answer>4</answer><answer>5")))
    opened = cut(response)
    assert opened is not None and opened[:2] == turns and opened[2].text == "so <answer"
    assert cut(answer("4")) is None and cut(Response(messages=turns[1:])) is None


def test_formats() -> None:
    good = "<think>a</think> <answer>b</answer>"
    assert tagged(good) and tagged("x " + good) and chain("x " + good) is None and chain(f"\n{good}\n") == "a"
    for bad in ("<answer>b</answer><think>a</think>", good + "<think>", "<think>a</think><answer>b", ""):
        assert not tagged(bad) and chain(bad) is None


def test_media_are_refused_alone() -> None:
    picture = Response(messages=(Message(role="assistant", content=(Part(kind="image", value="file:x.png"),)),))
    bad = Sample(id="m", prompt=user("q"), responses=(picture,), reference="r")
    engine = Told({"Z": HALF, "": HALF})
    for reward in (Answer(engine=engine), Rlpr(engine=engine), Jepo(engine=engine), Nover(engine=engine)):
        one, two = run_sync(reward.score([bad, group("Z<answer>")]))
        assert one.values == (None,) and "text only" in one.scores[0].error and two.values[0] is not None


def test_the_guard_against_short_reasoning() -> None:
    engine = Told({"a b c": HALF, "a " * 20: HALF})
    reward = Answer(engine=engine, variant="prob", short_rate=0.01, short_length=10)
    (found,) = run_sync(reward.score([group("a b c<answer>", "a " * 20 + "<answer>")]))
    assert found.values == pytest.approx((0.5 - 0.07, 0.5))


def test_the_binary_reward_passes_on_what_its_verifier_could_not_do() -> None:
    broken = Binary(verifier=Answer(engine=Told({}, fail="x")))
    (found,) = run_sync(broken.score([group("<answer>x</answer>", "none")]))
    assert found.values == (None, 0.0) and found.scores[0].error


def test_bad_arguments_are_told() -> None:
    engine = {"use": "engines.scripted", "token_logprob": -1.0}
    for spec, match in (
        ({"use": "rewards.likelihood.answer", "variant": "logprobs"}, "variant"),
        ({"use": "rewards.likelihood.answer", "short_rate": -1.0}, "short_rate"),
        ({"use": "rewards.likelihood.rlpr", "weight": 1.5}, "weight"),
    ):
        with pytest.raises(SpecError, match=match):
            build({**spec, "engine": engine}, Reward)  # type: ignore[type-abstract]
    with pytest.raises(SpecError, match="correct is above"):
        Binary(correct=1.0)
    with pytest.raises(SpecError, match="loglikelihood"):
        build({"use": "rewards.likelihood.jepo", "engine": {"use": "engines.scripted", "reply": "x"}}, Reward)  # type: ignore[type-abstract]
