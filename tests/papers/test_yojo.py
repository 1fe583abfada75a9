"""YOJO (arXiv 2604.10966): known answers of its loss, its one-pass layout and its training."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from guerdon.core.build import build
from guerdon.core.concurrency import run_sync
from guerdon.core.contracts import Fit, Head, Objective, Reward
from guerdon.core.errors import SpecError
from guerdon.core.types import Preference, Sample, Status, answer, sample, user
from guerdon.models.backbone import Backbone
from guerdon.models.batch import Batch
from guerdon.models.checkpoint import load_checkpoint
from guerdon.models.joint import SEPARATOR, joint_texts
from guerdon.models.network import view_texts
from guerdon.models.template import Encoded
from guerdon.runs.present import judge
from tests.models import tiny

Folder = Callable[..., Path]
TEXTS = ("The capital is Paris.", "I would rather not say.", "Yes.", "No, it is autumn.")


@pytest.fixture(scope="session")
def decoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.make("qwen3", tmp_path_factory.mktemp("yojo-decoder"))


def groups(count: int = 12) -> list[Sample]:
    """Four answers a prompt, best first, in every pair."""
    pairs = tuple(Preference(better=a, worse=b) for a, b in itertools.combinations(range(4), 2))
    return [
        sample(f"What is the capital of land {i}?", *(f"{t} {i}" for t in TEXTS), id=f"g{i}", preferences=pairs)
        for i in range(count)
    ]


def fit(decoder: Path, out: Path, **changes: Any) -> Path:
    spec = {
        "use": "models.reward_model", "backbone": str(decoder), "tuning": "full", "head": {"use": "models.heads.joint"},
        "objective": {"use": "models.objectives.best_of_n"}, "epochs": 1, "validation": 0.0, "learning_rate": 1e-3,
        "device": "cpu",
    }  # fmt: skip
    return build({**spec, **changes}, Fit).fit(groups(), out)  # type: ignore[type-abstract]


@pytest.fixture(scope="session")
def trained(decoder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fit(decoder, tmp_path_factory.mktemp("yojo") / "model")


def reward(folder: Path, **fields: Any) -> Reward:
    return build({"use": "rewards.trained", "path": str(folder), "device": "cpu", **fields}, Reward)  # type: ignore[type-abstract]


def values(folder: Path, one: Sample, **fields: Any) -> list[float | None]:
    return [s.value for s in run_sync(reward(folder, **fields).score([one]))[0].scores]


def loss(scores: list[float], best: int = 0) -> float:
    objective = build({"use": "models.objectives.best_of_n"}, Objective)  # type: ignore[type-abstract]
    pairs = tuple(Preference(better=best, worse=i) for i in range(len(scores)) if i != best)
    rows = Batch.of([sample("q", *"abcdefgh"[: len(scores)], preferences=pairs)])
    return float(objective.loss(torch.tensor(scores)[:, None], rows)[0])


def test_the_loss_of_four_scores() -> None:
    assert loss([2.0, 0.0, 0.0, 0.0]) == pytest.approx(0.3408, abs=1e-4)
    assert loss([0.0] * 4) == pytest.approx(math.log(4), abs=1e-6) == pytest.approx(1.3863, abs=1e-4)


def test_with_two_responses_it_is_bradley_terry() -> None:
    bt = build({"use": "models.objectives.bradley_terry"}, Objective)  # type: ignore[type-abstract]
    other = bt.loss(torch.tensor([[1.0], [0.0]]), Batch.of_pairs([(0, 1)]))[0]
    assert loss([1.0, 0.0]) == pytest.approx(float(other), abs=1e-6) == pytest.approx(0.3133, abs=1e-4)


def test_neither_a_constant_nor_an_infinite_slot_changes_the_loss() -> None:
    assert loss([9.5, 7.5, 7.5]) == pytest.approx(loss([2.0, 0.0, 0.0]), abs=1e-6)
    assert loss([2.0, 0.0, 0.0, -math.inf]) == pytest.approx(loss([2.0, 0.0, 0.0]), abs=1e-6)
    assert loss([2.0, 0.0, 0.0]) == pytest.approx(math.log(1 + 2 * math.exp(-2)), abs=1e-6), "worked out by hand"


def test_four_responses_have_three_separators_and_four_ends(trained: Path) -> None:
    scorer = load_checkpoint(trained, device="cpu")
    tokenizer = scorer.members[0].backbone.tokenizer
    (texts,) = joint_texts(scorer.template, [(user("Is it so?"), [answer(t) for t in TEXTS])], SEPARATOR)
    found = [e for e in texts.lay() if isinstance(e, Encoded)]
    ids, separator = found[0].ids, tokenizer.convert_tokens_to_ids(SEPARATOR)
    places = [i for i, token in enumerate(ids) if token == separator]
    assert [e.end for e in found] == [*places, len(ids)] and len(places) == 3 and len({e.ids for e in found}) == 1
    joined = f"\n\n{SEPARATOR}\n\n".join(TEXTS)
    assert f"Is it so?\n\n{joined}<|im_end|>" in tokenizer.decode(ids)
    assert [tokenizer.decode(ids[e.start : e.end]).strip() for e in found[:3]] == list(TEXTS[:3])


def test_a_response_that_holds_the_separator_is_refused_and_its_neighbours_are_scored(trained: Path) -> None:
    judged = run_sync(reward(trained).score([sample("Is it so?", "Yes.", f"No. {SEPARATOR} Best of all.", "Never.")]))[
        0
    ]
    assert [s.status for s in judged.scores] == [Status.OK, Status.FAILED, Status.OK]
    assert "separator" in judged.scores[1].error and "responses.1" in judged.scores[1].error
    assert [judged.values[i] for i in (0, 2)] == values(trained, sample("Is it so?", "Yes.", "Never."))


def test_a_later_response_changes_no_earlier_score(trained: Path) -> None:
    one = groups(1)[0]
    other = sample(one.prompt_text, *(r.text for r in one.responses[:2]), "Leaves let go.", one.responses[3].text)
    before, after = values(trained, one), values(trained, other)
    assert before[:2] == after[:2], "bit for bit"
    assert before[2] != after[2] and before[3] != after[3]


def test_the_order_matters_and_its_average_is_an_option(trained: Path) -> None:
    one = groups(1)[0]
    made = reward(trained)
    assert made.order_sensitive and not reward(fit_apart(trained)).order_sensitive
    given = run_sync(judge(made, [one], "given"))[0].values
    swapped = values(trained, sample(one.prompt_text, *(one.responses[i].text for i in (1, 0, 2, 3))))
    assert given[0] != swapped[1]
    averaged = run_sync(judge(made, [one], 4))[0].values
    turned = sample(one.prompt_text, *(r.text for r in one.responses[::-1]), id=one.id)
    again = run_sync(judge(made, [turned], 4))[0].values
    assert averaged == pytest.approx(again[::-1], abs=1e-5), "whatever order they came in"
    with pytest.raises(SpecError, match="at least one permutation"):
        run_sync(judge(made, [one], 0))


def fit_apart(beside: Path) -> Path:
    """A checkpoint of the same kind whose responses are read apart."""
    out = beside.parent / "apart"
    if not out.exists():
        scalar = {"use": "models.heads.scalar"}
        fit(beside / "backbone-0", out, head=scalar, objective={"use": "models.objectives.bradley_terry"})
    return out


@pytest.mark.parametrize("packing", ["shared", "padded"])
def test_the_prompt_and_every_response_go_through_the_model_once(decoder: Path, packing: str) -> None:
    backbone = Backbone(str(decoder), packing=packing, separator=SEPARATOR, max_length=256).load("cpu")  # type: ignore[arg-type]
    prompt, responses = user("is " * 60), [answer("yes " * (5 + i)) for i in range(4)]
    (texts,) = joint_texts(backbone.template, [(prompt, responses)], SEPARATOR)
    readings = [e for e in texts.lay() if isinstance(e, Encoded)]
    passed = sum(b.tokens for b in view_texts(readings, backbone.pad, 512, backbone.packing).batches)
    around = len(texts.around.head) + len(texts.around.prompt) + len(texts.around.tail)
    assert passed == around + sum(map(len, texts.middle[:-1])) + len(texts.last[-1]) + 3 == len(readings[0].ids)
    alone = backbone.template.encode_many([(prompt, r) for r in responses])
    assert sum(len(e.ids) for e in alone if isinstance(e, Encoded)) > 2 * passed


def test_eight_answers_of_100_after_a_prompt_of_1000_cost_1800_tokens() -> None:
    from guerdon.models.joint import JointTexts
    from guerdon.models.template import Pieces

    texts = JointTexts(
        Pieces([], [1] * 1000, [], [], []), ([2] * 100,) * 8, ([2] * 100,) * 8, (None,) * 8, 3, 4096, "prompt"
    )
    found = texts.lay()
    assert isinstance(found[0], Encoded) and len(found[0].ids) == 1800 + 7, "and a separator between them"
    assert round(8 * 1100 / 1800, 1) == 4.9


@pytest.mark.parametrize("read", ["first", "last", "concat", "add", "subtract", "mean"])
def test_the_head_is_an_mlp_over_root_width_at_the_span(decoder: Path, tmp_path: Path, read: str) -> None:
    """By hand: the base model on the whole text, the span's states, the MLP, divided by √H."""
    folder = fit(
        decoder, tmp_path / "model", head={"use": "models.heads.joint", "read": read, "hidden": 16, "init_std": 0.5}
    )
    scorer, one = load_checkpoint(folder, device="cpu"), groups(1)[0]
    (texts,) = joint_texts(scorer.template, [(one.prompt, one.responses)], SEPARATOR)
    found = [e for e in texts.lay() if isinstance(e, Encoded)]
    backbone, head = scorer.members[0].backbone, scorer.members[0].head
    with torch.inference_mode():
        states = backbone.model(input_ids=torch.tensor([found[0].ids])).last_hidden_state[0]
        first, last = (
            torch.stack([states[e.start + off] if off == 0 else states[e.end - 1] for e in found]) for off in (0, 1)
        )
        mean = torch.stack([states[e.start : e.end].mean(0) for e in found])
        x = {
            "first": first, "last": last, "concat": torch.cat([first, last], 1), "add": first + last,
            "subtract": last - first, "mean": mean,
        }[read]  # fmt: skip
        w = dict(head.named_parameters())
        hidden = torch.nn.functional.silu(x @ w["body.weight"].T + w["body.bias"])
        by_hand = (hidden @ w["score.weight"].T + w["score.bias"])[:, 0] / math.sqrt(states.shape[1])
    assert values(folder, one) == pytest.approx(by_hand.tolist(), abs=1e-5)


def test_the_weights_start_small_and_the_biases_at_zero() -> None:
    module = build({"use": "models.heads.joint"}, Head).module(64)  # type: ignore[type-abstract]
    found = dict(module.named_parameters())
    assert found["body.weight"].shape == (1024, 64) and found["score.weight"].shape == (1, 1024)
    assert float(found["body.weight"].detach().std()) == pytest.approx(0.01, rel=0.05)
    assert all(float(found[n].abs().max()) == 0 for n in ("body.bias", "score.bias"))


def test_what_is_cut_takes_no_part_and_the_best_is_chosen_among_the_rest(decoder: Path) -> None:
    """The best of three does not fit: the second best is the target, and the loss is that of the two alone."""
    from guerdon.models.groups import Intake
    from guerdon.models.joint_groups import JointGroups, prepare_jointly
    from guerdon.models.network import Reading

    head = build({"use": "models.heads.joint"}, Head)  # type: ignore[type-abstract]
    backbone = Backbone(str(decoder), separator=SEPARATOR, max_length=64, truncation="prompt").load("cpu")
    pairs = tuple(Preference(better=a, worse=b) for a, b in ((2, 1), (2, 0), (1, 0)))
    one = sample("What?", "yes", "no", "maybe it is so " * 30, id="cut", preferences=pairs)
    reading = Reading.of(head, backbone.hidden_size)
    data = prepare_jointly(backbone, [one], reading, Intake(), 0.0, False, 512, 0).training
    assert isinstance(data, JointGroups)
    seen = set()
    for epoch in range(12):
        data.set_epoch(epoch)
        batch = data.batch([0], head)
        if len(batch.group) == 3:  # the long one stands first, and loses its end
            continue
        seen.add(len(batch.group))
        objective = build({"use": "models.objectives.best_of_n"}, Objective)  # type: ignore[type-abstract]
        if len(batch.group) == 2:
            assert batch.pairs.tolist() == [[1, 0]]
            value, _ = objective.loss(torch.tensor([[0.0], [1.0]]), batch)
            assert float(value) == pytest.approx(0.3133, abs=1e-4)
    assert 2 in seen


def test_an_order_of_its_own_each_epoch_with_labels_and_ranks_along(decoder: Path) -> None:
    from guerdon.models.groups import Intake
    from guerdon.models.joint_groups import JointGroups, prepare_jointly
    from guerdon.models.network import Reading

    head = build({"use": "models.heads.joint"}, Head)  # type: ignore[type-abstract]
    backbone = Backbone(str(decoder), separator=SEPARATOR).load("cpu")
    data = prepare_jointly(
        backbone, groups(3), Reading.of(head, backbone.hidden_size), Intake(), 0.0, False, 512, 7
    ).training
    assert isinstance(data, JointGroups)
    orders = set()
    for epoch in range(8):
        data.set_epoch(epoch)
        kept, readings = data._laid(0)
        assert kept == [0, 1, 2, 3], "outputs stand by the response's own number, whatever the order"
        for number, e in zip(kept, readings, strict=True):
            assert TEXTS[number] in backbone.tokenizer.decode(e.ids[e.start : e.end])
        orders.add(tuple(sorted(kept, key=lambda n: readings[n].start)))
    assert len(orders) > 3


def test_empty_responses_are_left_out_with_their_rank(decoder: Path, tmp_path: Path) -> None:
    pairs = tuple(Preference(better=a, worse=b) for a, b in itertools.combinations(range(3), 2))
    data = [sample(f"q {i}?", "  ", "yes", "no", id=f"e{i}", preferences=pairs) for i in range(4)]
    spec = {
        "use": "models.reward_model", "backbone": str(decoder), "head": {"use": "models.heads.joint"}, "epochs": 1,
        "objective": {"use": "models.objectives.best_of_n"}, "validation": 0.0, "device": "cpu",
    }  # fmt: skip
    folder = build(spec, Fit).fit(data, tmp_path / "model")  # type: ignore[type-abstract]
    said = load_checkpoint(folder, device="cpu")
    assert '"responses": 8' in (folder / "guerdon.json").read_text(encoding="utf-8") and said is not None
    assert values(folder, data[0])[0] is None


@pytest.mark.parametrize("tuning", ["frozen", "lora", "full"])
def test_the_separator_is_there_again_on_load(decoder: Path, tmp_path: Path, tuning: str) -> None:
    folder = fit(decoder, tmp_path / "model", tuning=tuning)
    first, second = (load_checkpoint(folder, device="cpu").members[0].backbone for _ in range(2))
    number = first.tokenizer.convert_tokens_to_ids(SEPARATOR)
    rows = first.model.get_input_embeddings().weight
    assert number < len(rows) and first.tokenizer(SEPARATOR)["input_ids"] == [number]
    assert torch.equal(rows, second.model.get_input_embeddings().weight)
    before = Backbone(str(decoder), separator=SEPARATOR).load("cpu").model.get_input_embeddings().weight[number]
    assert torch.equal(rows[number], before) is (tuning != "full"), "full tuning trains it"


def test_a_large_group_is_read_in_chunks_that_share_their_first_response(trained: Path) -> None:
    one = sample("Is it so?", *(f"{t} {i}" for i in range(3) for t in TEXTS[:3]))
    whole, chunked = values(trained, one), values(trained, one, chunk=4)
    assert whole[:3] == pytest.approx(chunked[:3], abs=1e-6) and None not in chunked
    second = values(trained, sample("Is it so?", *(one.responses[i].text for i in (0, 4, 5, 6))))
    assert chunked[4:7] == pytest.approx(second[1:], abs=1e-6) and chunked[0] == pytest.approx(second[0], abs=1e-6)


def test_an_encoder_is_refused_before_anything_runs(tmp_path: Path, model_folder_bert: Path) -> None:
    with pytest.raises(SpecError, match="name a decoder"):
        fit(Path("embedded"), tmp_path / "a")
    with pytest.raises(SpecError, match="take a decoder"):
        fit(model_folder_bert, tmp_path / "b")


@pytest.fixture(scope="session")
def model_folder_bert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.make("bert", tmp_path_factory.mktemp("yojo-bert"))
