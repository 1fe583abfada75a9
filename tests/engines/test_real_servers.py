"""Against OpenAI-compatible servers that others wrote: llama.cpp's, and `transformers serve`, each with a tiny random model."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any

import pytest

from guerdon.core.build import build
from guerdon.core.concurrency import run_sync
from guerdon.core.contracts import Engine, Reward
from guerdon.core.errors import SpecError
from guerdon.core.types import Request, Status, sample, user
from guerdon.runs.doors import warm
from tests.engines.live import llama_cpp, transformers_serve

CALLS = frozenset({"generate", "next_token", "loglikelihood"})
SCHEMA = {
    "type": "object",
    "properties": {"answer": {"enum": ["good", "bad"]}, "score": {"enum": [1, 2, 3]}},
    "required": ["answer", "score"],
    "additionalProperties": False,
}


@pytest.fixture(scope="module")
def llama(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with llama_cpp(tmp_path_factory.mktemp("llama")) as url:
        yield url


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    from tests.models.tiny import make

    model = make("qwen3", tmp_path_factory.mktemp("served"))
    with transformers_serve(model) as url:
        yield url, str(model)


def engine(url: str, model: str = "tiny", **fields: Any) -> Engine:
    return build({"use": "engines.openai", "model": model, "base_url": url, "timeout": 120, **fields}, Engine)  # type: ignore[type-abstract]


def test_llama_answers_within_the_schema(llama: str) -> None:
    asked = [
        Request(messages=user(f"judge {i}"), schema=SCHEMA, max_tokens=200, seed=i, temperature=1.0) for i in range(8)
    ]
    for (found,) in run_sync(engine(llama).generate(asked)):
        assert found.status is Status.OK, found.error
        said = json.loads(found.text)
        assert said["answer"] in ("good", "bad") and said["score"] in (1, 2, 3)


def test_llama_gives_n_samples_with_log_probabilities_and_the_same_for_a_seed(llama: str) -> None:
    asked = Request(messages=user("hello"), n=3, seed=11, temperature=1.0, max_tokens=6, top_logprobs=5)
    first, again = (run_sync(engine(llama).generate([asked]))[0] for _ in range(2))
    assert [c.status for c in first] == [Status.OK] * 3 and len({c.tokens for c in first}) > 1
    assert [c.text for c in first] == [c.text for c in again]
    for found in first:
        assert len(found.tokens) == len(found.logprobs) == len(found.top_logprobs) > 0
        assert all(w <= 0 for w in found.logprobs) and all(1 <= len(t) <= 5 for t in found.top_logprobs)
    assert first[0].usage is not None and first[0].usage.input_tokens > 0 and first[0].usage.output_tokens > 0


def test_llama_weighs_the_next_token(llama: str) -> None:
    request = Request(messages=user("hello"), choices=tuple("MNOPQRSTUVWXYZ(_[]"))
    (found,) = run_sync(engine(llama).next_token([request]))
    assert found.status is Status.OK, found.error
    assert 0 < sum(map(math.exp, found.top_logprobs[0].values())) <= 1 and found.text in request.choices


def test_llama_has_no_prompt_log_probabilities_and_that_is_told_before_the_batch(llama: str) -> None:
    for api in ("chat", "completions"):
        made = engine(llama, api=api)
        assert run_sync(made.probe(CALLS)) == {"generate", "next_token"}
        found = run_sync(made.loglikelihood([Request(messages=user(f"q{i}"), continuation=" yes") for i in range(20)]))
        assert all(c.status is Status.FAILED and "log-probabilities" in c.error for c in found)
        assert sum(c.usage.calls for c in found if c.usage) <= 1


def test_llama_says_that_a_context_is_too_long(llama: str) -> None:
    (found,) = run_sync(engine(llama).generate([Request(messages=user("word " * 20000))]))[0]
    assert found.status is Status.FAILED and "HTTP 400" in found.error and "context" in found.error
    assert found.retry_after is None


def test_llama_judges_many_pairs_at_once(llama: str) -> None:
    spec = {"use": "engines.openai", "model": "tiny", "base_url": llama, "timeout": 120}
    judge = build({"use": "rewards.judges.vanilla", "engine": spec, "max_tokens": 4}, Reward)  # type: ignore[type-abstract]
    warm(judge)
    judged = run_sync(judge.score([sample(f"q{i}", "a", "b", id=str(i)) for i in range(40)]))
    assert all(s.status is Status.UNPARSED for j in judged for s in j.scores), "a random model gives no verdict"
    assert all(j.trials and j.scores[0].usage is not None and j.scores[0].usage.calls == 1 for j in judged)


@pytest.mark.slow
def test_transformers_serve(served: tuple[str, str]) -> None:
    url, model = served
    made = engine(url, model)
    asked = [Request(messages=user(t), max_tokens=4, n=n) for t, n in (("sky", 1), ("Paris", 3))]
    one, three = run_sync(made.generate(asked))
    assert [c.status for c in (*one, *three)] == [Status.OK] * 4, one[0].error
    assert three[0].usage is not None and three[0].usage.calls == 3, (
        "it gives one completion a call, so the rest is asked"
    )
    plain = run_sync(engine(url, model, api="completions").generate(asked[:1]))[0][0]
    assert plain.status is Status.OK, plain.error
    assert run_sync(made.probe(CALLS)) == {"generate"}, "it leaves log-probabilities out without a word"
    reward = {"use": "rewards.likelihood.implicit"}
    spec = {"use": "engines.openai", "model": model, "base_url": url}
    with pytest.raises(SpecError, match="cannot loglikelihood"):
        warm(build(reward | {"policy": spec, "reference": spec}, Reward))  # type: ignore[type-abstract]
