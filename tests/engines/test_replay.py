"""Recordings: what was recorded is answered again without a model, and nothing else is."""

from __future__ import annotations

from pathlib import Path

import pytest

from guerdon.core.build import build
from guerdon.core.concurrency import run_sync
from guerdon.core.errors import DataError, EngineError, SpecError
from guerdon.core.types import Completion, Part, Request, Status, user
from guerdon.engines.replay import Replay
from guerdon.engines.scripted import Scripted
from tests.engines.doubles import FINAL, Flaky


def ask(engine: Replay, *requests: Request) -> list[list[Completion]]:
    return run_sync(engine.generate(requests))


def test_records_what_is_missing_and_then_needs_no_model(tmp_path: Path) -> None:
    path, inner = tmp_path / "r.jsonl", Flaky(plan={"bad": (FINAL,)})
    asked = [Request(messages=user(t), n=2) for t in ("a", "b", "bad")]
    first = ask(Replay(path=path, engine=inner), *asked)
    assert first[2][0].status is Status.FAILED and len(inner.asked) == 3
    alone = Replay(path=path)
    replayed = ask(alone, *asked)
    assert [[c.text for c in found] for found in replayed[:2]] == [[c.text for c in found] for found in first[:2]]
    assert replayed[0][0].usage is not None and replayed[0][0].usage.cached == 1
    assert [c.status for c in replayed[2]] == [Status.FAILED] * 2 and "is recorded in r.jsonl" in replayed[2][0].error
    ask(Replay(path=path, engine=inner), *asked)
    assert len(inner.asked) == 4, "only the failure is asked again"


def test_samples_take_the_recorded_answers_one_by_one(tmp_path: Path) -> None:
    path, inner = tmp_path / "r.jsonl", Flaky()
    warm = Request(messages=user("a"), temperature=1.0)
    ask(Replay(path=path, engine=inner), warm, warm)
    found = ask(Replay(path=path, engine=inner), warm, warm, warm)
    assert len({c[0].text for c in found}) == 3 and len(inner.asked) == 3
    assert [c[0].text for c in ask(Replay(path=path), warm, warm, warm)] == [c[0].text for c in found]


def test_all_token_calls_are_recorded_and_declared(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    script = Scripted(token_logprob=-1.5, choices={"A": -0.5})
    asked = [Request(messages=user("q"), continuation="a b", choices=("A",))]
    recorder = Replay(path=path, engine=script)
    assert recorder.capabilities == {"loglikelihood", "next_token"}
    run_sync(recorder.loglikelihood(asked))
    alone = Replay(path=path)
    assert alone.capabilities == {"loglikelihood"}
    assert run_sync(alone.loglikelihood(asked))[0].logprobs == (-1.5, -1.5)
    with pytest.raises(EngineError, match="no embeddings"):
        run_sync(alone.embed([Part(kind="text", value="x")]))
    with pytest.raises(SpecError, match="cannot generate"):
        build({"use": "rewards.judges.vanilla", "engine": {"use": "engines.replay", "path": str(path)}})


def test_the_example_file_answers() -> None:
    (found,) = ask(Replay.example(), Request(messages=user("What is 2+2?")))
    assert found[0].text == "4"


def test_a_missing_or_broken_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="no such recording"):
        build({"use": "engines.replay", "path": str(tmp_path / "none")})
    path = tmp_path / "r.jsonl"
    good = '{"call":"generate","request":{"messages":[]},"answers":[["x"]]}\n'
    for bad in ("no json", '{"call": "generate"}', '{"call":"generate","request":{},"answers":[3]}'):
        path.write_text(good + bad + "\n")
        with pytest.raises(DataError) as error:
            ask(Replay(path=path), Request(messages=user("x")))
        assert error.value.row == 1
