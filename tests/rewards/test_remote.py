"""A reward server as a Reward: every dialect found, raw logits asked for, golden pairs checked, faults told."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest

from guerdon.core.build import build, spec_of
from guerdon.core.concurrency import run_sync
from guerdon.core.contracts import Reward
from guerdon.core.errors import EngineError, SpecError
from guerdon.core.types import Judgement, Message, Part, Response, Sample, Status, sample, user
from guerdon.engines.dialects import DIALECTS, Asked, scores
from guerdon.engines.failure import CallFailed
from guerdon.rewards.remote import Golden, Remote
from guerdon.rewards.verifiers.exact import Exact
from guerdon.rewards.verifiers.length import Length
from guerdon.runs.doors import warm
from tests.rewards.reward_servers import KINDS, reward_server
from tests.serving.live import TOKEN, serving

GOLD = [{"prompt": "q", "better": "a long answer", "worse": "short"}]
SAMPLES = [sample("first?", "four", "a", "longest of all", id="x"), sample("second?", "ab", id="y")]


def score(reward: Remote, samples: list[Sample] = SAMPLES) -> list[Judgement]:
    return run_sync(reward.score(samples))


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A tokenizer whose chat template ends in `|` and the last turn."""
    from tokenizers import Tokenizer, models
    from transformers import PreTrainedTokenizerFast

    made = PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer(models.WordLevel({"a": 0, "[UNK]": 1}, unk_token="[UNK]"))
    )
    made.chat_template = "{% for m in messages %}{{ m['role'] }}|{{ m['content'] }}{% endfor %}"
    folder = tmp_path_factory.mktemp("template")
    made.save_pretrained(folder)
    return str(folder)


@pytest.mark.parametrize("kind", KINDS)
def test_each_dialect_is_found_and_asked_for_logits(kind: str, template: str) -> None:
    text = {"template": template} if DIALECTS[kind].reads == "text" else {}
    with reward_server(kind) as server:
        reward = build({"use": "rewards.remote", "url": server.url, "model": "rm", "golden": GOLD, **text}, Reward)
        assert isinstance(reward, Remote)
        found = score(reward)
    assert reward.state.dialect == kind
    assert [j.values for j in found] == [(4.0, 1.0, 14.0), (2.0,)]
    asked = [body for path, body in server.bodies if path == f"/{DIALECTS[kind].path}"]
    raw = {"vllm": ("use_activation", False), "tei": ("raw_scores", True)}.get(kind.partition("-")[0])
    assert raw is None or all(body[raw[0]] is raw[1] for body in asked)
    assert build(spec_of(reward)) == reward


def test_a_guerdon_server_gives_whole_judgements(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REWARD_API_KEY", TOKEN)
    with serving({"long": Length(), "exact": Exact()}) as url:
        made = Remote(url=url, model="long", golden=(Golden(prompt="q", better="a long answer", worse="no"),))
        assert [j.values for j in score(made)] == [j.values for j in run_sync(Length().score(SAMPLES))]
        assert made.state.dialect == "guerdon"
        exact = Remote(url=url, model="exact", golden=())
        given = [sample("2+2?", "4", "5", reference="4"), sample("no reference", "4")]
        good, bad = score(exact, given)
        assert (
            good.values == (1.0, 0.0) and bad.scores[0].status is Status.FAILED and "reference" in bad.scores[0].error
        )


def test_a_wrong_key_is_told_and_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REWARD_API_KEY", "sk-wrong-key-0123456789")
    with serving({"long": Length()}) as url:
        (judged,) = score(Remote(url=url), SAMPLES[:1])
    assert all("refused the key in REWARD_API_KEY" in s.error and "sk-wrong" not in s.error for s in judged.scores)


def test_a_server_that_ranks_a_golden_pair_wrongly_is_not_used() -> None:
    with reward_server("tei-rerank", scale=-1.0) as server:
        reward = Remote(url=server.url, golden=(Golden(**GOLD[0]),))
        with pytest.raises(EngineError, match="ranked wrongly: -13 for the better, -5 for the worse"):
            warm(reward)
        asked = len(server.bodies)
        found = score(reward)
        assert len(server.bodies) == asked, "nothing is asked of it again"
        assert all(s.value is None and "ranked wrongly" in s.error for j in found for s in j.scores)
        assert score(Remote(url=server.url, golden=()))[1].values == (-2.0,)


def test_the_golden_pairs_of_the_package_are_ranked_by_length_too() -> None:
    with reward_server("tei-rerank") as server:
        assert score(Remote(url=server.url))[1].values == (2.0,)
    assert len(server.bodies) == 2 + 2, "two golden pairs, two samples"


def test_probabilities_are_refused_unless_they_are_meant() -> None:
    gold = (Golden(**GOLD[0]),)
    with reward_server("vllm-score", raw=False) as server:
        with pytest.raises(EngineError, match="between 0 and 1"):
            warm(Remote(url=server.url, golden=gold))
        (values, _) = (j.values for j in score(Remote(url=server.url, golden=gold, probabilities=True)))
    assert all(v is not None and 0 < v < 1 for v in values)


def test_no_server_and_no_reward_server_are_told() -> None:
    with reward_server("none") as server:
        found = score(Remote(url=server.url, attempts=1))
        assert "no known kind of reward server" in found[0].scores[0].error
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        found = score(Remote(url=f"http://127.0.0.1:{free.getsockname()[1]}", attempts=1))
    assert all(s.status is Status.FAILED and "no server answers" in s.error for j in found for s in j.scores)


def test_a_text_dialect_needs_a_template() -> None:
    with reward_server("sglang") as server:
        assert "name a tokenizer in template" in score(Remote(url=server.url))[0].scores[0].error
    with pytest.raises(SpecError, match="template"):
        Remote(url="http://h", dialect="sglang")


def test_media_are_refused_where_text_is_sent_and_neighbours_are_scored() -> None:
    shown = Message(role="user", content=(Part(kind="image", value="https://example.org/a.png"),))
    bad = Sample(id="m", prompt=(shown,), responses=(Response(messages=user("a")),))
    with reward_server("tei-rerank") as server:
        reward = Remote(url=server.url, golden=())
        good, media = score(reward, [SAMPLES[1], bad])
    assert good.values == (2.0,) and media.scores[0].status is Status.FAILED and "image" in media.scores[0].error


@pytest.mark.parametrize(
    ("name", "answer", "said"),
    [
        ("vllm-score", {"data": [{"index": 0, "score": 1.0}]}, "1 scores for 2"),
        ("vllm-score", {"data": [{"index": 0, "score": 1.0}, {"index": 0, "score": 2.0}]}, "indices"),
        ("tei-rerank", [{"index": 0, "score": float("nan")}, {"index": 1, "score": 1.0}], "not finite"),
        ("tei-predict", [[{"label": "x", "score": 1.0}, {"label": "y", "score": 1.0}]] * 2, "form"),
        ("sglang", {"embedding": []}, "form"),
        ("vllm-pooling", {"error": "x"}, "form"),
    ],
)
def test_an_answer_that_is_not_what_was_asked_is_no_score(name: str, answer: Any, said: str) -> None:
    asked = Asked(sample("q", "a", "b"), ("qa", "qb"), "m", 0)
    with pytest.raises(CallFailed, match=said):
        scores(DIALECTS[name], answer, asked, 2)


@pytest.mark.parametrize(
    "fields", [{"url": ""}, {"url": "host"}, {"url": "http://a:b@h"}, {"url": "http://h", "label": -1}]
)
def test_wrong_fields_are_refused(fields: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(SpecError):
        build({"use": "rewards.remote", **fields})
