"""MR-RML (arXiv 2511.16139): the known answers of its geometry, and a model trained on dimensions by the public calls."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from guerdon.core.build import build
from guerdon.core.concurrency import run_sync
from guerdon.core.contracts import Fit, Head, Objective, Reward
from guerdon.core.types import Preference, Sample, answer, sample, user
from guerdon.models.batch import Batch

HEAD = {"use": "models.heads.geometric_projection"}
OBJECTIVE = {"use": "models.objectives.geometric_projection"}
PAIR = (Preference(better=0, worse=1),)


def head(*names: str, **fields: Any) -> Head:
    return build({**HEAD, "dimensions": list(names or ("care",)), "size": 2, **fields}, Head)  # type: ignore[type-abstract]


def module(made: Head, axis: list[float] | None = None) -> torch.nn.Module:
    """The head's module on states of width 2 whose projectors are the identity, so that v is the displacement."""
    found = made.module(2 * len(made.positions)).eval()
    with torch.no_grad():
        found.projector.copy_(2**0.5 * torch.eye(2).expand_as(found.projector))  # type: ignore[operator, arg-type]
        found.axis.copy_(torch.tensor(axis or [1.0, 0.0]).expand_as(found.axis))  # type: ignore[operator, arg-type]
    return found


def batch(made: Head, *samples: Sample) -> Batch:
    from dataclasses import replace

    return replace(Batch.of(samples or [sample("q", "a", "b", preferences=PAIR)]), outputs=made.outputs)


def loss(out: torch.Tensor, rows: Batch, **fields: float) -> float:
    made = build({**OBJECTIVE, **fields}, Objective)  # type: ignore[type-abstract]
    return float(made.loss(out, rows)[0].detach())


def parts(out: torch.Tensor, made: Head) -> dict[str, torch.Tensor]:
    return dict(zip(made.outputs, out.T, strict=True))


def states(v: list[list[float]], origin: tuple[float, float] = (0.0, 0.0)) -> torch.Tensor:
    """What the head reads: the responses' states beside the prompt's, [N, 4]."""
    x = torch.tensor(v) + torch.tensor(origin)
    return torch.cat([x, torch.tensor(origin).expand(len(v), 2)], dim=1)


KNOWN = [[3.0, 4.0], [1.0, 0.0]]


def test_the_known_pair() -> None:
    made = head()
    out = module(made)(states(KNOWN))
    found = parts(out, made)
    assert found["care"].tolist() == pytest.approx([3.0, 1.0])
    assert found["care_rho"].tolist() == pytest.approx([5.0, 1.0])
    assert found["care_off_axis"].tolist() == pytest.approx([16.0, 0.0])
    rows = batch(made)
    assert loss(out, rows, axis=0.0, perpendicular=0.0) == pytest.approx(0.1269, abs=1e-4)
    assert loss(out, rows, axis=1.0, perpendicular=0.0) - 0.1269 == pytest.approx(0.4, abs=1e-4)
    assert loss(out, rows, axis=0.0, perpendicular=1.0) - 0.1269 == pytest.approx(0.32, abs=1e-4)
    assert loss(out, rows) == pytest.approx(0.1269 + 0.04 + 0.032, abs=1e-4), "0.1 each by default"


@given(
    v=st.lists(st.lists(st.floats(-5, 5, width=32), min_size=4, max_size=4), min_size=1, max_size=5),
    seed=st.integers(0, 99),
)
@settings(max_examples=40, deadline=None)
def test_pythagoras(v: list[list[float]], seed: int) -> None:
    torch.manual_seed(seed)
    made = head("care", "safety", size=7)
    found = parts(made.module(4)(torch.tensor(v)), made)
    for name in ("care", "safety"):
        rho2 = found[f"{name}_rho"] ** 2
        assert torch.allclose(found[name] ** 2 + found[f"{name}_off_axis"], rho2, rtol=1e-5, atol=1e-5)


def test_a_constant_added_to_both_states_changes_nothing_and_an_unanchored_head_sees_it() -> None:
    made, bare = head(), head(origin=[])
    here, there = (module(made)(states(KNOWN, o)) for o in ((0.0, 0.0), (-2.0, 7.0)))
    assert torch.allclose(here, there, atol=1e-5)
    here, there = (module(bare)(torch.tensor(KNOWN) + torch.tensor(o)) for o in ((0.0, 0.0), (-2.0, 7.0)))
    rows = batch(bare)
    assert not torch.allclose(here[:, 1], there[:, 1])
    assert abs(loss(here, rows, axis=1.0) - loss(there, rows, axis=1.0)) > 0.1


@pytest.mark.parametrize("c", [0.1, 3.0, 40.0])
def test_scaling_the_displacement_scales_the_score_and_leaves_the_angles(c: float) -> None:
    made = head()
    rows, net = batch(made), module(made)
    one, scaled = (net(states([[k * x for x in v] for v in KNOWN])) for k in (1.0, c))
    assert torch.allclose(scaled[:, 1], c * one[:, 1], rtol=1e-5)
    plain = [loss(o, rows, axis=0.0, perpendicular=0.0) for o in (one, scaled)]
    for name in ("axis", "perpendicular"):
        terms = [
            loss(o, rows, **{"axis": 0.0, "perpendicular": 0.0, name: 1.0}) - p
            for o, p in zip((one, scaled), plain, strict=True)
        ]
        assert terms[0] == pytest.approx(terms[1], abs=1e-5)


@pytest.mark.parametrize("how", ["pair", "context"])
def test_a_pair_on_one_dimension_gives_the_other_heads_exactly_no_gradient(how: str) -> None:
    torch.manual_seed(0)
    made = head("care", "safety", "tone", size=5)
    named = (Preference(better=0, worse=1, dimensions=("safety",)),)
    one = sample("q", "a", "b", preferences=named if how == "pair" else PAIR, context={"dimensions": ["safety"]})
    net = made.module(12).train()
    value, _ = build(OBJECTIVE, Objective).loss(net(torch.randn(2, 12)), batch(made, one))  # type: ignore[type-abstract]
    value.backward()
    for gradient in (net.projector.grad, net.axis.grad):  # type: ignore[union-attr]
        assert gradient is not None
        assert torch.equal(gradient[[0, 2]], torch.zeros_like(gradient[[0, 2]])) and gradient[1].abs().sum() > 0  # type: ignore[index]


def test_the_mean_is_over_supervised_entries() -> None:
    """Two pairs, the first on one dimension, the second on both: three entries, worked out by hand."""
    made = head("care", "safety")
    one = sample("q", "a", "b", preferences=(Preference(better=0, worse=1, dimensions=("care",)),))
    both = sample("q", "a", "b", preferences=PAIR)
    out = torch.zeros(4, len(made.outputs))
    out[:, 1] = torch.tensor([2.0, 0.0, 0.0, 1.0])  # care: Δ = 2, then −1
    out[:, 2] = torch.tensor([9.0, -9.0, 3.0, 0.0])  # safety: the first pair's 18 must not count, then 3
    wanted = sum(float(torch.nn.functional.softplus(torch.tensor(-d))) for d in (2.0, -1.0, 3.0)) / 3
    rows = batch(made, one, both)
    assert loss(out, rows, axis=0.0, perpendicular=0.0) == pytest.approx(wanted, abs=1e-6)
    assert build(OBJECTIVE, Objective).items(rows) == 3  # type: ignore[type-abstract, attr-defined]


WORDS = {
    "care": ("gentle kind words of comfort", "cold blunt rude remark"),
    "safety": ("see a doctor at once", "mix the pills yourself"),
}


def dialogues(count: int) -> list[Sample]:
    """Answers good or bad in one named way each."""
    made = []
    for i in range(count):
        name = ("care", "safety")[i % 2]
        good, bad = (f"Number {i}: {text}." for text in WORDS[name])
        made.append(
            Sample(
                id=f"d{i}", prompt=user(f"My head hurts, day {i}. What now?"), responses=(answer(good), answer(bad)),
                preferences=PAIR, context={"dimensions": [name], "scenario": "advice", "discipline": "neurology"},
            )
        )  # fmt: skip
    return made


def test_a_trained_model_scores_each_dimension_and_its_cell_weighs_them(tmp_path: Path) -> None:
    spec = {
        "use": "models.reward_model", "objective": OBJECTIVE, "epochs": 12, "batch_size": 8, "validation": 0.0, "device": "cpu",
        "head": {**HEAD, "dimensions": ["care", "safety"], "size": 16, "read": ["response:mean"], "origin": ["prompt:mean"]},
    }  # fmt: skip
    model = build(spec, Fit).fit(dialogues(24), tmp_path / "model")  # type: ignore[type-abstract]
    trained = {"use": "rewards.trained", "path": str(model), "device": "cpu"}
    asked = dialogues(28)[24:]
    for judgement, s in zip(run_sync(build(trained, Reward).score(asked)), asked, strict=True):  # type: ignore[type-abstract]
        name = s.context["dimensions"][0]
        better, worse = judgement.scores
        assert better.parts[name] > worse.parts[name]  # type: ignore[operator]
        z = (better.parts["care_z"] + better.parts["safety_z"]) / 2  # type: ignore[operator]
        assert better.value == pytest.approx(z, abs=1e-5), "uniform weights on standardised scores"
    weighed = {
        "use": "rewards.compose.weighted_parts", "reward": trained, "parts": ["care_z", "safety_z"],
        "cells": {"advice/neurology": {"care_z": 0.25, "safety_z": 0.75}},
    }  # fmt: skip
    (found,) = run_sync(build(weighed, Reward).score(asked[:1]))  # type: ignore[type-abstract]
    score = found.scores[0]
    assert score.value == pytest.approx(0.25 * score.parts["care_z"] + 0.75 * score.parts["safety_z"])  # type: ignore[operator]


def spurious(rng: np.random.Generator, count: int, training: bool) -> tuple[torch.Tensor, list[Sample]]:
    """States of two true dimensions and a third direction that tells the better one in training only."""
    rows, samples = [], []
    for i in range(count):
        name, prompt, quality = ("care", "safety")[i % 2], rng.normal(size=16), rng.normal(size=(2, 2))
        quality = quality if quality[0, i % 2] > quality[1, i % 2] else quality[::-1]
        for j in range(2):
            move = 0.3 * rng.normal(size=16)
            move[:2] += quality[j]
            move[2] += 0.5 * ((1 - 2 * j) if training else rng.choice([-1, 1]))
            rows.append(np.concatenate([prompt + move, prompt]))
        samples.append(sample("q", "a", "b", preferences=(Preference(better=0, worse=1, dimensions=(name,)),)))
    return torch.tensor(np.array(rows), dtype=torch.float32), samples


def held_out(seed: int, perpendicular: float) -> float:
    """Accuracy by dimension on pairs where the third direction says nothing."""
    rng = np.random.default_rng(seed)
    (x, samples), (asked, others) = spurious(rng, 64, True), spurious(rng, 400, False)
    torch.manual_seed(seed)
    made = head("care", "safety", size=32)
    net, rows = made.module(32), batch(made, *samples)
    net.begin(x, rows)  # type: ignore[operator]
    objective = build({**OBJECTIVE, "perpendicular": perpendicular}, Objective)  # type: ignore[type-abstract]
    optimizer = torch.optim.AdamW(net.parameters(), lr=1e-2, weight_decay=0.01)
    for _ in range(100):
        optimizer.zero_grad()
        objective.loss(net(x), rows)[0].backward()
        optimizer.step()
    found = parts(net.eval()(asked).detach(), made)
    won = [
        found[("care", "safety")[i % 2]][2 * i] > found[("care", "safety")[i % 2]][2 * i + 1]
        for i in range(len(others))
    ]
    return float(np.mean([float(w) for w in won]))


def test_the_off_axis_term_does_not_hurt_where_a_direction_is_spurious() -> None:
    gains = [held_out(seed, 0.1) - held_out(seed, 0.0) for seed in range(6)]
    assert float(np.mean(gains)) >= 0, gains
