"""Known answers of position-invariant inference (arXiv:2407.01100) through its engine and its judge."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from guerdon.core.build import build
from guerdon.core.concurrency import run_sync
from guerdon.core.contracts import Engine, Reward
from guerdon.core.errors import SpecError
from guerdon.core.types import Judgement, Message, Request, Status, sample, user
from guerdon.engines.pine import Pine, request_of
from guerdon.judging.pairs import passes
from guerdon.models.position_invariant import Segments
from guerdon.rewards.judges.labelled_pair import LabelledPair, labels, verdict
from tests.models import tiny

FAMILIES = ("qwen3", "llama", "gemma")
PARTS = ("Paris is the capital of France. ", "I would rather not say. ", "Leaves let go, one breath of wind. ")


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return {kind: tiny.make(kind, tmp_path_factory.mktemp(kind)) for kind in FAMILIES}


def engine(use: str, folder: Path, **fields: Any) -> Engine:
    return build({"use": f"engines.{use}", "model": str(folder), "device": "cpu", **fields}, Engine)  # type: ignore[type-abstract]


def asked(parts: Sequence[str], **fields: Any) -> Request:
    return request_of("Is it so?\n", parts, "\nSay yes or no.", **fields)


def test_positions_by_hand() -> None:
    layout = Segments(1, (2, 3))
    assert layout.base(7).tolist() == [0, 4, 5, 3, 4, 5, 6]
    assert layout.view([0, 1], own=0)[1] == [1, 2, 3] and layout.view([0, 1], own=1)[0] == [1, 2]
    assert layout.view([0, 1]) == [[4, 5], [1, 2, 3]]


@pytest.mark.parametrize("kind", FAMILIES)
def test_every_order_of_three_segments_gives_the_same_answer_in_float64(kind: str, folders: dict[str, Path]) -> None:
    pine, vanilla = engine("pine", folders[kind], dtype="float64"), engine("local", folders[kind], dtype="float64")
    orders = [[PARTS[i] for i in order] for order in itertools.permutations(range(3))]
    requests = [asked(p, continuation="No, I would rather not.") for p in orders]
    logs = [c.logprobs for c in run_sync(pine.loglikelihood(requests))]
    assert all(one == pytest.approx(logs[0], abs=1e-9) for one in logs)
    plain = [sum(c.logprobs) for c in run_sync(vanilla.loglikelihood(requests))]
    assert max(plain) - min(plain) > 1e-3, "vanilla inference differs"
    broken = engine("pine", folders[kind], dtype="float64", importance="sequential")
    moved = [sum(c.logprobs) for c in run_sync(broken.loglikelihood(requests))]
    assert max(moved) - min(moved) > 1e-6, "importance after rotary breaks it"
    texts = run_sync(pine.generate([asked(p, max_tokens=8, top_logprobs=3) for p in orders]))
    assert len({t[0].text for t in texts}) == 1 and texts[0][0].status is Status.OK
    assert all(t[0].logprobs == pytest.approx(texts[0][0].logprobs, abs=1e-8) for t in texts), "with the KV cache too"


@pytest.mark.parametrize("kind", FAMILIES)
def test_one_segment_or_none_is_plain_decoding(kind: str, folders: dict[str, Path]) -> None:
    pine, local = engine("pine", folders[kind]), engine("local", folders[kind])
    for segments in ((), asked(PARTS[:1]).segments):
        request = replace(asked(PARTS[:1], continuation="No.", max_tokens=6), segments=segments)
        if not segments or kind == "qwen3":  # where parts are tokenized apart, ids may differ at their edges
            a, b = (run_sync(e.generate([request]))[0][0] for e in (pine, local))
            assert a.text == b.text and a.logprobs == pytest.approx(b.logprobs, abs=1e-4)
        (weighed,) = run_sync(pine.loglikelihood([request]))
        assert weighed.status is Status.OK and "".join(weighed.tokens) == "No."


def test_generation_with_the_cache_agrees_with_weighing_what_it_wrote(folders: dict[str, Path]) -> None:
    pine = engine("pine", folders["qwen3"], dtype="float64")
    (made,) = run_sync(pine.generate([asked(PARTS, max_tokens=6, n=2, temperature=1.0, seed=3)]))
    assert len(made) == 2 and made[0].text != made[1].text
    for one in made:
        if "\ufffd" not in one.text:
            (weighed,) = run_sync(pine.loglikelihood([asked(PARTS, continuation=one.text)]))
            if len(weighed.logprobs) == len(one.logprobs):
                assert weighed.logprobs == pytest.approx(one.logprobs, abs=1e-6)


def test_the_probability_of_each_answer_does_not_see_the_order(folders: dict[str, Path]) -> None:
    pine = engine("pine", folders["llama"], dtype="float64")
    forward, back = (asked(p, choices=("yes", "no", "I would rather not")) for p in (PARTS, PARTS[::-1]))
    a, b = run_sync(pine.next_token([forward, back]))
    assert a.text == b.text and a.top_logprobs[0] == pytest.approx(b.top_logprobs[0], abs=1e-9)


def test_a_judge_in_pine_is_consistent_under_swaps_and_a_plain_one_need_not_be(tmp_path: Path) -> None:
    """By construction: labels travel with their answers, so a swap asks the same question."""
    from guerdon.models.toy_lm import save, toy_model, word_tokenizer
    from guerdon.rewards.judges.labelled_pair import request

    tokenizer = word_tokenizer([*(request(s, 4).messages[0].text for s in groups()), "[[A]] [[B]]"])
    folder = save(toy_model(tokenizer, "qwen3", 1), tokenizer, tmp_path / "judge")
    made = {}
    for use in ("pine", "local"):
        judge = LabelledPair(engine=engine(use, folder, dtype="float64"), parse="published", max_tokens=4)
        asked_of = [(s, replace(s, responses=s.responses[::-1])) for s in groups()]
        made[use] = [tuple(_choice(judge, s) for s in pair) for pair in asked_of]
        if use == "pine":
            for pair in asked_of:
                one, two = (j.trials[0].verdict for j in run_sync(judge.score(pair)))
                assert one is not None and two is not None and one == -two, "the same winner, shown elsewhere"
    assert all(abs(a - b) < 1e-9 for a, b in made["pine"])
    assert any(abs(a - b) > 1e-4 for a, b in made["local"])


def groups() -> list[Any]:
    return [
        sample(f"What is it? ({i})", PARTS[i % 3].strip(), PARTS[(i + 1) % 3].strip() + " So.", id=f"g{i}")
        for i in range(4)
    ]


def _choice(judge: LabelledPair, s: Any) -> float:
    """The log-odds of the verdict [[A]] against [[B]]."""
    from guerdon.rewards.judges.labelled_pair import request

    (found,) = run_sync(judge.engine.next_token([replace(request(s, 4), choices=("[[A]]", "[[B]]"))]))
    assert found.status is Status.OK, found.error
    return found.top_logprobs[0]["[[A]]"] - found.top_logprobs[0]["[[B]]"]


def test_the_judges_labels_travel_and_its_prompt_is_the_same_around_them() -> None:
    from guerdon.rewards.judges.labelled_pair import request

    s = groups()[0]
    turned = replace(s, responses=s.responses[::-1])
    assert labels(s) == labels(turned)[::-1]
    one, two = request(s, 9), request(turned, 9)
    texts = [[r.messages[0].text[a:b] for a, b in r.segments] for r in (one, two)]
    assert texts[0] == texts[1][::-1] and all("answer" in t for t in texts[0])
    around = [(r.messages[0].text[: r.segments[0][0]], r.messages[0].text[r.segments[1][1] :]) for r in (one, two)]
    assert around[0] == around[1] and around[0][1].count("[[A]]") == 1


@pytest.mark.parametrize(
    ("reply", "strict", "published"),
    [
        ("so [[A]]", "A", "A"),
        ("[[B]]", "B", "B"),
        ("[[A]] or [[B]]", None, "A"),
        ("neither", None, None),
        ("[[C]]", None, None),
        ("[[B]] [[B]]", "B", "B"),
    ],
)
def test_verdicts(reply: str, strict: str | None, published: str | None) -> None:
    assert verdict(reply, "published") == published
    s = sample("q", "one", "two")
    spec = {"use": "rewards.judges.labelled_pair", "engine": {"use": "engines.scripted", "reply": reply}}
    judged: dict[str, Judgement] = {
        parse: run_sync(build({**spec, "parse": parse}, Reward).score([s]))[0]  # type: ignore[type-abstract]
        for parse in ("strict", "published")
    }
    sign = {"A": 1 if labels(s)[0] == "A" else -1, "B": 1 if labels(s)[0] == "B" else -1}
    (trial,) = judged["strict"].trials
    assert trial.status is (Status.OK if strict else Status.UNPARSED) and trial.raw == reply
    if strict:
        assert passes(judged["strict"], 0, 1) == [(Status.OK, sign[strict])]
    assert judged["published"].trials[0].verdict == (sign[published] if published else 0.0)


def test_spans_that_do_not_fit_fail_alone(folders: dict[str, Path]) -> None:
    pine = engine("pine", folders["qwen3"])
    good = asked(PARTS, continuation="No.")
    a, b, c = good.segments
    bad = [
        replace(good, segments=(a, c)), replace(good, segments=((b[1], b[0]),)), replace(good, segments=(a, (a[1], 10_000))),
        replace(good, messages=user("x" * 3)), replace(good, continuation=None), replace(good, continuation="a" * 900),
    ]  # fmt: skip
    found = run_sync(pine.loglikelihood([good, *bad]))
    assert [f.status for f in found] == ["ok", *["failed"] * 6] and all(f.error for f in found[1:])
    two = Request(
        messages=(*user("Is it so?"), Message(role="assistant", content="Yes."), *good.messages), continuation="No."
    )
    shift = len("Is it so?") + 2 + len("Yes.") + 2
    (ok,) = run_sync(
        pine.loglikelihood([replace(two, segments=tuple((s + shift, e + shift) for s, e in good.segments))])
    )
    assert ok.status is Status.OK
    assert run_sync(pine.next_token([asked(PARTS)]))[0].status is Status.FAILED


def test_bad_arguments_are_told() -> None:
    with pytest.raises(SpecError, match="importance"):
        Pine(model="x", importance="after")  # type: ignore[arg-type]
    with pytest.raises(SpecError, match="parse"):
        LabelledPair(engine=Pine(model="x"), parse="loose")  # type: ignore[arg-type]
