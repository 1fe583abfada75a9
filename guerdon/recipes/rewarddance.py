"""RewardDance: Reward Scaling in Visual Generation (arXiv:2509.08826).

Claim: a reward that is the model's own probability of answering yes, when shown the candidate beside a reference and the
criteria, beats a regressed score (FLUX.1-dev alignment 70.8 point-wise regressive, 71.6 point-wise generative, 73.0
comparative), the best of 16 by wins are the references to take (83.6 against 80.6 for the worst), and a reward that is being
hacked shows in the fall of its spread.

toy, text side: (1) answers of the simulated world `guerdon.simulation.relative` that tell their quality; a small random decoder
learns to answer the comparative question, and the point-wise one; accuracy on held-out pairs, and the comparison's position
bias. (2) references chosen by wins under a noisy, leaning comparison of 16 candidates: how many of the true best two.
(3) a policy that climbs a regressed reward with a spurious dimension: the flag of the spread, and what became of the true
quality. Three seeds each. Controls: shuffled labels (1), a comparison that knows nothing (2), a reward without the spurious
dimension (3), which must raise no flag. That a comparison beats a point-wise score is not shown at this scale: a decoder
with random weights does not learn to compare within it. paper: Qwen3-4B on Skywork's preferences as comparisons, on a GPU.
"""

from __future__ import annotations

import json
import math
import random
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from guerdon.core.build import build
from guerdon.core.concurrency import run_sync
from guerdon.core.contracts import Fit, Reward, Stage
from guerdon.core.grain import pointwise
from guerdon.core.specfile import CHECKPOINT_FILE
from guerdon.core.types import Evidence, Judgement, Response, Sample, sample
from guerdon.curation.best_references import BestReferences
from guerdon.data.read import read_samples
from guerdon.metrics.position_bias import position_bias
from guerdon.metrics.reward_spread import spread
from guerdon.models.question import WORDS
from guerdon.recipes._paper import Paper
from guerdon.recipes._training import mean
from guerdon.simulation.decoder import small_decoder
from guerdon.simulation.relative import RelativeWorld

PAPER = Paper(
    slug="rewarddance",
    title="RewardDance: Reward Scaling in Visual Generation",
    arxiv="2509.08826",
    files=(
        "models/heads/yes_no.py",
        "models/question.py",
        "models/objectives/answer.py",
        "curation/comparisons.py",
        "curation/best_references.py",
        "rewards/compose/symmetrised.py",
        "metrics/gsb.py",
        "metrics/position_bias.py",
        "metrics/reward_spread.py",
    ),  # fmt: skip
    claim="a reward can be the model's own P(yes) beside a reference (FLUX.1-dev 70.8 to 73.0), and a hacked one loses its spread",
    published={
        "FLUX.1-dev, point-wise regressive": 70.8,
        "FLUX.1-dev, point-wise generative": 71.6,
        "FLUX.1-dev, comparative": 73.0,
        "references, best 2 of 16": 83.6,
        "references, worst 2 of 16": 80.6,
    },  # fmt: skip
    partial="images and video, training on rationales, ReFL and other policy training, search over noise paths",
)
SEEDS = (0, 1, 2)
TOP, POOL = 2, 16
Rows = dict[str, float]


def run(scale: str) -> Evidence:
    """Measures at a scale: smoke has one seed and fewer pairs."""
    if scale == "paper":
        return _published_setting()
    seeds, pairs, tests, epochs = ((0,), 24, 20, 1.0) if scale == "smoke" else (SEEDS, 240, 150, 4.0)
    answers: dict[str, list[Rows]] = {"comparative": [], "pointwise": [], "shuffled": []}
    biases = []
    for seed in seeds:
        for name in answers:
            world = RelativeWorld(2, "shuffled" if name == "shuffled" else "alone", seed)
            form = "pointwise" if name == "pointwise" else "comparative"
            right, bias = _answered(form, world, pairs, tests, epochs)
            answers[name].append(right)
            biases += [bias] if name == "comparative" else []
    shown = {name: mean(rows) for name, rows in answers.items()}
    chosen, blind = (mean([_references(s, known) for s in seeds]) for known in (True, False))
    hacking, calm = ([_watched(s, spurious) for s in seeds] for spurious in (True, False))
    learns = (
        min(shown["comparative"][1], shown["pointwise"][1]) > 50 and shown["shuffled"][1] <= 50 <= shown["shuffled"][2]
    )
    watches = all(h["flag"] for h in hacking) and not any(c["flag"] for c in calm)
    parts = {"P(yes) orders pairs": learns, "references": chosen[1] > blind[2], "hacking": watches}
    return Evidence(
        measured={
            "pairs right, comparative": shown["comparative"], "pairs right, point-wise": shown["pointwise"],
            "position bias, comparative": [round(b, 3) for b in biases], "true best 2 of 16 among the chosen": chosen,
            "std kept, spurious": _each(hacking, "kept"), "true quality gained, spurious": _each(hacking, "quality"),
        },
        control={
            "pairs right, shuffled labels": shown["shuffled"], "best 2 of 16, blind comparison": blind,
            "std kept, nothing spurious": _each(calm, "kept"), "true quality gained, nothing spurious": _each(calm, "quality"),
        },
        holds=all(parts.values()) if len(seeds) >= 3 else None,
        note=f"per cent with 95 % intervals, seeds {list(seeds)}, {tests} held-out pairs each, all simulated; bias, std (last "
        f"window over first) and quality seed by seed. {'; '.join(f'{k}: {_said(v)}' for k, v in parts.items())}. That the "
        "comparative reward beats the point-wise one is not shown: both order these pairs.",
    )  # fmt: skip


def _said(holds: bool) -> str:
    return "shown" if holds else "not shown"


def _answered(form: str, world: RelativeWorld, pairs: int, tests: int, epochs: float) -> tuple[Rows, float]:
    """The held-out pairs of a small decoder trained to answer: 1 where the better answer has the higher P(yes); and the
    position bias, from both orders of each pair."""
    stage = build({"use": "curation.comparisons"}, Stage)  # type: ignore[type-abstract]
    with tempfile.TemporaryDirectory() as folder:
        texts = [*world.texts(), *WORDS.values(), "yes no", "Assistant: yes", "Assistant: no"] * 4
        backbone = small_decoder(Path(folder) / "decoder", texts, seed=world.seed, vocabulary=700)
        spec = {
            "use": "models.reward_model", "backbone": str(backbone), "tuning": "full", "epochs": epochs, "batch_size": 16,
            "head": {"use": "models.heads.yes_no", "form": form}, "learning_rate": 3e-3, "warmup": 20,
            "objective": {"use": "models.objectives.answer", "label": "yes"}, "scheduler": "constant_with_warmup",
            "validation": 0.0, "seed": world.seed, "batch_tokens": 8192, "device": "cpu",
        }  # fmt: skip
        train = run_sync(stage.apply(world.samples(pairs)))
        model = build(spec, Fit).fit(train, Path(folder) / "model")  # type: ignore[type-abstract]
        reward = build({"use": "rewards.trained", "path": str(model), "device": "cpu"}, Reward)  # type: ignore[type-abstract]
        asked = run_sync(stage.apply(world.samples(tests, part=1)))
        values = [j.values[0] for j in run_sync(reward.score(asked))]
    known = [float("nan") if v is None else v for v in values]
    right = {one.id: float(a > b) for one, a, b in zip(asked[::2], known[::2], known[1::2], strict=True)}
    return right, position_bias(known[::2], known[1::2])


@dataclass(frozen=True)
class Noisy(Reward):
    """σ of the difference of two true qualities plus noise and a lean towards the second; with `known` off only noise."""

    seed: int
    known: bool = True

    @property
    def needs(self) -> frozenset[str]:
        return frozenset({"reference"})

    async def score(self, samples: Sequence[Sample]) -> list[Judgement]:
        return await pointwise(self, samples, self._one)

    def _one(self, one: Sample, response: Response) -> float:
        noise = random.Random(f"{self.seed}:{one.reference}:{response.text}").gauss(0.5, 0.5)  # leans to the second
        gained = float(response.text) - float(one.reference or 0.0)
        return 1 / (1 + math.exp(-(gained * self.known + noise)))


def _references(seed: int, known: bool) -> Rows:
    """For 50 prompts of 16 candidates: the share of the true best two among the two chosen by wins."""
    draw = random.Random(seed)
    prompts = [sample("q", *(repr(draw.gauss(0, 1)) for _ in range(POOL)), id=f"{seed}:{i}") for i in range(50)]
    chosen = run_sync(BestReferences(Noisy(seed, known), k=TOP).apply(prompts))
    found = {}
    for one, kept in zip(prompts, chosen, strict=True):
        best = set(sorted((r.text for r in one.responses), key=float)[-TOP:])
        found[one.id] = len(best & {r.text for r in kept.responses}) / TOP
    return found


def hacked(seed: int, steps: int = 3000, spurious: bool = True) -> list[float]:
    """The reward of each step's output of a policy that climbs a regressed reward; see `climb`."""
    return climb(seed, steps, spurious)[0]


def climb(seed: int, steps: int, spurious: bool) -> tuple[list[float], float]:
    """The rewards of the sampled outputs, and the true quality gained.

    A softmax policy over 200 outputs follows the exact gradient of E[r̂] + H(π). Outputs have a quality q ~ N(0, 1) and a
    style s ~ N(0, 1); two tricks have q = −1 and s = 25. r̂ is a ridge regression of quality on a noisy view of it and, with
    `spurious`, on the style, which goes with quality in the 400 outputs that it was fitted on.
    """
    rng = np.random.default_rng(seed)
    known = rng.normal(size=400)
    seen = np.stack([known + rng.normal(size=400), (known + 0.5 * rng.normal(size=400)) * spurious], 1)
    weights = np.linalg.solve(seen.T @ seen + np.eye(2), seen.T @ known)
    quality, style = rng.normal(size=200), rng.normal(size=200)
    quality[:2], style[:2] = -1.0, 25.0
    reward = np.stack([quality + rng.normal(size=200), style], 1) @ (weights * [1.0, spurious])
    logits, found = np.zeros(200), []
    for _ in range(steps):
        p = np.exp(logits - logits.max())
        p /= p.sum()
        found.append(float(reward[rng.choice(200, p=p)]))
        aim = reward - np.log(p)
        logits += 0.5 * p * 200 * (aim - p @ aim) / 50
    return found, float(p @ quality - quality.mean())


def _watched(seed: int, spurious: bool) -> dict[str, Any]:
    rewards, gained = climb(seed, 3000, spurious)
    seen = spread(rewards, window=200)
    return {"flag": seen.collapsed, "kept": float(seen.std[-1] / seen.std[0]), "quality": gained}


def _each(runs: Sequence[Mapping[str, Any]], name: str) -> list[float]:
    return [round(r[name], 2) for r in runs]


def _published_setting() -> Evidence:
    """Qwen3-4B on Skywork's preferences: the comparative question against the point-wise one, held-out accuracy."""
    stage = build({"use": "curation.comparisons"}, Stage)  # type: ignore[type-abstract]
    pairs = list(read_samples("Skywork/Skywork-Reward-Preference-80K-v0.2"))
    setting = {
        "use": "models.reward_model", "backbone": "Qwen/Qwen3-4B", "tuning": "lora", "dtype": "bfloat16", "epochs": 1,
        "max_length": 4096, "batch_size": 8, "gradient_accumulation": 8, "gradient_checkpointing": True, "validation": 0.02,
        "early_stopping": 0, "objective": {"use": "models.objectives.answer", "label": "yes"},
    }  # fmt: skip
    found = {}
    for form in ("comparative", "pointwise"):
        with tempfile.TemporaryDirectory() as folder:
            spec = {**setting, "head": {"use": "models.heads.yes_no", "form": form}}
            model = build(spec, Fit).fit(run_sync(stage.apply(pairs)), Path(folder) / "model")  # type: ignore[type-abstract]
            said = json.loads((model / CHECKPOINT_FILE).read_text(encoding="utf-8"))
        found[f"held-out answers right, {form}"] = round(100 * said["result"]["eval_answered_right"], 2)
    return Evidence(
        measured={"held-out answers right, comparative": found["held-out answers right, comparative"]},
        control={"held-out answers right, pointwise": found["held-out answers right, pointwise"]},
        holds=found["held-out answers right, comparative"] > found["held-out answers right, pointwise"],
        note="Qwen3-4B, Skywork preferences as comparisons in both directions, per cent, one seed; lr and batch [inferred].",
    )
