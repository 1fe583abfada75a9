"""The hard stop: never more than the bound, what was done kept, the rest unscored with the reason."""

from __future__ import annotations

from typing import Any

import pytest

from guerdon.core.build import build
from guerdon.core.concurrency import run_sync
from guerdon.core.contracts import Reward
from guerdon.core.errors import EngineError, SpecError
from guerdon.core.types import Completion, Part, Request, Status, Usage, sample, user
from guerdon.engines.budget import Budget
from guerdon.engines.cached import Cached
from guerdon.engines.openai import OpenAI
from guerdon.engines.scripted import Scripted
from tests.engines.doubles import Flaky


def ask(engine: Budget, count: int, max_tokens: int = 10) -> list[Completion]:
    requests = [Request(messages=user(f"t{i}" * 10), max_tokens=max_tokens) for i in range(count)]
    return [c[0] for c in run_sync(engine.generate(requests))]


def spent(found: list[Completion]) -> Usage:
    return sum((c.usage for c in found if c.usage is not None), Usage())


def test_tokens_never_pass_the_bound_and_what_was_done_is_kept() -> None:
    inner = Flaky(delay=0.001)
    engine = Budget(engine=inner, tokens=1000)
    found = ask(engine, 200)
    used = spent(found)
    done = [c for c in found if c.status is Status.OK]
    assert 900 <= used.input_tokens + used.output_tokens <= 1000 and len(done) == len(inner.asked)
    rest = [c for c in found if c.status is not Status.OK]
    assert rest and all(c.status is Status.FAILED and "the budget of 1,000 tokens" in c.error for c in rest)
    assert all(c.status is Status.FAILED for c in ask(engine, 3)) and len(inner.asked) == len(done), "it stays spent"


def test_money_never_passes_the_bound() -> None:
    engine = Budget(engine=Flaky(cost=0.0), dollars=0.002, price=(1.0, 3.0))
    used = spent(ask(engine, 200))
    assert 0.0017 < used.cost <= 0.002 and used.cost == pytest.approx(
        (used.input_tokens + 3 * used.output_tokens) / 1e6
    )


def test_a_call_waits_for_those_under_way_before_it_is_refused() -> None:
    inner = Flaky(delay=0.01, tokens=10)
    found = ask(Budget(engine=inner, tokens=2200), 20, max_tokens=1000)
    assert sum(c.status is Status.OK for c in found) == 20, "the answers were shorter than max_tokens"
    assert inner.most[1] <= 2


def test_the_price_of_the_engine_inside_is_used_and_cached_answers_are_free(tmp_path: Any) -> None:
    priced = OpenAI(model="m", base_url="http://127.0.0.1:1/v1", price=(1.0, 2.0))
    assert Budget(engine=priced, dollars=1.0).rate == (1.0, 2.0)
    cached = Cached(engine=Flaky(), path=tmp_path / "c")
    ask(Budget(engine=cached, tokens=10_000), 20)
    found = ask(Budget(engine=cached, tokens=60), 20)
    assert all(c.status is Status.OK for c in found) and spent(found).cached == 20


def test_a_batch_is_cut_where_the_budget_ends() -> None:
    inner = Flaky(whole=True)
    found = ask(Budget(engine=inner, tokens=150), 10)
    assert inner.lots and sum(c.status is Status.OK for c in found) == sum(inner.lots) < 10
    assert [c.status for c in found] == sorted((c.status for c in found), key=lambda s: s is not Status.OK)


def test_a_judge_with_a_spent_budget_is_unscored_with_the_reason() -> None:
    spec = {"use": "engines.budget", "tokens": 100, "engine": {"use": "engines.scripted", "reply": "Output (a)"}}
    judge = build({"use": "rewards.judges.vanilla", "engine": spec}, Reward)  # type: ignore[type-abstract]
    (judged,) = run_sync(judge.score([sample("q", "a", "b")]))
    assert all(s.value is None and s.status is Status.FAILED and "budget" in s.error for s in judged.scores)


def test_embeddings_count_too() -> None:
    engine = Budget(engine=Scripted(vectors={"v" * 100: (1.0,)}), tokens=80)
    part = [Part(kind="text", value="v" * 100)]
    assert run_sync(engine.embed(part)).shape == (1, 1)
    with pytest.raises(EngineError, match="budget"):
        run_sync(engine.embed(part))


@pytest.mark.parametrize(
    "fields", [{}, {"tokens": 0}, {"dollars": -1.0}, {"dollars": 1.0}, {"tokens": 5, "price": [-1, 0]}]
)
def test_a_bound_that_cannot_be_kept_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(SpecError):
        build({"use": "engines.budget", "engine": {"use": "engines.scripted", "reply": "x"}, **fields})
