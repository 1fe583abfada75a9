"""Known answers of the follow-up likelihood (arXiv:2409.13948)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
import torch

from guerdon.core.build import build
from guerdon.core.concurrency import run_sync
from guerdon.core.contracts import Engine, Reward
from guerdon.core.errors import SpecError
from guerdon.core.types import Completion, Message, Request, Sample, answer, sample, user
from guerdon.rewards.likelihood.flr import ASPECTS, OPENING, SIDES, Flr, built_in
from tests.models import tiny

ONE: dict[str, dict[str, list[str]]] = {"correctness": {"+": ["p one", "p two"], "-": ["n one", "n two"]}}


def flr(engine: Mapping[str, Any], bank: Mapping[str, Any] = ONE, **fields: Any) -> Reward:
    return build({"use": "rewards.likelihood.flr", "engine": engine, "bank": bank, **fields}, Reward)  # type: ignore[type-abstract]


def told(**logprobs: list[float]) -> dict[str, Any]:
    return {"use": "engines.scripted", "logprobs": {k.replace("_", " "): v for k, v in logprobs.items()}}


def values(reward: Reward, *groups: Sample) -> list[tuple[float | None, ...]]:
    return [j.values for j in run_sync(reward.score(groups))]


HAND = told(p_one=[-1.0], p_two=[-2.0], n_one=[-3.0], n_two=[-2.0])


def test_an_aspect_by_hand_and_six_equal_ones() -> None:
    (judged,) = run_sync(flr(HAND).score([sample("q", "y")]))
    assert judged.values == (pytest.approx(1.0),) and judged.scores[0].parts == {"correctness": pytest.approx(1.0)}
    six = {f"aspect {i}": ONE["correctness"] for i in range(6)}
    assert values(flr(HAND, six), sample("q", "y")) == [(pytest.approx(1.0),)]


def test_exchanging_praise_and_complaint_negates() -> None:
    turned = {"correctness": {"+": ONE["correctness"]["-"], "-": ONE["correctness"]["+"]}}
    assert values(flr(HAND, turned), sample("q", "y")) == [(pytest.approx(-1.0),)]


def test_a_model_that_does_not_see_the_response_gives_all_the_same() -> None:
    assert len(set(values(flr(HAND), sample("q", "y", "z", "a much longer response"))[0])) == 1


def test_length_does_not_count_only_the_mean_a_token() -> None:
    longer = told(p_one=[-1.0] * 7, p_two=[-2.0], n_one=[-3.0], n_two=[-2.0] * 3)
    assert values(flr(longer), sample("q", "y")) == [(pytest.approx(1.0),)]


def test_the_built_in_bank_has_six_aspects_of_twice_ten() -> None:
    bank = built_in()
    assert tuple(bank) == ASPECTS and all(len(bank[a][s]) == 10 for a in ASPECTS for s in SIDES)
    every = [f for a in ASPECTS for s in SIDES for f in bank[a][s]]
    assert len(set(every)) == 120 and all(5 <= len(f) <= 100 for f in every)
    made = build(
        {"use": "rewards.likelihood.flr", "engine": {"use": "engines.scripted", "token_logprob": -1.0}}, Reward
    )  # type: ignore[type-abstract]
    (judged,) = run_sync(made.score([sample("q", "y")]))
    assert set(judged.scores[0].parts) == set(ASPECTS) and judged.values == (pytest.approx(0.0),)


@dataclass(frozen=True)
class Bigram(Engine):
    """A user who thanks where the response holds the word "good": P(thanks) = 0.8, else 0.2; complaints the other way round. The
    response itself is always as likely."""

    asked: list[Request] = field(default_factory=list, compare=False, repr=False)

    async def loglikelihood(self, requests: Sequence[Request]) -> list[Completion]:
        import math

        self.asked.extend(requests)
        made = []
        for r in requests:
            words = (r.continuation or "").split()
            if r.messages[-1].role == "user" and not r.messages[-1].text:
                kind = "good" in r.messages[-2].text
                p = 0.8 if ("thanks" in words) == kind else 0.2
                made.append(Completion(logprobs=(math.log(p),) * len(words)))
            else:
                made.append(Completion(logprobs=(-1.0,) * len(words)))
        return made


def test_toy_users_are_right_always_and_the_responses_own_likelihood_half_the_time() -> None:
    bank = {"correctness": {"+": ["thanks", "many thanks"], "-": ["oh no", "alas"]}}
    groups = [sample(f"q{i}", *(("good x", "poor x") if i % 2 else ("poor y", "good y"))) for i in range(10)]
    made = replace(flr(HAND, bank), engine=Bigram())  # type: ignore[call-arg]
    direct = replace(build({"use": "rewards.likelihood.direct", "engine": HAND}, Reward), engine=Bigram())  # type: ignore[type-abstract, call-arg]
    good = [i % 2 == 1 for i in range(10)]
    found = values(made, *groups)
    assert all((a > b) == g for (a, b), g in zip(found, good, strict=True))  # type: ignore[operator]
    assert all(a == b for a, b in values(direct, *groups)), "ties: a coin's toss, one half"


def test_a_model_sure_of_the_right_next_token_gives_zero_and_the_unshifted_logits_do_not(tmp_path: Path) -> None:
    """A next-token table as logits: 0 for the token that follows, −50 for others. Read one place too late it is far below."""
    engine = build({"use": "engines.local", "model": str(tiny.make("qwen3", tmp_path / "m")), "device": "cpu"}, Engine)  # type: ignore[type-abstract]
    assert hasattr(engine, "conversation")
    before = (*user("Is it so?"), *answer("Yes.").messages, Message(role="user", content=""))
    text = engine.conversation.continued(before, "No, not so")
    ids = [*text.prompt, *text.ids]
    after = dict(zip(ids, ids[1:], strict=False))
    repeated = [t for t, n in ((t, ids.count(t)) for t in set(ids)) if n > 1]
    vocabulary = engine.loaded.model.config.vocab_size

    def logits(states: torch.Tensor) -> torch.Tensor:
        return states

    def states(texts: Any) -> Any:
        for number, t in enumerate(texts):
            table = torch.full((len(t.ids), vocabulary), -50.0)
            for place in range(len(t.ids)):
                nxt = ids[place + 1] if place + 1 < len(ids) else after.get(t.ids[place], 0)
                table[place, nxt] = 0.0
            yield table, [(number, torch.arange(len(t.ids)))]

    engine.loaded.logits = logits
    engine.loaded._states = states
    bank = {"a": {"+": ["No, not so"], "-": ["No, not so"]}}
    reward = Flr(engine=engine, bank=bank)  # type: ignore[arg-type]
    (found,) = run_sync(engine.loglikelihood([Request(messages=before, continuation="No, not so")]))
    assert found.logprobs == pytest.approx([0.0] * len(text.ids), abs=1e-6) and repeated is not None
    (judged,) = run_sync(reward.score([sample("Is it so?", "Yes.")]))
    assert judged.values == (pytest.approx(0.0, abs=1e-6),)
    ((raw,),) = [engine.templated_logits([Request(messages=(*before[:-1], *user("No, not so")))], ["No, not so"])]
    assert sum(raw) / len(raw) < -1, "one position only, and not the one before the token"


def test_the_follow_up_is_a_users_turn_and_as_an_assistants_it_weighs_otherwise(tmp_path: Path) -> None:
    folder = str(tiny.make("qwen3", tmp_path / "m"))
    engine = {"use": "engines.local", "model": folder, "device": "cpu"}
    made = flr(engine, {"a": {"+": ["Yes."], "-": ["No, not so"]}})
    turns = made.before(sample("Is it so?", "Yes."), answer("Yes."))  # type: ignore[attr-defined]
    assert [m.role for m in turns] == ["user", "assistant", "user"] and turns[-1].text == ""
    local: Any = made.engine  # type: ignore[attr-defined]
    assert local.conversation.text(turns)[0].endswith("<|im_start|>user\n")
    as_assistant = (*turns[:-1], Message(role="assistant", content=""))
    one, two = run_sync(local.loglikelihood([Request(messages=m, continuation="Yes.") for m in (turns, as_assistant)]))
    assert abs(sum(one.logprobs) - sum(two.logprobs)) > 1e-3
    swapped = replace(made, roles="swapped").before(sample("Is it so?", "Yes."), answer("Yes."))  # type: ignore[call-arg, attr-defined]
    assert [(m.role, m.text) for m in swapped] == [
        ("user", OPENING),
        ("assistant", "Is it so?"),
        ("user", "Yes."),
        ("assistant", ""),
    ]
    odd = Sample(id="o", prompt=(*answer("Hello!").messages, *user("Is it so?")), responses=(answer("Yes."),))
    assert made.before(odd, odd.responses[0]) == turns, "a first turn that breaks the alternation goes"  # type: ignore[attr-defined]
    raw = values(replace(made, mode="logit"), sample("Is it so?", "Yes.", "No"))[0]  # type: ignore[call-arg]
    assert None not in raw and raw != values(made, sample("Is it so?", "Yes.", "No"))[0]


def test_failures_stay_with_their_own_response() -> None:
    failing = {**HAND, "fail_on": ["bad"], "fail_status": "timeout"}
    found = run_sync(flr(failing).score([sample("q", "y", "bad"), sample("q", "y")]))
    assert found[0].values == (pytest.approx(1.0), None) and found[0].scores[1].status == "timeout"
    assert found[1].values == (pytest.approx(1.0),)


def test_bad_arguments_are_told() -> None:
    with pytest.raises(SpecError, match="needs follow-ups"):
        flr(HAND, {"a": {"+": ["x"], "-": []}})
    with pytest.raises(SpecError, match="raw logits"):
        flr(HAND, mode="logit")
    with pytest.raises(SpecError, match="mode"):
        flr(HAND, mode="logits")
