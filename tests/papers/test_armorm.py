"""ArmoRM (arXiv 2406.12845): probes, debiasing, the gate and its explanation, by the known answers."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from guerdon.core.build import build
from guerdon.core.concurrency import run_sync
from guerdon.core.contracts import Fit, Head, Reward
from guerdon.core.types import Judgement, Preference, Sample, sample
from guerdon.metrics.debias import GRID, penalties
from guerdon.metrics.spearman import spearman
from guerdon.models.checkpoint import load_checkpoint, read_checkpoint
from guerdon.models.heads.gated import Gated
from guerdon.models.probe import ridge
from guerdon.recipes.armorm import PAPER
from guerdon.simulation.cyclic import PHRASES, TOPICS


def gated(**fields: Any) -> Any:
    spec = {"use": "models.heads.gated", "names": ["quality", "verbosity"], "gate_hidden": [8], **fields}
    return build(spec, Head)  # type: ignore[type-abstract]


def filled(head: Any, width: int, penalty: Sequence[float] = ()) -> Any:
    """Its module with random weights and these penalties."""
    torch.manual_seed(0)
    module = head.module(width).eval()
    with torch.no_grad():
        for parameter in (*module.body.parameters(), *module.gate.parameters()):
            parameter.normal_()
        if penalty:
            module.penalty.copy_(torch.tensor(penalty))
    return module


def test_the_published_mean_of_rewardbench() -> None:
    chat, hard, safety, reasoning, prior = (
        PAPER.published[n] for n in ("Chat", "Chat Hard", "Safety", "Reasoning", "prior sets")
    )
    assert (chat + hard + safety + reasoning + 0.5 * prior) / 4.5 == pytest.approx(88.97, abs=0.005)
    assert (chat + hard + safety + reasoning) / 4 == pytest.approx(90.80, abs=0.005)


def test_debiased_rewards_and_their_coefficients_give_the_same_score() -> None:
    """r = (0.8, 0.6), λ = (0.5, 1), gate (0.7, 0.3): r' = (0.5, 0), R = 0.35 = 0.7·0.8 − 0.35·0.6."""
    module = gated(verbosity="verbosity", gate=[], temperature=1.0).module(2).eval()
    with torch.no_grad():
        module.score.weight.copy_(torch.eye(2))
        module.penalty.copy_(torch.tensor([0.5, 1.0]))
        module.gate.weight.copy_(torch.tensor([[0.7], [0.3]]).log())
    out = module(torch.tensor([[0.8, 0.6]]))[0].tolist()
    assert out == pytest.approx([0.35, 0.8, 0.6, 0.7, 0.3, 0.7, -0.35])


def test_the_softmax_is_over_objectives_with_its_temperature() -> None:
    """Worked out: logits (10, 0) at temperature 10 weigh e/(e + 1) = 0.731059 to 0.268941."""
    module = gated(gate=[]).module(2).eval()
    with torch.no_grad():
        module.gate.weight.copy_(torch.tensor([[10.0], [0.0]]))
        module.scale.fill_(2.0)
    assert module(torch.zeros(1, 2))[0, 3:5].tolist() == pytest.approx([2 * 0.731059, 2 * 0.268941], abs=1e-5)


def test_weights_are_not_negative_sum_to_the_scale_and_see_the_prompt_alone() -> None:
    head = gated(verbosity="verbosity")
    module = filled(head, 8, (0.4, 1.0))
    with torch.no_grad():
        module.scale.fill_(1.7)
    x = torch.randn(6, 8)
    x[:3, 4:] = x[0, 4:]  # three answers to one prompt
    out = dict(zip(head.outputs, module(x).T, strict=True))
    gate = torch.stack([out["gate_quality"], out["gate_verbosity"]])
    assert bool((gate >= 0).all())
    torch.testing.assert_close(gate.sum(0), torch.full((6,), 1.7))
    for name in ("gate_quality", "coefficient_quality", "coefficient_verbosity"):
        assert out[name][:3].unique().numel() == 1 and out[name][3] != out[name][0]
    explained = sum(out[f"coefficient_{n}"] * out[n] for n in head.names)
    torch.testing.assert_close(explained, out["reward"])
    shuffled = module(x[[2, 0, 1, 3, 4, 5]])
    torch.testing.assert_close(shuffled[[1, 2, 0, 3, 4, 5]], module(x))


def test_only_the_gate_and_its_scale_are_trained() -> None:
    trained = {n for n, p in gated().module(8).named_parameters() if p.requires_grad}
    assert trained == {"body.1.weight", "body.1.bias", "gate.weight", "gate.bias", "scale"}
    assert not gated(learn_scale=False).module(8).scale.requires_grad


def test_the_least_penalty_that_frees_a_reward_of_verbosity() -> None:
    rng = np.random.default_rng(0)
    quality, length = rng.normal(size=(2, 4000))
    rewards = np.stack([quality + 0.5 * length, length, quality - 0.2 * length, 5 * length, np.ones(4000)], 1)
    found = penalties(rewards, 1)
    assert found[1] == 1.0 and found[2] == 0.0 and found[3] == 1.0 and found[4] == 0.0
    assert found[0] in GRID and 0.4 < found[0] <= 0.5
    before, after = rewards[:, 0], rewards[:, 0] - found[0] * length
    assert (spearman(after, length) or 0.0) <= 0.03
    assert (spearman(after, quality) or 0.0) > (spearman(before, quality) or 0.0)
    smaller = GRID[GRID.index(float(found[0])) - 1]
    assert (spearman(before - smaller * length, length) or 0.0) > 0.03, "no smaller one would do"


def test_ridge_is_the_closed_form() -> None:
    rng = np.random.default_rng(1)
    z, y = rng.normal(size=(30, 4)), rng.normal(size=30)
    for alpha, w in zip((1e-4, 3.0), ridge(z, y, (1e-4, 3.0)), strict=True):
        np.testing.assert_allclose(w, np.linalg.solve(z.T @ z + alpha * np.eye(4), z.T @ y), atol=1e-8)


# ---- through the public calls: two domains that two objectives decide


DOMAINS = ("costs", "warmth")


def texts(i: int) -> list[str]:
    return [PHRASES[d][i % 8] for d in DOMAINS]


def rated(count: int = 8, missing: bool = False) -> list[Sample]:
    """A thrifty and a warm answer to each prompt, rated by thrift and warmth; with `missing`, half of the rows lack warmth."""
    made = []
    for i in range(count):
        s = sample(f"What should I know about {TOPICS[i]}?", *texts(i), id=f"{i}")
        labels = [{"thrift": 4.0 * (1 - j), "warmth": 4.0 * j} for j in range(2)]
        for row in labels if missing and i % 2 else ():
            row["warmth"] = float("nan")
            del row["warmth"]
        responses = tuple(dataclasses.replace(r, labels=row) for r, row in zip(s.responses, labels, strict=True))
        made.append(dataclasses.replace(s, responses=responses))
    return made


def preferred(first: int = 0, count: int = 8) -> list[Sample]:
    """Thrift decides questions about buying, warmth those about feelings."""
    made = []
    for i in range(first, first + count):
        buying = i % 2 == 0
        ask = f"How do I buy {TOPICS[i]} cheaply?" if buying else f"I feel sad about {TOPICS[i]}, what now?"
        pair = Preference(better=1 - buying, worse=int(buying))
        made.append(sample(ask, *texts(i), id=f"p{i}", preferences=(pair,)))
    return made


def fit(spec: dict[str, Any], samples: Sequence[Sample], out: Path) -> Path:
    return build({"device": "cpu", **spec}, Fit).fit(samples, out)  # type: ignore[type-abstract]


PROBE = {
    "use": "models.probe",
    "labels": ["thrift", "warmth"],
    "read": ["response:mean"],
    "scales": {"thrift": [0.5, 5], "warmth": [0.5, 5]},
}


def judged(folder: Path, samples: Sequence[Sample]) -> list[Judgement]:
    return run_sync(build({"use": "rewards.trained", "path": str(folder)}, Reward).score(samples))  # type: ignore[type-abstract]


def right(folder: Path, samples: Sequence[Sample]) -> float:
    pairs = zip(samples, judged(folder, samples), strict=True)
    values = [(j.values[s.preferences[0].better], j.values[s.preferences[0].worse]) for s, j in pairs]
    return sum((a or 0.0) > (b or 0.0) for a, b in values) / len(values)


def test_a_probe_is_a_checkpoint_with_named_outputs(tmp_path: Path) -> None:
    made = fit(PROBE, rated(), tmp_path / "probe")
    (first, second) = judged(made, rated()[:1])[0].scores
    assert first.parts["thrift"] == pytest.approx(0.9, abs=0.15) and first.parts["warmth"] == pytest.approx(
        0.1, abs=0.15
    )
    assert first.value == first.parts["thrift"] and (second.parts["warmth"] or 0.0) > 0.4
    told = read_checkpoint(made).about["result"]["thrift"]
    assert told["ratings"] == 16 and told["alpha"] in [10.0**i for i in range(-4, 5)] and told["validation_mse"] < 0.1


def test_missing_ratings_are_as_if_those_rows_were_not_there(tmp_path: Path) -> None:
    whole, half = rated(missing=True), [s for i, s in enumerate(rated()) if i % 2 == 0]
    spec = {**PROBE, "validation": 0.0}
    folders = fit(spec, whole, tmp_path / "a"), fit(spec, half, tmp_path / "b")
    rows = [load_checkpoint(f, device="cpu").members[0].head.score.weight[1] for f in folders]  # type: ignore[union-attr,index]
    torch.testing.assert_close(*rows, rtol=0, atol=1e-6)


def test_the_gate_fits_both_domains_and_no_fixed_weighting_does(tmp_path: Path) -> None:
    probe = fit(PROBE, rated(), tmp_path / "probe")
    spec = {"use": "models.gating", "init": str(probe), "gate_hidden": [32], "gate": ["prompt:mean"], "temperature": 1.0,
            "steps": 60, "batch_size": 8, "validation": 0.0, "learning_rate": 1e-2, "standardise": True}  # fmt: skip
    many = [dataclasses.replace(s, id=f"{s.id}:{i}") for i in range(10) for s in preferred()]
    made = fit(spec, many, tmp_path / "gate")
    fixed = fit({**spec, "gate": [], "steps": 20}, many, tmp_path / "fixed")
    test = preferred(8)
    assert right(made, test) == 1.0 and right(fixed, test) == 0.5
    head = read_checkpoint(made).head
    assert isinstance(head, Gated) and head.outputs[1:3] == ("thrift", "warmth")
    for j in judged(made, test):
        a, b = j.scores
        assert a.parts["coefficient_thrift"] == pytest.approx(b.parts["coefficient_thrift"])
        for score in (a, b):
            explained = sum(
                (score.parts[f"coefficient_{n}"] or 0.0) * (score.parts[n] or 0.0) for n in ("thrift", "warmth")
            )
            assert score.value == pytest.approx(explained, abs=1e-6)
