"""Opinion summaries (arXiv 2402.15473): the known answers of its network over features, by the public calls."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from guerdon.core.build import build
from guerdon.core.concurrency import run_sync
from guerdon.core.contracts import Fit, Head, Objective, Reward
from guerdon.core.specfile import read_spec
from guerdon.core.types import Preference, Sample, Status, answer, sample, user
from guerdon.models.batch import Batch
from guerdon.models.parts_model import OPINIONS

WEIGHTS = np.array([1.0, 0.5, 2.0, 0.3, 0.8, 1.5, 0.1])
LABELS = {"use": "rewards.labels", "names": list(OPINIONS)}


def network(**fields: Any) -> torch.nn.Module:
    return build({"use": "models.heads.perceptron", **fields}, Head).module(7)  # type: ignore[type-abstract]


def log_loss(out: torch.Tensor) -> float:
    pair = (Preference(better=0, worse=1),)
    rows = Batch.of([sample("q", "a", "b", preferences=pair)] * (len(out) // 2))
    return float(build({"use": "models.objectives.bradley_terry"}, Objective).loss(out, rows)[0].detach())  # type: ignore[type-abstract]


def comparisons(count: int, seed: int = 0, values: np.ndarray | None = None) -> list[Sample]:
    """Pairs of summaries, the one of larger w·h preferred."""
    rng, made = np.random.default_rng(seed), []
    for i in range(count):
        features = rng.uniform(0, 5, (2, 7)) if values is None else values[i]
        better = int(np.argmax(features @ WEIGHTS))
        two = tuple(
            answer(f"summary {j}", labels=dict(zip(OPINIONS, map(float, features[j]), strict=True))) for j in (0, 1)
        )
        made.append(
            Sample(id=f"p{i}", prompt=user(f"reviews of product {i}"), responses=two,
                   preferences=(Preference(better=better, worse=1 - better),))
        )  # fmt: skip
    return made


def parts_model(folder: Path, samples: list[Sample], **fields: Any) -> Path:
    spec = {"use": "models.parts_model", "reward": LABELS, "validation": 0.0, **fields}
    return build(spec, Fit).fit(samples, folder)  # type: ignore[type-abstract]


def test_parameter_counts() -> None:
    def count(**fields: Any) -> int:
        return sum(p.numel() for p in network(**fields).parameters())

    assert count(hidden=[6, 4, 2]) == 48 + 28 + 10 + 3 == 89
    assert count() == 8 and count(hidden=[5, 3]) == 40 + 18 + 4


def test_one_logit_apart_costs_0_3133_and_no_difference_log_2() -> None:
    assert log_loss(torch.tensor([[1.5], [0.5]])) == pytest.approx(0.3133, abs=1e-4)
    assert log_loss(torch.zeros(2, 1)) == pytest.approx(math.log(2))


def test_a_constant_added_to_one_feature_of_both_leaves_a_linear_loss_unchanged() -> None:
    torch.manual_seed(0)
    linear, x = network(), torch.rand(6, 7)
    moved = x.clone()
    moved[:, 3] += 0.4
    assert log_loss(linear(x)) == pytest.approx(log_loss(linear(moved)), abs=1e-6)
    assert abs(float((linear(x) - linear(moved))[0].detach())) > 1e-3


def test_equal_weights_rank_as_the_mean_does() -> None:
    linear = network()
    with torch.no_grad():
        linear.layers[0].weight.fill_(0.7)  # type: ignore[union-attr, operator, index]
    x = torch.rand(40, 7, generator=torch.Generator().manual_seed(1))
    assert torch.equal(linear(x)[:, 0].argsort(), x.mean(1).argsort())


def test_the_released_layout_can_die_and_its_reward_is_at_least_one_half() -> None:
    """relu after the last layer: outputs are not below 0, and where both are 0 nothing is learned."""
    dead = below = 0
    for seed in range(40):
        torch.manual_seed(seed)
        out = network(hidden=[6, 4, 2], activate="ends")(torch.rand(64, 7))
        assert bool((out >= 0).all()) and bool((torch.sigmoid(out) >= 0.5).all())
        dead += log_loss(out) == pytest.approx(math.log(2), abs=1e-6) and not out.any()
        below += bool((network(hidden=[6, 4, 2])(torch.rand(64, 7)) < 0).any())
    assert 5 < dead < 35, "many, not all"
    assert below > 5, "by default nothing follows the output"


def test_noiseless_comparisons_give_the_weights_back(tmp_path: Path) -> None:
    import json

    folder = parts_model(tmp_path / "m", comparisons(940), epochs=40, learning_rate=0.1, batch_size=188, evaluations=1)
    found = json.loads((folder / "guerdon.json").read_text(encoding="utf-8"))["weights"]
    assert list(found) == list(OPINIONS)
    w = np.array(list(found.values()))
    assert w @ WEIGHTS / np.linalg.norm(w) / np.linalg.norm(WEIGHTS) > 0.98


def test_the_folder_is_a_reward_that_reads_features_by_name_over_five(tmp_path: Path) -> None:
    folder = parts_model(tmp_path / "m", comparisons(64), epochs=2)
    reward = build(read_spec(folder).reward, Reward)  # type: ignore[type-abstract]
    assert reward.use == "rewards.compose.parts_network"
    (one,) = comparisons(1, seed=9)
    turned = Sample(
        id="t", prompt=one.prompt,
        responses=tuple(answer(r.text, labels={n: r.labels[n] for n in reversed(OPINIONS)}) for r in one.responses),
    )  # fmt: skip
    first, second = run_sync(reward.score([one, turned]))
    assert first.values == second.values and all(0 < v < 1 for v in first.values)  # type: ignore[operator]
    raw = build({**read_spec(folder).reward, "output": "logit"}, Reward)  # type: ignore[type-abstract]
    for score, phi in zip(run_sync(raw.score([one]))[0].scores, first.values, strict=True):
        assert score.value is not None and phi == pytest.approx(1 / (1 + math.exp(-score.value)))
    from safetensors.torch import load_file

    tensors = load_file(folder / "head.safetensors")
    w, b = tensors["members.0.layers.0.weight"][0], tensors["members.0.layers.0.bias"][0]
    h = torch.tensor([one.responses[0].labels[n] / 5 for n in OPINIONS])
    assert run_sync(raw.score([one]))[0].values[0] == pytest.approx(float(w @ h + b), abs=1e-6)


def test_a_missing_feature_is_unscored_and_never_zero(tmp_path: Path) -> None:
    whole = comparisons(40)
    labels = {k: v for k, v in whole[3].responses[1].labels.items() if k != "relevance"}
    lacking = Sample(
        id="lacking", prompt=whole[3].prompt, responses=(whole[3].responses[0], answer("x", labels=labels)),
        preferences=whole[3].preferences,
    )  # fmt: skip
    import json

    folder = parts_model(tmp_path / "m", [*whole, lacking], epochs=1)
    said = json.loads((folder / "guerdon.json").read_text(encoding="utf-8"))["data"]
    assert said["left_out"] == {"missing_part": 1} and said["asked_again"] == 1 and said["used"] == 40
    (found,) = run_sync(build(read_spec(folder).reward, Reward).score([lacking]))  # type: ignore[type-abstract]
    assert found.scores[0].value is not None
    assert found.scores[1].value is None and found.scores[1].status is Status.FAILED
    assert "relevance" in found.scores[1].error


def test_the_naive_mean_is_nanmean_over_five() -> None:
    spec = {"use": "rewards.compose.weighted_parts", "reward": LABELS, "parts": list(OPINIONS), "scale": 5.0}
    labels = {"relevance": 4.25, "conciseness": 2.0}
    one = Sample(id="s", prompt=user("q"), responses=(answer("a", labels=labels), answer("b")))
    (found,) = run_sync(build({**spec, "on_missing": "renormalise"}, Reward).score([one]))  # type: ignore[type-abstract]
    assert found.values == (pytest.approx((4.25 + 2.0) / 2 / 5), None)
    assert run_sync(build(spec, Reward).score([one]))[0].values == (None, None)  # type: ignore[type-abstract]


def test_the_prompted_scorer_reads_fractions_and_never_takes_a_missing_score_for_zero() -> None:
    from guerdon.core.types import Status, sample
    from tests.rewards.judges.listening import judged

    given = sample("Review 1: light.", "It is light.")
    found, asked = judged("rewards.judges.features", ["Most. <score>4.25</score>"], given)
    assert set(found.scores[0].parts.values()) == {0.85} and len(asked) == 7
    lost, _ = judged("rewards.judges.features", ["Most of them."], given)
    assert lost.scores[0].status is Status.UNPARSED and set(lost.scores[0].parts.values()) == {None}
