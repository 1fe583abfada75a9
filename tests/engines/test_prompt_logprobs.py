"""Which tokens of a server's answer are the continuation's, by hand."""

from __future__ import annotations

from typing import Any

import pytest

from guerdon.core.concurrency import run_sync
from guerdon.core.types import Request, Status, user
from guerdon.engines import openai as module
from guerdon.engines.failure import CallFailed
from guerdon.engines.openai import OpenAI
from guerdon.engines.prompt_logprobs import of_echo, of_prompt


def vllm(*tokens: tuple[str, float], count: int | None = None) -> dict[str, Any]:
    """An answer of vLLM: the first token has no entry, every other one is a row with the token that stands there first."""
    rows: list[Any] = [None]
    for i, (text, weight) in enumerate(tokens):
        other = {"decoded_token": "other", "logprob": -0.01, "rank": 1}
        rows.append({str(i): {"decoded_token": text, "logprob": weight, "rank": 2}, "999": other})
    return {"prompt_logprobs": rows, "usage": {"prompt_tokens": count or len(rows)}, "choices": [{"text": "x"}]}


def echo(*tokens: tuple[str, float | None]) -> dict[str, Any]:
    """An answer to a call with `echo`."""
    given = {"tokens": [t for t, _ in tokens], "token_logprobs": [w for _, w in tokens]}
    return {"choices": [{"logprobs": given}]}


def test_of_vllm_the_last_tokens_that_spell_the_continuation() -> None:
    answer = vllm(("<|user|>", -9.0), ("blue", -8.0), ("\n", -7.0), (" blue", -0.5), ("ish", -0.25))
    found = of_prompt(answer, " blueish")
    assert found is not None and found.tokens == (" blue", "ish") and found.logprobs == (-0.5, -0.25)
    nested = {"choices": [{"prompt_logprobs": answer["prompt_logprobs"]}]}
    assert of_prompt(nested, "ish") is not None


def test_where_characters_are_split_the_prompt_is_counted() -> None:
    answer = vllm(("q", -9.0), ("\n", -7.0), ("\ufffd", -0.5), ("\ufffd", -0.25))
    assert of_prompt(answer, "é") is None
    found = of_prompt(answer, "é", prompt_tokens=3)  # the start, "q" and the line end
    assert found is not None and found.logprobs == (-0.5, -0.25)


def test_an_answer_without_them_is_told() -> None:
    for answer in ({"choices": [{"text": "x"}]}, {"choices": []}, [], {"prompt_logprobs": [None, {"1": {}}]}):
        with pytest.raises(CallFailed, match="no log-probabilities of the prompt"):
            of_prompt(answer, "x")


def test_of_an_echo_whatever_stands_before_and_after() -> None:
    tokens: list[tuple[str, float | None]] = [("The", None), (" sky", -1.0), (" is", -0.5), (" blue", -0.25)]
    for before, after in (([], []), ([("<s>", None)], [(".", -3.0)]), ([("", None)], [])):
        found = of_echo(echo(*before, *tokens, *after), "The sky", " is blue")
        assert found.tokens == (" is", " blue") and found.logprobs == (-0.5, -0.25)


@pytest.mark.parametrize(
    ("tokens", "said"),
    [
        ([("The", None), (" skyl", -1.0), ("ight", -0.5)], "spans the end"),
        ([("The", None), (" sky", -1.0), ("light.", -0.5)], "spans the end"),
        ([("some", None), ("thing", -1.0)], "do not spell"),
        ([], "no log-probabilities"),
    ],
)
def test_an_echo_that_does_not_fit_is_told(tokens: list[tuple[str, float | None]], said: str) -> None:
    with pytest.raises(CallFailed, match=said):
        of_echo(echo(*tokens), "The sky", "light")


def test_the_engine_asks_vllm_for_the_weights_of_an_open_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    """By a server's answers put in place of the network: one call where the texts join up, one more where they do not."""
    asked: list[dict[str, Any]] = []
    split = vllm(("q", -9.0), ("\n", -7.0), ("\ufffd", -0.5), ("\ufffd", -0.25))

    async def call(to: object, path: str, body: dict[str, Any], timeout: float, **more: Any) -> Any:
        asked.append(body)
        if not body.get("continue_final_message"):
            return vllm(count=3)
        return split if body["messages"][-1]["content"] == "é" else vllm(("q", -9.0), ("yes", -0.5))

    monkeypatch.setattr(module, "call", call)
    engine = OpenAI(model="m", base_url="http://h/v1")
    plain, counted = run_sync(engine.loglikelihood([Request(messages=user("q"), continuation=c) for c in ("yes", "é")]))
    assert plain.status is Status.OK and plain.logprobs == (-0.5,)
    assert counted.status is Status.OK and counted.logprobs == (-0.5, -0.25)
    assert asked[0]["messages"][-1] == {"role": "assistant", "content": "yes"}
    assert asked[0]["prompt_logprobs"] == 0 and asked[0]["add_generation_prompt"] is False and len(asked) == 3
