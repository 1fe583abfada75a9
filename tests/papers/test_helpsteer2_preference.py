"""HelpSteer2-Preference (arXiv:2410.01257): the known answers of its losses, labels, stages and extrapolation."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from guerdon.core.build import build
from guerdon.core.concurrency import run_sync
from guerdon.core.contracts import Head, Objective, Stage
from guerdon.core.errors import DataError
from guerdon.core.types import Preference, Sample, answer, sample, user
from guerdon.data.read import read_samples
from guerdon.metrics.kappa import quadratic_kappa
from guerdon.models.batch import Batch
from guerdon.models.checkpoint import load_checkpoint
from guerdon.models.extrapolate import extrapolate
from guerdon.models.merging import accuracy
from tests.models.conftest import model_folder, own_cache  # noqa: F401 (fixtures)
from tests.models.test_start import STAY, train
from tests.models.tiny import pairs


def objective(use: str, **fields: Any) -> Objective:
    return build({"use": f"models.objectives.{use}", **fields}, Objective)  # type: ignore[type-abstract]


def loss(use: str, delta: float, strength: float = 1.0) -> tuple[float, float]:
    """The loss of one pair and its gradient by Δ."""
    out = torch.tensor([[delta], [0.0]], requires_grad=True)
    value, _ = objective(use).loss(out, Batch.of_pairs([(0, 1)], strength=[strength]))
    value.backward()
    assert out.grad is not None
    return float(value.detach()), float(out.grad[0])


@pytest.mark.parametrize(
    ("use", "strength", "value"),
    [
        ("bradley_terry", 2.0, 0.3133), ("margin_bradley_terry", 2.0, 1.3133),
        ("scaled_bradley_terry", 2.0, 0.6265), ("scaled_bradley_terry", 3.0, 0.9398),
    ],
)  # fmt: skip
def test_the_losses_at_a_difference_of_one(use: str, strength: float, value: float) -> None:
    assert loss(use, 1.0, strength)[0] == pytest.approx(value, abs=1e-4)


def test_scaled_with_strength_one_is_regular_exactly_and_its_gradient_is_linear_in_the_strength() -> None:
    for delta in np.linspace(-6, 6, 25):
        regular, scaled = loss("bradley_terry", delta), loss("scaled_bradley_terry", delta)
        assert regular == scaled
        assert loss("scaled_bradley_terry", delta, 3.0)[1] == pytest.approx(3 * regular[1], rel=1e-5)
        assert regular[1] < 0 > loss("scaled_bradley_terry", delta, 3.0)[1], "it pulls the same way"


def test_the_margins_gradient_at_the_margin_is_the_regular_one_at_zero() -> None:
    for strength in (1.0, 2.0, 3.0):
        assert loss("margin_bradley_terry", strength, strength)[1] == pytest.approx(loss("bradley_terry", 0.0)[1])


def rated(*labels: float) -> Batch:
    """One response with ratings a, b, c."""
    one = answer("a", labels=dict(zip("abc", labels, strict=True)))
    return dataclasses.replace(Batch.of([Sample(id="x", prompt=user("q"), responses=(one,))]), outputs=("a", "b", "c"))


def test_masked_mse() -> None:
    out = torch.tensor([[1.0, 2.0, 3.0]])
    masked = objective("regression", labels=["a", "b", "c"])
    assert float(masked.loss(out, rated(2.0, -100.0, 5.0))[0]) == 2.5
    assert float(objective("regression", labels=["a"]).loss(out, rated(2.0, -100.0, 5.0))[0]) == 1.0, "helpfulness only"
    with pytest.raises(DataError, match="no response of the batch is rated"):
        masked.loss(out, rated(-100.0, -100.0, float("nan")))


def rows_of(folder: Path, *rows: dict[str, Any]) -> list[Sample]:
    path = folder / f"{len(list(folder.iterdir()))}.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return list(read_samples(path))


def test_the_sign_of_a_strength_says_which_and_swapping_both_changes_nothing(tmp_path: Path) -> None:
    row = {"prompt": "q", "response_1": "one", "response_2": "two", "preference_strength": -2}
    swapped = {"prompt": "q", "response_1": "two", "response_2": "one", "preference_strength": 2}
    first, second = rows_of(tmp_path, row)[0], rows_of(tmp_path, swapped)[0]
    assert first.responses[first.preferences[0].better].text == "one" and first.preferences[0].strength == 2.0
    scores = {"one": 0.7, "two": -0.4}
    for use in ("scaled_bradley_terry", "margin_bradley_terry", "bradley_terry"):
        found = [
            float(objective(use).loss(torch.tensor([[scores[r.text]] for r in s.responses]), Batch.of([s]))[0]) for s in (first, second)
        ]  # fmt: skip
        assert found[0] == found[1]


def test_rating_rows_become_labels_that_train_the_head(tmp_path: Path) -> None:
    row = {
        "prompt": "q",
        "response": "r",
        "helpfulness": 3,
        "correctness": 4,
        "coherence": 4,
        "complexity": 1,
        "verbosity": 1,
    }
    head = build({"use": "models.heads.ratings"}, Head)  # type: ignore[type-abstract]
    batch = dataclasses.replace(Batch.of(rows_of(tmp_path, row)), outputs=head.outputs)
    everything = objective("regression", labels=list(head.outputs), scale=[0, 4])
    assert float(everything.loss(torch.zeros(1, 5), batch)[0]) == pytest.approx((9 + 16 + 16 + 1 + 1) / 5)
    with pytest.raises(DataError, match="outside 0.0 to 4.0"):
        everything.fault(rows_of(tmp_path, {**row, "helpfulness": 5})[0])


def test_the_reward_is_the_released_stacks_output_four() -> None:
    head = build(
        {
            "use": "models.heads.ratings", "reward": "helpfulness",
            "names": ["quality", "toxicity", "humor", "creativity", "helpfulness", "correctness", "coherence", "complexity", "verbosity"],
        }, Head)  # type: ignore[type-abstract]  # fmt: skip
    module: Any = head.module(3)
    x = torch.randn(2, 3)
    released = torch.nn.functional.linear(x, module.score.weight, module.score.bias)
    assert head.positions == ("last",)
    torch.testing.assert_close(module(x)[:, 0], released[:, 4])


HEAD = {
    "use": "models.heads.ratings",
    "names": ["style", "help"],
    "reward": "help",
    "read": ["last"],
    "standardise": True,
}


def stages(folder: Path, backbone: Path) -> tuple[Path, list[Sample]]:
    """Stage 1 by regression on ratings of 1 where the text names Paris, and the pairs of stage 2."""
    samples = [
        dataclasses.replace(s, responses=tuple(dataclasses.replace(r, labels={"help": float("Paris" in r.text)}) for r in s.responses))
        for s in pairs(24)
    ]  # fmt: skip
    regression = {"use": "models.objectives.regression", "labels": ["help"]}
    first = train(
        folder / "1", samples, backbone=backbone, head=HEAD, objective=regression, epochs=10, learning_rate=3e-2
    )
    return first, samples


def test_stage_two_starts_where_stage_one_ended_and_a_fresh_head_does_not(
    tmp_path: Path,
    model_folder: Callable[..., Path],  # noqa: F811
) -> None:
    backbone = model_folder("qwen3")
    first, samples = stages(tmp_path, backbone)
    scaled = {"use": "models.objectives.scaled_bradley_terry"}
    still = {"backbone": backbone, "head": HEAD, "objective": scaled, "learning_rate": STAY, "weight_decay": 0.0}
    loaded = load_checkpoint(train(tmp_path / "loaded", samples, init=str(first), **still), device="cpu")
    fresh = load_checkpoint(train(tmp_path / "fresh", samples, seed=7, **still), device="cpu")
    texts = [(s.prompt, r) for s in samples for r in s.responses]
    one = load_checkpoint(first, device="cpu")
    assert accuracy(loaded, samples) == accuracy(one, samples) > 0.9, "step-0 accuracy is that of stage 1"
    np.testing.assert_allclose(loaded.score(texts).outputs, one.score(texts).outputs, atol=1e-6)
    assert np.abs(fresh.score(texts).outputs - one.score(texts).outputs).max() > 0.1


def test_expo_ends_are_the_checkpoints(tmp_path: Path, model_folder: Callable[..., Path]) -> None:  # noqa: F811
    backbone = model_folder("qwen3")
    first, samples = stages(tmp_path, backbone)
    second = train(tmp_path / "2", samples, backbone=backbone, head=HEAD, init=str(first), learning_rate=1e-2)
    texts = [(s.prompt, r) for s in samples for r in s.responses]
    ends = [load_checkpoint(p, device="cpu").score(texts).outputs for p in (first, second)]
    for factor, wanted in ((0.0, ends[0]), (1.0, ends[1]), (1.52, ends[0] + 1.52 * (ends[1] - ends[0]))):
        made = extrapolate(first, second, factor, tmp_path / f"f{factor}", device="cpu")
        np.testing.assert_allclose(load_checkpoint(made, device="cpu").score(texts).outputs, wanted, atol=1e-5)


def test_the_annotation_filter_raises_agreement() -> None:
    """Ours: five annotators of one seeded truth, one of whom now and then slips; kept pairs agree more, and with the truth."""
    rng = np.random.default_rng(0)
    truth = rng.choice([-3, -2, -1, 1, 2, 3], 400)
    votes = np.clip(truth[:, None] + rng.normal(0, 1.2, (400, 5)).round(), -3, 3)
    samples = [
        sample("q", "a", "b", id=str(i), preferences=tuple(
            Preference(better=int(v > 0), worse=int(v <= 0), strength=abs(v) or 1.0, tie=bool(v == 0)) for v in row
        ))
        for i, row in enumerate(votes)
    ]  # fmt: skip
    found = run_sync(build({"use": "curation.closest_annotations", "spread": 1.0}, Stage).apply(samples))  # type: ignore[type-abstract]
    kept = [i for i, s in enumerate(found) if s.preferences]
    signed = [(1 if found[i].preferences[0].better else -1) * found[i].preferences[0].strength for i in kept]
    single = quadratic_kappa(votes[:, 0], truth)
    assert 100 < len(kept) < 400 and single is not None and (quadratic_kappa(signed, truth[kept]) or 0) > single + 0.05
