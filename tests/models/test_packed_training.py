"""Through the trainer and the reward: packing, batch sizes, budgets and orders change cost and nothing else."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from guerdon.core.concurrency import run_sync
from guerdon.core.errors import SpecError
from guerdon.core.types import Preference, Sample, sample
from guerdon.models.dataset import Groups
from guerdon.models.heads.scalar import Scalar
from guerdon.models.reward_model import RewardModel
from guerdon.models.trainer import RewardTrainer
from guerdon.models.tuning import Lora
from guerdon.rewards.trained import Trained
from tests.models import tiny

Folder = Callable[..., Path]


def groups(count: int = 24) -> list[Sample]:
    """Pairs, and every third a list of three with three pairs."""
    made = []
    for i, pair in enumerate(tiny.pairs(count)):
        answers = [r.text for r in pair.responses] + [f"Air {i} scatters sunlight."] * (i % 3 == 0)
        more = (Preference(better=0, worse=2), Preference(better=1, worse=2)) if i % 3 == 0 else ()
        made.append(sample(pair.prompt_text * 3, *answers, id=pair.id, preferences=(*pair.preferences, *more)))
    return made


def fit(folder: Path, out: Path, **fields: Any) -> Path:
    usual: dict[str, Any] = {
        "backbone": str(folder), "tuning": "full", "head": Scalar(read=("last", "response_mean")), "epochs": 2,
        "device": "cpu", "learning_rate": 1e-3, "batch_size": 8, "early_stopping": 0, "validation": 0.2,
        "lora": Lora(rank=4, dropout=0.0),
    }  # fmt: skip
    return RewardModel(**{**usual, **fields}).fit(groups(), out)


def path_of(out: Path) -> tuple[list[dict[str, float]], dict[str, torch.Tensor]]:
    return json.loads((out / "curves.json").read_text()), load_file(out / "head.safetensors")


@pytest.mark.parametrize(("kind", "tuning"), [("qwen3", "full"), ("llama", "lora"), ("gemma", "full")])
def test_the_trajectory_is_the_same_however_texts_are_packed_and_batched(
    kind: str, tuning: str, model_folder: Folder, tmp_path: Path
) -> None:
    """Padded, shared and unshared; 8 × 1 and 1 × 8; a budget that splits every batch; with gradient checkpointing."""
    ways: list[dict[str, Any]] = [
        {"packing": "padded"}, {}, {"packing": "unshared"}, {"batch_size": 1, "gradient_accumulation": 8},
        {"batch_tokens": 60}, {"batch_tokens": 200, "gradient_checkpointing": True},
    ]  # fmt: skip
    runs = [path_of(fit(model_folder(kind), tmp_path / str(i), tuning=tuning, **w)) for i, w in enumerate(ways)]
    curve, head = runs[0]
    assert max(r["loss"] for r in curve) - min(r["loss"] for r in curve) > 1e-3, "it moves"
    for other, tensors in runs[1:]:
        assert [r["step"] for r in other] == [r["step"] for r in curve]
        for row, wanted in zip(other, curve, strict=True):
            assert row["loss"] == pytest.approx(wanted["loss"], abs=1e-4)
            assert row["eval_loss"] == pytest.approx(wanted["eval_loss"], abs=1e-4)
        for name, tensor in head.items():
            torch.testing.assert_close(tensors[name], tensor, atol=2e-3, rtol=1e-2)


@pytest.mark.parametrize("kind", ["qwen3", "llama", "gemma"])
def test_raw_scores_agree_across_batch_sizes_row_orders_and_packings(
    kind: str, model_folder: Folder, tmp_path: Path
) -> None:
    out = fit(model_folder(kind), tmp_path / "out", epochs=1)
    many = groups(40)
    turned = [sample(s.prompt_text, *(r.text for r in s.responses[::-1]), id=s.id) for s in many[::-1]]

    def scores(samples: list[Sample], size: int = 40, **fields: Any) -> dict[str, list[float]]:
        reward = Trained(path=out, device="cpu", **fields)
        parts = [run_sync(reward.score(samples[i : i + size])) for i in range(0, len(samples), size)]
        return {s.id: [float(v or 0.0) for v in j.values] for s, j in zip(samples, sum(parts, []), strict=True)}

    wanted = scores(many, 1, packing="padded")
    found = [
        scores(many, **f)
        for f in ({}, {"size": 7}, {"packing": "unshared"}, {"batch_tokens": 50}, {"batch_tokens": 9000})
    ]
    found += [{k: v[::-1] for k, v in scores(turned, batch_tokens=300).items()}]
    for one in found:
        for name, values in wanted.items():
            for a, b in zip(one[name], values, strict=True):
                assert abs(a - b) <= 1e-5 * max(1.0, abs(b))
    assert len({round(v, 4) for values in wanted.values() for v in values}) > 20, "the scores differ from text to text"


def test_training_and_scoring_read_each_prompt_once(
    model_folder: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tokens counted where they enter the embedding layer, in a step of the trainer and in the scores of the reward."""
    seen: list[int] = []
    real = torch.nn.Embedding.forward

    def counting(self: torch.nn.Embedding, ids: torch.Tensor) -> torch.Tensor:
        if self.num_embeddings > 100:
            seen.append(ids.numel())
        return real(self, ids)

    out = fit(model_folder("qwen3"), tmp_path / "out", epochs=1)
    reward = Trained(path=out, device="cpu", batch_tokens=100_000)
    template = reward.scorer.template
    assert reward.scorer.members[0].backbone.packing == "shared", "asked here, so that its probe is not counted"
    wanted = 0
    for s in groups():
        encoded = [template.encode(s.prompt, r) for r in s.responses]
        wanted += encoded[0].start + sum(len(e.ids) - e.start for e in encoded)
    monkeypatch.setattr(torch.nn.Embedding, "forward", counting)
    run_sync(reward.score(groups()))
    shared = sum(seen)
    padded = Trained(path=out, device="cpu", packing="padded")
    assert padded.scorer.members[0].backbone.packing == "padded"
    seen.clear()
    run_sync(padded.score(groups()))
    assert 0.9 * wanted < shared <= wanted < 0.6 * sum(seen), "what prompts have in common may save a little more"
    steps: list[int] = []
    step = RewardTrainer.compute_loss

    def counted(self: RewardTrainer, *arguments: Any, **options: Any) -> Any:
        seen.clear()
        found = step(self, *arguments, **options)
        steps.append(sum(seen))
        return found

    monkeypatch.setattr(RewardTrainer, "compute_loss", counted)
    fit(model_folder("qwen3"), tmp_path / "again", epochs=1, validation=0.0, batch_tokens=100_000)
    assert 0.9 * wanted < sum(steps) <= wanted


def test_a_backward_pass_holds_no_more_than_the_budget(
    model_folder: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []
    step = RewardTrainer.compute_loss

    def counted(self: RewardTrainer, model: Any, inputs: Any, *rest: Any, **options: Any) -> Any:
        sizes.append(sum(b.tokens for view in inputs["batch"].inputs.values() for b in view.batches))
        return step(self, model, inputs, *rest, **options)

    monkeypatch.setattr(RewardTrainer, "compute_loss", counted)
    fit(model_folder("qwen3"), tmp_path / "out", batch_tokens=150, epochs=1)
    assert len(sizes) > 6 and max(sizes) <= 150


def test_parts_keep_the_order_and_a_group_over_the_budget_goes_alone() -> None:
    data = Groups(groups(5), [9] * 5, lambda n: n, [40, 30, 90, 10, 50], 70)
    assert data.parts([0, 1, 2, 3, 4]) == [[0, 1], [2], [3, 4]]
    assert Groups(groups(5), [9] * 5, lambda n: n).parts([4, 2, 0]) == [[4, 2, 0]]


def test_an_unknown_packing_is_a_spec_error() -> None:
    with pytest.raises(SpecError, match="packing: no 'share'. Did you mean 'shared'"):
        RewardModel(packing="share")  # type: ignore[arg-type]
