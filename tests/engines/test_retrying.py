"""Tries again: what, how often, how long, and never two of them round each other."""

from __future__ import annotations

import time

import numpy as np
import pytest

from guerdon.core.build import build
from guerdon.core.concurrency import run_sync
from guerdon.core.errors import EngineError, SpecError
from guerdon.core.types import Completion, Part, Request, Status, user
from guerdon.engines.cached import Cached
from guerdon.engines.limited import Limited
from guerdon.engines.openai import OpenAI
from guerdon.engines.retrying import Retrying
from guerdon.engines.scripted import Scripted
from tests.engines.doubles import FINAL, OK, Flaky, Hanging, again
from tests.engines.faulty import faulty


def ask(engine: Retrying, *texts: str, n: int = 1) -> list[list[Completion]]:
    return run_sync(engine.generate([Request(messages=user(t), n=n) for t in texts]))


def test_what_may_pass_is_asked_again_and_what_cannot_is_not() -> None:
    inner = Flaky(plan={"twice": (again(), again(), OK), "final": (FINAL,), "ever": (again(),)})
    engine = Retrying(engine=inner, base=0.001, attempts=4)
    good, twice, final, ever = (found[0] for found in ask(engine, "good", "twice", "final", "ever"))
    assert good.status is Status.OK and good.usage is not None and good.usage.retries == 0
    assert twice.status is Status.OK and twice.usage is not None
    assert (twice.usage.retries, twice.usage.calls, twice.usage.input_tokens) == (2, 3, 30)
    assert final.error == FINAL.error and [t for t, _ in inner.asked].count("final") == 1
    assert ever.status is Status.FAILED and ever.error == "HTTP 500; asked 4 times" and ever.retry_after is None


def test_the_wait_is_at_least_what_the_server_asks_and_a_deadline_ends_it() -> None:
    engine = Retrying(
        engine=Flaky(plan={"soon": (again(after=0.2), OK), "late": (again(after=100.0), OK)}), base=0.0, deadline=5
    )
    started = time.monotonic()
    soon, late = (found[0] for found in ask(engine, "soon", "late"))
    took = time.monotonic() - started
    assert soon.status is Status.OK and soon.usage is not None and soon.usage.seconds >= 0.2
    assert late.status is Status.FAILED and "given up" in late.error and 0.2 <= took < 50


def test_jitter_is_seeded_and_grows() -> None:
    one, two, other = (Retrying(engine=Scripted(reply="x"), seed=s) for s in (1, 1, 2))
    waits = [one._jitter("key", k) for k in range(12)]
    assert waits == [two._jitter("key", k) for k in range(12)] != [other._jitter("key", k) for k in range(12)]
    assert all(0 <= w <= min(60.0, 0.5 * 2**k) for k, w in enumerate(waits)) and max(waits) > 5


def test_a_hanging_call_is_cut_and_its_neighbours_are_not() -> None:
    engine = Retrying(engine=Hanging(), call_timeout=0.05, attempts=2, base=0.0)
    good, hung = (found[0] for found in ask(engine, "good", "hang"))
    assert good is OK or good.text == "fine"
    assert hung.status is Status.TIMEOUT and hung.error == "no answer in 0.05 s; asked 2 times"
    assert hung.usage is not None and hung.usage.calls == 2 and hung.usage.seconds >= 0.1


def test_waiting_for_a_turn_is_not_hanging() -> None:
    inner = Limited(engine=Flaky(delay=0.1), concurrency=1, most=1)
    engine = Retrying(engine=inner, call_timeout=0.5, attempts=1)
    assert all(found[0].status is Status.OK for found in ask(engine, *(f"t{i}" for i in range(12))))
    with faulty(delay=0.1) as server:
        endpoint = OpenAI(model="m", base_url=server.url, concurrency=1)
        engine = Retrying(engine=endpoint, call_timeout=0.6, attempts=1)
        assert all(found[0].status is Status.OK for found in ask(engine, *(f"t{i}" for i in range(12))))


def test_only_the_completions_that_failed_are_asked_again() -> None:
    with faulty(acts={"mixed": ["few", "500", "ok"]}) as server:
        engine = Retrying(engine=OpenAI(model="m", base_url=server.url), base=0.0)
        (found,) = ask(engine, "mixed", n=3)
    assert [c.status for c in found] == [Status.OK] * 3
    assert [b.get("n", 1) for b in server.bodies] == [3, 2, 2]


@pytest.mark.parametrize("act", ["429", "429:0.05", "500", "cut", "close", "html", "garbage", "shape", "hang", "drip"])
def test_every_passing_fault_of_an_endpoint_is_overcome(act: str) -> None:
    with faulty(acts={"bad": [act, "ok"]}) as server:
        engine = Retrying(engine=OpenAI(model="m", base_url=server.url, timeout=0.4), base=0.01)
        (found,) = ask(engine, "bad")
    assert found[0].text == "reply 0 to bad" and found[0].usage is not None and found[0].usage.retries == 1


def test_an_engine_that_wants_batches_gets_them() -> None:
    inner = Flaky(whole=True, plan={"b": (again(), OK)})
    found = ask(Retrying(engine=inner, base=0.0), "a", "b", "c")
    assert inner.lots == [3, 1] and [c[0].status for c in found] == [Status.OK] * 3


def test_all_calls_pass_through() -> None:
    engine = Retrying(engine=Scripted(token_logprob=-1.0, choices={"A": -0.5}, vectors={"v": (1.0, 2.0)}))
    asked = [Request(messages=user("q"), continuation="a b", choices=("A",))]
    assert run_sync(engine.loglikelihood(asked))[0].logprobs == (-1.0, -1.0)
    assert run_sync(engine.next_token(asked))[0].top_logprobs == ({"A": -0.5},)
    assert np.array_equal(run_sync(engine.embed([Part(kind="text", value="v")])), [[1, 2]])
    assert engine.capabilities == {"loglikelihood", "next_token", "embed"} and engine.identity == engine.engine.identity


def test_embeddings_are_tried_again() -> None:
    part = [Part(kind="text", value="abc")]
    assert run_sync(Retrying(engine=Flaky(plan={"embed": (OK, OK)}), base=0.0).embed(part)).tolist() == [[3.0]]
    with pytest.raises(EngineError, match="HTTP 500"):
        run_sync(Retrying(engine=Flaky(plan={"embed": (OK,) * 9}), base=0.0, attempts=3).embed(part))


def test_one_inside_another_is_refused_at_any_depth() -> None:
    inner = {"use": "engines.retrying", "engine": {"use": "engines.scripted", "reply": "x"}}
    with pytest.raises(SpecError, match="multiply"):
        build({"use": "engines.retrying", "engine": {"use": "engines.limited", "engine": inner}})
    with pytest.raises(SpecError, match="multiply"):
        Retrying(engine=Cached(engine=Retrying(engine=Scripted(reply="x"))))


@pytest.mark.parametrize(
    "fields", [{"attempts": 0}, {"deadline": 0}, {"call_timeout": -1}, {"concurrency": 0}, {"base": -1}]
)
def test_wrong_numbers_are_refused(fields: dict[str, float]) -> None:
    with pytest.raises(SpecError):
        build({"use": "engines.retrying", "engine": {"use": "engines.scripted", "reply": "x"}, **fields})
