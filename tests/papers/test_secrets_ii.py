"""Secrets of RLHF II (arXiv 2401.06080): the known answers of voting, repair, contrastive learning and MetaRM."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from guerdon.core.build import build
from guerdon.core.concurrency import run_sync
from guerdon.core.contracts import Fit, Objective, Reward, Stage, Update
from guerdon.core.types import Preference, Sample, sample
from guerdon.data.detect import detect, format_named
from guerdon.data.flips import flip, flips
from guerdon.data.votes import strength, with_votes
from guerdon.models.batch import Batch
from tests.models.linear import groups, learner, pairs, weight

CHOSEN = (3.71875, 0.58984375, 3.390625, 0.0068054, -0.6953125, 1.0390625, 1.4140625, 0.8359375, 3.078125, 2.0)
REJECTED = (3.546875, 0.9921875, 2.125, -0.3300781, 1.171875, 1.2578125, 1.078125, 1.0546875, 3.546875, 2.265625)
ROW = {
    "chosen": ["what are some pranks?", "Practical jokes?", "yep", "Ok, here are some."],
    "rejected": ["what are some pranks?", "Practical jokes?", "yep", "No."],
    "mean preference difference": -0.13311, "std preference difference": 0.75596,
    "chosen score list": list(CHOSEN), "rejected score list": list(REJECTED), "GPT4 label": 1,
}  # fmt: skip


def objective(**spec: Any) -> Objective:
    return build(spec, Objective)  # type: ignore[type-abstract]


def stage(**spec: Any) -> Stage:
    return build(spec, Stage)  # type: ignore[type-abstract]


def bt(delta: float, margin: float = 0.0, prob: float = 1.0, **fields: Any) -> float:
    made = objective(use="models.objectives.bradley_terry", **fields)
    out = torch.tensor([[delta], [0.0]], dtype=torch.float64)
    return float(made.loss(out, Batch.of_pairs([(0, 1)], margin=[margin], prob=[prob]))[0])


def published() -> Sample:
    assert detect([ROW]) == "voted_pair"
    return format_named("voted_pair").read(ROW, "row")


def test_the_published_row() -> None:
    found = strength(published(), published().preferences[0])
    assert found is not None and found[0] == pytest.approx(-0.13311, abs=1e-5)
    assert found[1] == pytest.approx(0.75596, abs=1e-5), "the standard deviation is the population's"
    repaired = run_sync(stage(use="curation.repair_by_votes", flip="negative", margin="all").apply([published()]))[0]
    assert repaired.context["votes"][0]["agree"] == 6, "of ten after the flip: 4 agree with the label as published"
    [preference] = repaired.preferences
    assert (preference.better, preference.worse) == (1, 0) and preference.margin == pytest.approx(0.13311, abs=1e-5)


def test_the_stage_votes_as_the_published_lists_say() -> None:
    """Ten stored rewards that give the row's scores have its strength."""
    plain = replace(published(), responses=tuple(replace(r, labels={}) for r in published().responses))
    lengths = [{"use": "rewards.verifiers.length", "unit": u} for u in ("words", "characters")]
    voted = run_sync(stage(use="curation.vote_strength", members=lengths).apply([plain]))[0]
    values = [run_sync(build(m, Reward).score([plain]))[0].values for m in lengths]  # type: ignore[type-abstract]
    each = [v[0] - v[1] for v in values if v[0] is not None and v[1] is not None]
    assert voted.context["votes"] == [
        {"mean": pytest.approx(np.mean(each)), "std": pytest.approx(np.std(each)), "differences": each, "agree": sum(d > 0 for d in each)}
    ]  # fmt: skip


def test_label_smoothing() -> None:
    assert bt(2.0, label_smoothing=0.1) == pytest.approx(0.32693, abs=1e-5) == bt(2.0, prob=0.9)
    around = {d: bt(d, label_smoothing=0.1) for d in (1.9, math.log(9), 2.5, 10.0)}
    assert min(around, key=lambda d: around[d]) == math.log(9), "the least loss is at log 9, not at infinity"
    assert bt(2.0, label_smoothing=0.0) == pytest.approx(math.log1p(math.exp(-2.0)))
    assert bt(0.0, prob=0.5) < bt(0.1, prob=0.5) == pytest.approx(bt(-0.1, prob=0.5))


def test_the_adaptive_margin() -> None:
    assert bt(1.0, margin=2.0) == pytest.approx(1.3133, abs=1e-4)
    assert bt(1.0, margin=0.0) == pytest.approx(math.log1p(math.exp(-1.0)))


def test_the_released_loss() -> None:
    """−log(σ(Δ) + 1e-5): as Bradley-Terry nearby, and bounded by log(1e5) with a gradient that dies far off."""
    assert bt(2.0, floor=1e-5) == pytest.approx(-math.log(1 / (1 + math.exp(-2)) + 1e-5), abs=1e-9)
    assert bt(-60.0, floor=1e-5) == pytest.approx(math.log(1e5), abs=1e-4) and bt(-60.0) == pytest.approx(60.0)


def spread(*rewards: float) -> float:
    """J of one prompt."""
    made = objective(use="models.objectives.difference")
    group = Sample(id="s", prompt=pairs(1)[0].prompt, responses=pairs(1)[0].responses[:1] * len(rewards))
    return -float(made.loss(torch.tensor(rewards)[:, None], Batch.of([group]))[0])


def test_the_difference_objective() -> None:
    assert spread(0, 1, 2) == pytest.approx(0.52065, abs=1e-5)
    assert spread(5, 5, 5) == pytest.approx(1 / 3) and spread(1, 1) == pytest.approx(0.25)
    assert spread(7, 5, 6) == pytest.approx(spread(0, 1, 2), abs=1e-6), "shifts and orders change nothing"
    two = Batch.of([sample("q", "a", "b", id="0"), sample("p", "a", "b", "c", id="1"), sample("p", "a", id="2")])
    made = objective(use="models.objectives.difference")
    out = torch.tensor([1.0, 1.0, 0.0, 1.0, 2.0, 9.0])[:, None]
    assert float(made.loss(out, two)[0]) == pytest.approx(-(0.25 + 0.52065) / 2, abs=1e-5), "the mean over prompts"
    assert made.items(two) == 2  # type: ignore[attr-defined]


D, S = np.array([[1.0, 0.5], [-0.5, 2.0], [0.3, -1.0]]), np.array([[2.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
START = np.array([0.2, -0.4])


def sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


def meta(**fields: Any) -> tuple[np.ndarray, dict[str, float]]:
    """The weights after one step with the three pairs D and one prompt whose responses have the rows S."""
    samples = [*pairs(3), sample("p", "x", "y", "z", id="shifted")]
    data = groups(samples, [*(np.stack([d, 0 * d]) for d in D), S])
    model = learner(data, 2, weights=START.tolist(), rate=0.1)
    made: Any = build({"use": "models.meta_update", **fields}, Update)  # type: ignore[type-abstract]
    return (made.step({"model": model}, samples), weight(model))[::-1]


def loss_gradient(w: np.ndarray) -> np.ndarray:
    found: np.ndarray = -(sigmoid(-D @ w)[:, None] * D).mean(0)
    return found


def ascended(w: np.ndarray, eta: float) -> np.ndarray:
    """θ + η∇J by hand."""
    gradient = np.zeros(2)
    for i in range(3):
        for j in range(i + 1, 3):
            gap = (S[i] - S[j]) @ w
            gradient += 2 / 9 * sigmoid(abs(gap)) * sigmoid(-abs(gap)) * np.sign(gap) * (S[i] - S[j])
    return w + eta * gradient


def test_the_meta_step_takes_the_gradient_at_the_ascended_point_and_applies_it_where_the_model_stands() -> None:
    found, logs = meta(ascent=0.7)
    there = ascended(START, 0.7)
    assert found == pytest.approx(START - 0.1 * loss_gradient(there), abs=1e-6)
    assert logs["loss"] == pytest.approx(float(np.log1p(np.exp(-D @ there)).mean()), abs=1e-6)
    assert logs["difference"] == pytest.approx(spread(*(S @ START)), abs=1e-6)


def test_the_second_order_goes_through_the_ascent() -> None:
    found, _ = meta(ascent=0.7, second_order=True)
    step = 1e-5
    numeric = []
    for k in range(2):
        ends = [START + sign * step * np.eye(2)[k] for sign in (1, -1)]
        losses = [np.log1p(np.exp(-D @ ascended(e, 0.7))).mean() for e in ends]
        numeric.append((losses[0] - losses[1]) / (2 * step))
    assert found == pytest.approx(START - 0.1 * np.array(numeric), abs=1e-5)
    assert found != pytest.approx(meta(ascent=0.7)[0], abs=1e-4)


def test_without_ascent_it_is_plain_training() -> None:
    plain = learner(groups(pairs(3), [np.stack([d, 0 * d]) for d in D]), 2, weights=START.tolist(), rate=0.1)
    plain.train(plain.data.groups)
    for second in (False, True):
        assert meta(ascent=0.0, second_order=second)[0] == pytest.approx(weight(plain), abs=1e-7)


def views(first: Sequence[Sequence[float]], second: Sequence[Sequence[float]], **rest: Any) -> Batch:
    """Pairs (0, 1), (2, 3) … whose responses have these states in both passes."""
    made = Batch.of_pairs([(i, i + 1) for i in range(0, len(first), 2)])
    return replace(made, views=(torch.tensor(first), torch.tensor(second)), **rest)


def test_simcse_by_hand() -> None:
    """Differences (1,0) and (0,1), views turned by nothing: −log[e^(1/τ)/(e^(1/τ) + e^0)] = log(1 + e^(−1/τ))."""
    states = [[1.0, 0.0], [0.0, 0.0], [0.0, 2.0], [0.0, 0.0]]
    made = objective(use="models.objectives.simcse", temperature=0.5)
    assert float(made.loss(torch.zeros(4, 1), views(states, states))[0]) == pytest.approx(
        math.log1p(math.exp(-2)), abs=1e-6
    )
    crossed = [states[2], states[1], states[0], states[1]]
    assert float(made.loss(torch.zeros(4, 1), views(states, crossed))[0]) == pytest.approx(
        2 + math.log1p(math.exp(-2)), abs=1e-6
    )
    apart = objective(use="models.objectives.simcse", temperature=0.5, on="responses")
    both = [[1.0, 0.0], [1.0, 1.0], [0.0, 2.0], [1.0, -1.0]]
    assert float(apart.loss(torch.zeros(4, 1), views(both, both))[0]) == pytest.approx(
        math.log1p(math.exp(-2)), abs=1e-6
    )


def test_swav_by_hand() -> None:
    """Two orthogonal differences, their own directions as prototypes: codes are nearly those of their own prototype."""
    states = [[1.0, 0.0], [0.0, 0.0], [0.0, 2.0], [0.0, 0.0]]
    made = objective(use="models.objectives.swav", prototypes=2, temperature=0.5, sharpness=0.5)
    q = math.exp(2) / (math.exp(2) + 1)  # Sinkhorn leaves the symmetric table as its rows are
    expected = -(q * math.log(q) + (1 - q) * math.log(1 - q))
    found = made.loss(torch.zeros(4, 1), views(states, states, learned=torch.eye(2)))[0]
    assert float(found) == pytest.approx(expected, abs=1e-6)


def toy(seed: int) -> tuple[float, float, float, int]:
    """(share of the flips in the bottom 20 %, accuracy with plain training, after flipping and training again, flips)."""
    rng = np.random.default_rng(seed)
    truth = rng.standard_normal(10)
    d = rng.standard_normal((500, 10))
    d *= np.sign(d @ truth)[:, None] * 3
    order = set(rng.permutation(500)[:100].tolist())
    samples = [flip(s, [i in order]) for i, s in enumerate(pairs(500))]
    inputs = [np.stack([row, 0 * row]) for row in d]

    def trained(given: Sequence[Sample], number: int) -> Any:
        model = learner(groups(given, inputs), 10, seed=number, rate=0.1)
        for epoch in range(5):
            for rows in np.array_split(np.random.default_rng([number, epoch]).permutation(500), 16):
                model.train([given[i] for i in rows])
        return model

    ensemble = [trained(samples, 100 * seed + m) for m in range(10)]
    scores = np.stack([np.stack(inputs) @ weight(m) for m in ensemble], -1)  # [pairs, responses, members]
    voted = [replace(s, responses=tuple(with_votes(r, v) for r, v in zip(s.responses, row, strict=True)))
             for s, row in zip(samples, scores, strict=True)]  # fmt: skip
    repair = stage(use="curation.repair_by_votes", flip="share", flip_share=0.2, smoothing=0.0, margin="none")
    repaired = run_sync(repair.apply(voted))
    found = sum(
        s.preferences != r.preferences and i in order for i, (s, r) in enumerate(zip(voted, repaired, strict=True))
    )
    test = np.random.default_rng(7).standard_normal((20_000, 10))
    right = [
        float((((test @ weight(m)) > 0) == (test @ truth > 0)).mean())
        for m in (trained(samples, 1), trained(repaired, 1))
    ]
    left = sum(flips(s) == (True,) for s in repaired)
    assert left == 100 - found + (100 - found), "the known flips follow: those missed, and right labels turned round"
    return found / 100, *right, left


@pytest.mark.slow
def test_the_toy_of_flipped_linear_pairs() -> None:
    rows = [toy(seed) for seed in range(2)]
    share, plain, repaired, _ = np.mean(rows, 0)
    assert share >= 0.8, "most flips are among the fifth of least strength"
    assert repaired > plain and all(r[2] >= r[1] - 0.005 for r in rows)


def test_bands_are_flipped_smoothed_and_weighed() -> None:
    """Ten pairs of strengths −5 … 4: two flipped, two smoothed, six with a margin; the same with every switch."""
    made = [
        replace(s, responses=tuple(with_votes(r, [v, v + 1]) for r, v in zip(s.responses, (m, 0.0), strict=True)))
        for s, m in zip(pairs(10), range(-5, 5), strict=True)
    ]

    def fields(**switches: Any) -> list[tuple[int, float, float]]:
        found = run_sync(stage(use="curation.repair_by_votes", **switches).apply(made))
        return [(p.better, round(p.margin, 6), round(p.prob, 6)) for s in found for p in s.preferences]

    rest = [(0, float(m), 1.0) for m in range(-1, 5)]
    assert fields() == [(1, 0, 1), (1, 0, 1), (0, 0, 0.9), (0, 0, 0.9), *rest]
    assert [f[0] for f in fields(flip="negative")] == [1] * 5 + [0] * 5 and [f[0] for f in fields(flip="none")] == [
        0
    ] * 10
    assert [f[1] for f in fields(flip="negative", margin="all")] == [5, 4, 3, 2, 1, 0, 1, 2, 3, 4]
    soft = [f[2] for f in fields(flip="none", margin="none", soft="all")]
    assert soft == pytest.approx([float(sigmoid(m)) for m in range(-5, 5)], abs=1e-6)
    assert {f[2] for f in fields(smoothing=0.0)} == {1.0}
    assert fields(flip="none", margin="none", smoothing=0.0) == [(0, 0, 1)] * 10


def test_a_meta_fit_and_a_contrastive_fit_leave_checkpoints(tmp_path: Path) -> None:
    """Through the public calls: both load as `rewards.trained`; the prototypes and the second view leave no trace in it."""
    from tests.models.tiny import pairs as paris

    head = {"use": "models.heads.scalar", "read": ["response:mean"], "hidden": [8], "dropout": 0.2, "standardise": True}
    contrast = [{"use": f"models.objectives.{n}"} for n in ("bradley_terry", "swav")]
    model = {"use": "models.reward_model", "epochs": 5, "batch_size": 8, "validation": 0.0, "device": "cpu", "head": head, "learning_rate": 3e-2}  # fmt: skip
    plain = {**model, "objective": {"use": "models.objectives.weighted_sum", "parts": contrast}}
    meta_fit = {"use": "models.meta_reward_model", "model": model, "update": {"use": "models.meta_update", "ascent": 0.5}, "shifted": 4}  # fmt: skip
    shifted = [sample(f"Tell me about {i}.", f"Well, {i}.", f"No {i}.", f"{i}?", id=f"s{i}") for i in range(6)]
    for name, spec, data in (("contrast", plain, paris(24)), ("meta", meta_fit, [*shifted, *paris(24)])):
        folder = build(spec, Fit).fit(data, tmp_path / name)  # type: ignore[type-abstract]
        reward = build({"use": "rewards.trained", "path": str(folder), "device": "cpu"}, Reward)  # type: ignore[type-abstract]
        judged = run_sync(reward.score(paris(24)))
        won = [
            j.values[p.better] > j.values[p.worse]
            for j, s in zip(judged, paris(24), strict=True)
            for p in s.preferences
        ]  # type: ignore[operator]
        assert np.mean(won) > 0.9, name


def test_flipping_by_votes_keeps_what_is_not_known_unknown() -> None:
    voted = [replace(s, responses=tuple(with_votes(r, [v]) for r, v in zip(s.responses, (-1.0, 0.0), strict=True))) for s in pairs(5)]  # fmt: skip
    known = flip(voted[0], [True])
    repair = stage(use="curation.repair_by_votes", flip="negative")
    found = run_sync(repair.apply([*voted[1:], replace(known, preferences=(Preference(better=0, worse=1),))]))
    assert all("flipped" not in s.context for s in found[:4])
    assert flips(found[4]) == (False,), "a known flip that was turned back is right again"
