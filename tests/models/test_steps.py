"""Steps as readings: where they stand, one pass a response, training and scoring, on encoders and decoders."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from guerdon.core.build import build
from guerdon.core.concurrency import run_sync
from guerdon.core.contracts import Reward
from guerdon.core.errors import DataError, SpecError
from guerdon.core.types import Judgement, Message, Response, Sample, Status, Step, sample, user
from guerdon.models.backbone import Backbone
from guerdon.models.heads.correctness import Correctness
from guerdon.models.heads.scalar import Scalar
from guerdon.models.objectives.bradley_terry import BradleyTerry
from guerdon.models.objectives.process_bce import ProcessBce
from guerdon.models.pooling import parse_feature
from guerdon.models.prepare import Texts
from guerdon.models.reward_model import RewardModel
from guerdon.models.states import batches, infer
from guerdon.models.steps import by_step, marked
from guerdon.models.template import Encoded
from guerdon.rewards.trained import Trained

Folder = Callable[..., Path]
TEXTS = ("The capital is Paris 2.", "I would rather not say 2 , no.", "Is 3 it is Paris.", "List three primes: 2, 3, 5")


def stepped(*texts: str, labels: tuple[float | None, ...] = ()) -> Response:
    """One assistant turn whose steps are its lines."""
    spans, at = [], 0
    for t in texts:
        spans.append(Step(message=0, start=at, end=at + len(t)))
        at += len(t) + 1
    named = {f"step.{t}": v for t, v in enumerate(labels) if v is not None}
    return Response(messages=(Message(role="assistant", content="\n".join(texts)),), steps=tuple(spans), labels=named)


def readings(template: Any, response: Response) -> list[Encoded]:
    found = template.encode_many([(user("Is it so?"), u) for u in marked(response)], "step")
    assert all(isinstance(f, Encoded) for f in found), found
    return found


@pytest.mark.parametrize("kind", ["bert", "qwen3", "llama", "gemma"])
def test_a_step_stands_where_its_tokens_stand(kind: str, model_folder: Folder) -> None:
    loaded = Backbone(str(model_folder(kind))).load("cpu")
    found = readings(loaded.template, stepped(*TEXTS))
    whole = loaded.template.encode(user("Is it so?"), stepped(*TEXTS))
    assert {f.text for f in found} == {whole.text} and all(f.start >= whole.start for f in found)
    for step, reading in zip(TEXTS, found, strict=True):
        said = loaded.tokenizer.decode(list(reading.ids[reading.start : reading.stop]))
        assert "".join(said.split()).casefold() == "".join(step.split()).casefold()
    assert all(a.stop <= b.start + 1 for a, b in zip(found, found[1:], strict=False))


def test_a_step_that_ends_inside_a_token_owns_that_token(model_folder: Folder) -> None:
    loaded = Backbone(str(model_folder("qwen3"))).load("cpu")
    text = "The capital is Paris."
    cut = text.index("ital")
    halves = (Step(message=0, start=0, end=cut), Step(message=0, start=cut, end=len(text)))
    response = Response(messages=(Message(role="assistant", content=text),), steps=halves)
    first, second = readings(loaded.template, response)
    assert loaded.tokenizer.decode(list(first.ids[first.start : first.stop])).endswith("capital")
    assert first.stop == second.start + 1, "both are read with the token that holds the boundary"


def test_steps_of_several_turns_are_found(model_folder: Folder) -> None:
    loaded = Backbone(str(model_folder("llama"))).load("cpu")
    turns = [("assistant", "List three primes"), ("tool", "2, 3, 5"), ("assistant", "The capital is Paris.")]
    steps = (Step(message=0, start=0, end=17), Step(message=2, start=0, end=21))
    response = Response(messages=tuple(Message(role=r, content=c) for r, c in turns), steps=steps)
    said = [loaded.tokenizer.decode(list(f.ids[f.start : f.stop])) for f in readings(loaded.template, response)]
    assert "primes" in said[0] and "Paris" not in said[0] and said[1].endswith("Paris.")


@pytest.mark.parametrize("kind", ["bert", "qwen3"])
@pytest.mark.parametrize("packing", ["padded", "shared", "unshared"])
def test_all_steps_of_a_response_are_read_in_one_pass(kind: str, packing: Any, model_folder: Folder) -> None:
    loaded = Backbone(str(model_folder(kind)), packing=packing).load("cpu")
    found = [*readings(loaded.template, stepped(*TEXTS)), *readings(loaded.template, stepped(*TEXTS[::-1]))]
    texts = {f.text for f in found}
    if loaded.packing != "shared":
        passed = sum(b.tokens for b in batches(found, loaded.pad, 4096, loaded.packing))
        assert passed == sum(len(ids) for ids, _ in texts), "each response once"
    else:
        assert sum(b.tokens for b in batches(found, loaded.pad, 4096, "shared")) < sum(len(ids) for ids, _ in texts)
    features = [parse_feature("step:last"), parse_feature("step:mean")]
    rows = {}
    for numbers, states, _ in infer(loaded, found, features):
        for place, number in enumerate(numbers.tolist()):
            rows[number] = [states[f][place] for f in features]
    assert sorted(rows) == list(range(8))
    for number, reading in enumerate(found):
        segments = {"token_type_ids": torch.tensor([reading.segments])} if loaded.takes_segments else {}
        alone = loaded.model(input_ids=torch.tensor([reading.ids]), **segments).last_hidden_state[0]
        torch.testing.assert_close(rows[number][0], alone[reading.stop - 1], atol=1e-5, rtol=1e-4)
        torch.testing.assert_close(rows[number][1], alone[reading.start : reading.stop].mean(0), atol=1e-5, rtol=1e-4)


def data(count: int = 24, wrong: str = "I would rather not say 2 , no.") -> list[Sample]:
    """Solutions of three steps; a step that would rather not say is wrong, and what follows it is unlabelled."""
    made = []
    for i in range(count):
        texts = [f"The capital is Paris {(i + t) % 7}." for t in range(3)]
        bad = i % 4
        labels: list[float | None] = [1.0, 1.0, 1.0]
        if bad < 3:
            texts[bad] = wrong
            labels = [1.0] * bad + [0.0] + [None] * (2 - bad)
        made.append(Sample(id=str(i), prompt=user(f"What is the capital of France {i}?"),
                           responses=(stepped(*texts, labels=tuple(labels)),)))  # fmt: skip
    return made


def fit(folder: Path, out: Path, **fields: Any) -> Path:
    usual: dict[str, Any] = {
        "backbone": str(folder), "head": Correctness(read=("step:last", "step:mean"), standardise=True), "epochs": 30,
        "objective": ProcessBce(), "device": "cpu", "learning_rate": 1e-2, "batch_size": 8, "early_stopping": 0,
        "validation": 0.0, "max_length": 128,
    }  # fmt: skip
    return RewardModel(**{**usual, **fields}).fit(data(), out)


def judged(reward: Reward, *samples: Sample) -> list[Judgement]:
    return run_sync(reward.score(samples))


@pytest.mark.parametrize(("kind", "tuning"), [("bert", "frozen"), ("qwen3", "frozen"), ("gemma", "full")])
def test_a_process_head_learns_and_gives_steps_that_fold(
    kind: str, tuning: Any, model_folder: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GUERDON_CACHE", str(tmp_path / "cache"))
    slow = {"epochs": 6, "learning_rate": 3e-3} if tuning == "full" else {}
    out = fit(model_folder(kind), tmp_path / "out", tuning=tuning, **slow)
    reward = build({"use": "rewards.trained", "path": str(out), "device": "cpu"}, Reward)  # type: ignore[type-abstract]
    assert reward.gives == {"steps"} and reward.needs == {"responses.steps"}
    right = seen = 0
    for s, j in zip(data(), judged(reward, *data()), strict=True):
        (score,) = j.scores
        assert score.value is None and score.status is Status.OK and len(score.steps) == 3
        for t, step in enumerate(score.steps):
            label = s.responses[0].labels.get(f"step.{t}")
            assert step.value is not None and 0 < step.value < 1
            assert step.value == pytest.approx(1 / (1 + math.exp(-float(step.parts["logit"] or 0))), abs=1e-5)
            if label is not None:
                right, seen = right + int((step.value > 0.5) == (label > 0.5)), seen + 1
    assert right / seen > 0.9
    spec = {"use": "rewards.process.aggregate", "how": "min", "reward": {"use": "rewards.trained", "path": str(out)}}
    folded = judged(build(spec, Reward), data()[0])[0].scores[0]  # type: ignore[type-abstract]
    assert folded.value == min(float(s.value or 0) for s in folded.steps)


def test_the_training_of_steps_is_the_same_however_texts_are_packed(
    model_folder: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Padded, shared, and a budget that splits every batch; the cost of a group is that of its texts, not of its steps."""
    monkeypatch.setenv("GUERDON_CACHE", str(tmp_path / "cache"))
    head = Correctness(read=("step:last", "step:mean"))
    ways: list[dict[str, Any]] = [{"packing": "padded"}, {}, {"batch_tokens": 70}]
    curves = []
    for i, way in enumerate(ways):
        out = fit(
            model_folder("qwen3"), tmp_path / str(i), tuning="full", head=head, epochs=2, learning_rate=1e-3, **way
        )
        curves.append([row["loss"] for row in json.loads((out / "curves.json").read_text())])
    assert len(curves[0]) == 2 and curves[0] != pytest.approx([curves[0][0]] * 2, abs=1e-6)
    assert curves[1] == pytest.approx(curves[0], abs=1e-5) and curves[2] == pytest.approx(curves[0], abs=1e-5)
    loaded = Backbone(str(model_folder("qwen3")), packing="unshared").load("cpu")
    found = readings(loaded.template, stepped(*TEXTS))
    texts = Texts({"step": found}, loaded.pad, 4096, "unshared")
    assert texts.tokens(range(len(found))) == len(found[0].ids)


def test_a_decoder_s_step_does_not_see_what_follows_and_neighbours_do_not_matter(
    model_folder: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GUERDON_CACHE", str(tmp_path / "cache"))
    head = Correctness(read=("step:last",))
    reward = Trained(path=fit(model_folder("qwen3"), tmp_path / "out", head=head, epochs=1), device="cpu")
    long, short = stepped(*TEXTS), stepped(*TEXTS[:3], "Go to bed.")
    two = Sample(id="two", prompt=user("Is it so?"), responses=(long, short))
    first, second = judged(reward, two)[0].scores
    for a, b in zip(first.steps[:3], second.steps[:3], strict=True):
        assert a.value == pytest.approx(b.value, abs=1e-6)
    assert first.steps[3].value != pytest.approx(second.steps[3].value, abs=1e-4)
    alone = judged(reward, replace(two, responses=(short,)))[0].scores[0]
    assert [s.value for s in alone.steps] == pytest.approx([s.value for s in second.steps], abs=1e-6)


def test_a_step_beyond_the_limit_and_a_response_without_steps_are_unscored_with_the_reason(
    model_folder: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GUERDON_CACHE", str(tmp_path / "cache"))
    reward = Trained(path=fit(model_folder("bert"), tmp_path / "out", epochs=1), device="cpu")
    good = Sample(id="good", prompt=user("Is it so?"), responses=(stepped(*TEXTS),))
    long = Sample(id="long", prompt=user("Is it so?"), responses=(stepped(TEXTS[0], "yes " * 300, TEXTS[1]),))
    empty = Sample(id="empty", prompt=user("Is it so?"), responses=(stepped("", TEXTS[0]),))
    bare = sample("Is it so?", "Yes", id="bare")
    found = judged(reward, good, long, empty, bare)
    cut = found[1].scores[0]
    assert [s.status for s in cut.steps] == [Status.OK, Status.FAILED, Status.FAILED] and "lies beyond" in cut.error
    assert found[2].scores[0].steps[0].value is None and found[2].scores[0].steps[1].value is not None
    assert found[3].scores[0].status is Status.FAILED and "responses.steps" in found[3].scores[0].error
    assert found[0] == judged(reward, good)[0] or all(
        a.value == pytest.approx(b.value, abs=1e-5)
        for a, b in zip(found[0].scores[0].steps, judged(reward, good)[0].scores[0].steps, strict=True)
    )
    with pytest.raises(DataError, match="responses.steps"):
        reward.check([good, bare])


def test_the_cut_steps_of_a_training_are_left_out_and_counted(
    model_folder: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GUERDON_CACHE", str(tmp_path / "cache"))
    out = fit(model_folder("bert"), tmp_path / "out", epochs=1, max_length=20)
    said = json.loads((out / "guerdon.json").read_text())["data"]
    assert said["left_out"]["unreadable"] > 0 and said["training_groups"] == 24
    assert said["responses"] + said["left_out"]["unreadable"] == 72


def test_by_step_gives_labels_to_their_steps() -> None:
    response = replace(stepped(*TEXTS[:2], labels=(1.0, None)), labels={"step.0": 1.0, "value.1": 0.25, "outcome": 1.0})
    made = by_step(Sample(id="x", prompt=user("p"), responses=(response, response)))
    assert [dict(r.labels) for r in made.responses[:2]] == [
        {"outcome": 1.0, "step": 1.0, "step_of": 0.0}, {"outcome": 1.0, "value": 0.25, "step_of": 0.0},
    ]  # fmt: skip
    assert [r.labels["step_of"] for r in made.responses] == [0.0, 0.0, 1.0, 1.0]
    assert [len(r.steps) for r in made.responses] == [1] * 4


def test_an_objective_and_a_head_that_do_not_fit_are_refused_before_anything_runs() -> None:
    with pytest.raises(SpecError, match="compares responses"):
        RewardModel(head=Scalar(read=("step:last",)), objective=BradleyTerry())
    with pytest.raises(SpecError, match="the head reads none"):
        RewardModel(head=Scalar(), objective=ProcessBce())
    with pytest.raises(SpecError, match="step:last"):
        Scalar(read=("step:response_mean",))
