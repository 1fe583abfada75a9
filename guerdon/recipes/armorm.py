"""Interpretable Preferences via Multi-Objective Reward Modeling and Mixture-of-Experts (arXiv:2406.12845).

Claim: ridge probes of ratings on a frozen reward model, freed of verbosity and weighed by a gate on the prompt (ArmoRM), score
89.0 on RewardBench, their backbone as a plain reward model 83.6.

toy: seven objectives on the frozen embedded backbone. Four are experts' ratings of SummEval; two say whether annotators of HH-RLHF
chose an answer, asked for the more helpful or for the less harmful one (1 or 0, missing in all other rows, as is_safe of the paper); the
seventh, verbosity, is the logarithm of the answer's words, counted, not rated. Stage 2: HH-RLHF pairs of both kinds without their kind, short prompts;
test: the shipped test pairs, three seeds. The claim holds if the gate is ahead of one fixed weighting of the same objectives and of a
Bradley-Terry reward on the same states by 95 % intervals, and if debiased objectives do not follow length on held-out answers
(Spearman at most 0.1 each). Negative controls: a gate that reads other samples' prompts must not be ahead of the fixed weighting, and
objectives that are not debiased must follow length more. paper: the gate over its 19 released objectives' probes on FsfairX-LLaMA3-RM-v0.1, on a GPU, with
HelpSteer's five attributes, the part of its data that is one hub set.
"""

from __future__ import annotations

import dataclasses
import json
import math
import random
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from guerdon.core.build import build
from guerdon.core.concurrency import run_sync
from guerdon.core.contracts import Reward
from guerdon.core.specfile import CHECKPOINT_FILE
from guerdon.core.types import Evidence, Judgement, Sample
from guerdon.data.read import read_samples
from guerdon.data.split import split_by_prompt
from guerdon.metrics.spearman import spearman
from guerdon.recipes._paper import Paper
from guerdon.recipes._training import SAMPLES, fit, gap, hh_pairs, mean, right
from guerdon.runs.present import judge

PAPER = Paper(
    slug="armorm",
    title="Interpretable Preferences via Multi-Objective Reward Modeling and Mixture-of-Experts",
    arxiv="2406.12845",
    files=(
        "models/probe.py", "models/gating.py", "models/heads/gated.py", "models/heads/ratings.py", "metrics/debias.py",
        "metrics/spearman.py", "rewards/trained.py",
    ),
    claim="debiased linear objectives under a prompt gate beat the plain reward model they are probed from (RewardBench)",
    published={
        "ArmoRM": 89.0, "its backbone": 83.6, "Chat": 96.9, "Chat Hard": 76.8, "Safety": 92.2, "Reasoning": 97.3,
        "prior sets": 74.3,
    },
    partial="of the 19 objectives' eight data sets, paper scale probes HelpSteer's five",
)  # fmt: skip
BACKBONE, RATINGS, PAIRS = (
    "sfairXC/FsfairX-LLaMA3-RM-v0.1",
    "nvidia/HelpSteer",
    "allenai/ultrafeedback_binarized_cleaned",
)
SEEDS, WORDS, ALL = (0, 1, 2), 60, 10**6
SUMMEVAL, KINDS, VERBOSITY = ("coherence", "consistency", "fluency", "relevance"), ("helpful", "harmless"), "verbosity"
NAMES = (*SUMMEVAL, *KINDS, VERBOSITY)
FOLLOWS = 0.1  # of a debiased objective on answers that λ was not found on
FEW = 5e-2  # rate of the fixed weighting, whose seven numbers would hardly move at the gate's
READ, GATE = ("response:mean@3",), ("prompt:mean@3",)
GATED, FIXED, ONE, BLIND = "gate", "fixed weighting", "Bradley-Terry reward", "gate on other samples' prompts"


def run(scale: str) -> Evidence:
    """Measures at a scale: smoke takes 12 pairs of each kind, 6 articles, few steps and one seed."""
    if scale == "paper":
        return _published()
    small = scale == "smoke"
    train, articles, steps, seeds = (12, 6, 4, SEEDS[:1]) if small else (ALL, 100, 120, SEEDS)
    pairs = [s for kind in KINDS for s in short_pairs("train", train, kind)]
    held = [s for kind in KINDS for s in short_pairs("test", train, kind)]
    found: dict[str, list[dict[str, float]]] = {}
    length: dict[str, list[dict[str, float]]] = {}
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)
        probe = fit(probe_spec(), [*summaries(articles), *chosen(pairs)], out / "probe")
        probed = json.loads((probe / CHECKPOINT_FILE).read_text(encoding="utf-8"))["result"]
        for seed in seeds:
            for name, model in arms(probe, pairs, steps, seed, out / str(seed)).items():
                shown = dealt(held, seed) if name == BLIND else held
                found.setdefault(name, []).append(right(model, shown))
            following(out / str(seed) / GATED, held, length)
    return _evidence(found, length, probed, len(pairs), seeds)


def short_pairs(part: str, count: int, kind: str) -> list[Sample]:
    """Pairs whose prompt has at most WORDS words."""
    return [s for s in hh_pairs(part, ALL, kind) if len(s.prompt_text.split()) <= WORDS][:count]


def words(text: str) -> float:
    """The verbosity of an answer: log(1 + words)/6, about 0 to 1."""
    return math.log1p(len(text.split())) / 6


def summaries(articles: int) -> list[Sample]:
    """The shipped summaries with their experts' ratings and verbosity."""
    made = []
    for s in read_samples(SAMPLES / "summeval" / "ratings.jsonl.gz", limit=articles):
        rows = [{**{n: r.labels[n] for n in SUMMEVAL}, VERBOSITY: words(r.text)} for r in s.responses]
        made.append(_labelled(s, rows))
    return made


def chosen(pairs: Sequence[Sample]) -> list[Sample]:
    """Both answers of each pair, with 1 or 0 for what the annotators were asked for, and verbosity."""
    made = []
    for s in pairs:
        better, kind = s.preferences[0].better, str(s.context["subset"])
        rows = [{kind: float(i == better), VERBOSITY: words(r.text)} for i, r in enumerate(s.responses)]
        made.append(dataclasses.replace(_labelled(s, rows), preferences=()))
    return made


def _labelled(sample: Sample, rows: Sequence[Mapping[str, float]]) -> Sample:
    given = zip(sample.responses, rows, strict=True)
    return dataclasses.replace(sample, responses=tuple(dataclasses.replace(r, labels=dict(row)) for r, row in given))


def probe_spec() -> dict[str, Any]:
    """Stage 1: the experts' 1 … 5 as 0 … 1, the rest as it is."""
    scales = dict.fromkeys(SUMMEVAL, (-1.0, 4.0))
    return {"use": "models.probe", "labels": NAMES, "read": READ, "scales": scales, "device": "cpu"}


def arms(probe: Path, pairs: Sequence[Sample], steps: int, seed: int, out: Path) -> dict[str, Path]:
    """The gate, one weighting for all prompts, a gate on others' prompts, and a plain reward on the same states."""
    spec = {
        "use": "models.gating", "init": str(probe), "verbosity": VERBOSITY, "gate": GATE, "gate_hidden": [128], "standardise": True,
        "temperature": 1.0, "steps": steps, "batch_size": 256, "early_stopping": 8, "seed": seed, "device": "cpu",
    }  # fmt: skip
    single = {
        "use": "models.reward_model", "head": {"use": "models.heads.scalar", "read": READ, "standardise": True, "input_dropout": 0.2},
        "learning_rate": 3e-4, "weight_decay": 1.0, "batch_size": 256, "warmup": 0, "scheduler": "constant", "epochs": max(1, steps // 6),
        "early_stopping": 8, "validation": 0.2, "seed": seed, "device": "cpu",
    }  # fmt: skip
    return {
        GATED: fit(spec, pairs, out / GATED),
        FIXED: fit({**spec, "gate": [], "learning_rate": FEW}, pairs, out / FIXED),
        ONE: fit(single, pairs, out / ONE),
        BLIND: fit(spec, dealt(pairs, seed), out / "blind"),
    }


def dealt(samples: Sequence[Sample], seed: int) -> list[Sample]:
    """The same answers and preferences under each other's prompts."""
    prompts = [s.prompt for s in samples]
    random.Random(seed).shuffle(prompts)
    return [dataclasses.replace(s, prompt=p) for s, p in zip(samples, prompts, strict=True)]


def following(folder: Path, held: Sequence[Sample], into: dict[str, list[dict[str, float]]]) -> None:
    """Spearman's ρ of every objective with the answer's words, as probed and debiased."""
    start = json.loads((folder / "start" / CHECKPOINT_FILE).read_text(encoding="utf-8"))["penalties"]
    reward = build({"use": "rewards.trained", "path": str(folder), "cache": True, "device": "cpu"}, Reward)  # type: ignore[type-abstract]
    judged: Sequence[Judgement] = run_sync(judge(reward, held))
    rows = [
        (s.parts, words(r.text))
        for j, x in zip(judged, held, strict=True)
        for s, r in zip(j.scores, x.responses, strict=True)
    ]
    rows = [(parts, n) for parts, n in rows if parts]
    lengths = [n for _, n in rows]
    for name, share in (("as probed", 0.0), ("debiased", 1.0)):
        found = {}
        for objective in (n for n in NAMES if n != VERBOSITY):
            taken = share * start[objective]
            values = [(p[objective] or 0.0) - taken * (p[VERBOSITY] or 0.0) for p, _ in rows]
            found[objective] = round(spearman(np.array(values), np.array(lengths)) or 0.0, 3)
        into.setdefault(name, []).append(found)


def _evidence(
    found: Mapping[str, list[dict[str, float]]], length: Mapping[str, list[dict[str, float]]], probed: Mapping[str, Any],
    pairs: int, seeds: Sequence[int],
) -> Evidence:  # fmt: skip
    measured: dict[str, Any] = {name: mean(rows) for name, rows in found.items() if name != BLIND}
    ahead = {f"{GATED} − {name}": gap(found[GATED], found[name]) for name in (FIXED, ONE)}
    measured |= ahead
    most = {name: max(v for row in rows for v in row.values()) for name, rows in length.items()}
    measured |= {"most that a debiased objective follows length": most["debiased"]}
    errors = {n: v["validation_mse"] for n, v in probed.items()}
    measured |= {f"error of the probe, {n}": round(e, 4) for n, e in errors.items() if e is not None}
    blind = gap(found[BLIND], found[FIXED])
    control = {
        BLIND: mean(found[BLIND]), f"{BLIND} − {FIXED}": blind, "most that an objective as probed follows length": most["as probed"],
    }  # fmt: skip
    wins, free = all(a[1] > 0 for a in ahead.values()), most["debiased"] <= FOLLOWS < most["as probed"]
    said = "The gate is ahead of both." if wins else "The intervals do not put the gate ahead of both."
    said += " Debiased objectives do not follow length." if free else " Whether debiasing frees of length is not shown."
    return Evidence(
        measured=measured, control=control, holds=wins and free and blind[1] <= 0 if len(seeds) >= 3 else None,
        note=f"HH-RLHF, {pairs} pairs, {len(seeds)} seed(s); per cent with 95 % intervals over test pairs. " + said,
    )  # fmt: skip


def _published() -> Evidence:
    """HelpSteer's five attributes probed on the paper's backbone, the gate on UltraFeedback's pairs, held-out prompts."""
    names = ("helpfulness", "correctness", "coherence", "complexity", VERBOSITY)
    parts = split_by_prompt(read_samples(PAIRS, split="train_prefs"), {"train": 0.9, "test": 0.1})
    shared = {"read": ["last"], "dtype": "bfloat16", "max_length": 4096}
    probe = {
        "use": "models.probe",
        "backbone": BACKBONE,
        "labels": names,
        "scales": dict.fromkeys(names, (0.5, 5.0)),
        **shared,
    }
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)
        first = fit(probe, read_samples(RATINGS, split="train"), out / "probe")
        spec = {"use": "models.gating", "init": str(first), "verbosity": VERBOSITY}
        found = {
            GATED: [right(fit(spec, parts["train"], out / "gate"), parts["test"])],
            FIXED: [right(fit({**spec, "gate": []}, parts["train"], out / "fixed"), parts["test"])],
        }
    ahead = gap(found[GATED], found[FIXED])
    return Evidence(
        measured={name: mean(rows) for name, rows in found.items()} | {f"{GATED} − {FIXED}": ahead}, holds=ahead[1] > 0,
        note=f"{BACKBONE}, probed on {RATINGS}, gate trained on {PAIRS}; held-out prompts, not RewardBench.",
    )  # fmt: skip
