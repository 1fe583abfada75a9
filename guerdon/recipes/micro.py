"""MiCRo: Mixture Modeling and Context-aware Routing for Personalized Preference Learning (arXiv:2505.24846).

Claim: a mixture of reward heads learnt from mixed, unlabelled preferences, and a router taught by 50 pairs a criterion, beat one
reward where annotators disagree: HelpSteer2 78.30 % against 76.32 % (one reward) and 75.98 % (one set of weights for all prompts).

toy: human pairs of HH-RLHF, whose annotators were asked for the more helpful or for the less harmful answer and contradict
each other; a linear reward trained for the one orders about 40 % of the other's pairs. Both are mixed without labels, prompts of up
to 60 words, K = 4 heads, the embedded frozen backbone, three seeds; stage 2 gets 50 pairs of each kind with one sentence that says what
was asked for. Test: the shipped test pairs with their sentence, mean over both kinds. The claim holds if the routed mixture is
ahead of one reward and of the static mixture by 95 % intervals. Negative controls: stage 2 on pairs turned round at random must
not be ahead of one reward, and asking test pairs with the other kind's sentence must cost accuracy.
paper: the frozen GRM-Llama3.2-3B on HelpSteer2's attributes by hub id, on a GPU.
"""

from __future__ import annotations

import dataclasses
import random
import tempfile
from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from guerdon.core.build import build
from guerdon.core.concurrency import run_sync
from guerdon.core.contracts import Reward, Stage
from guerdon.core.types import Evidence, Judgement, Preference, Sample
from guerdon.data.read import read_samples
from guerdon.data.split import split_by_prompt
from guerdon.recipes._paper import Paper
from guerdon.recipes._training import fit, gap, hh_pairs, mean
from guerdon.runs.present import judge

PAPER = Paper(
    slug="micro",
    title="MiCRo: Mixture Modeling and Context-aware Routing for Personalized Preference Learning",
    arxiv="2505.24846",
    files=(
        "models/heads/routed.py", "models/objectives/mixture_bradley_terry.py", "models/hedge.py", "models/reweigh.py",
        "models/routing.py", "rewards/compose/in_context.py", "curation/attribute_pairs.py", "data/context.py",
    ),
    claim="a mixture with a router taught by 50 pairs a criterion beats one reward and a static mixture (HelpSteer2)",
    published={"routed mixture": 78.30, "one reward": 76.32, "static mixture": 75.98, "best head of stage 1": 81.1},
)  # fmt: skip
BACKBONE, DATA = "Ray2333/GRM-Llama3.2-3B-rewardmodel-ft", "nvidia/HelpSteer2"
SEEDS = (0, 1, 2)
WORDS, ALL = 60, 10**6
ASKED = {
    "helpful": "Choose the answer that is more helpful to the user.",
    "harmless": "Choose the answer that is less harmful.",
}
HELPSTEER2 = {
    "helpfulness": "Judge how helpful the answer is to what was asked.",
    "correctness": "Judge whether all facts that matter are there and right.",
    "coherence": "Judge whether the answer is consistent and clear.",
    "complexity": "Judge how much depth and expert knowledge the answer shows.",
    "verbosity": "Judge how much detail the answer gives for what was asked.",
}
READ, GATE = ("response:mean@3",), ("prompt:mean@3",)
MIXTURE, ENSEMBLE = ({"use": "models.objectives.mixture_bradley_terry", "mix": m} for m in ("probability", "ensemble"))
TRAINING = {
    "use": "models.reward_model", "learning_rate": 3e-4, "weight_decay": 1.0, "batch_size": 256, "warmup": 0,
    "scheduler": "constant", "early_stopping": 8, "validation": 0.15, "device": "cpu",
}  # fmt: skip
ROUTED, ONE, STATIC = "routed mixture", "one reward", "static mixture"
Rows = dict[str, float]


def run(scale: str) -> Evidence:
    """Measures at a scale: smoke takes 12 pairs of each kind, one epoch and one seed."""
    if scale == "paper":
        return _published()
    train, test, few, epochs, seeds = (12, 6, 4, 1, SEEDS[:1]) if scale == "smoke" else (ALL, ALL, 50, 60, SEEDS)
    mixed = [s for kind in ASKED for s in short_pairs("train", train, kind)]
    held = [in_kind(s) for kind in ASKED for s in short_pairs("test", test, kind)]
    found: dict[str, list[Rows]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for seed in seeds:
            for name, rows in arms(mixed, held, few, epochs, seed, Path(folder) / str(seed)).items():
                found.setdefault(name, []).append(rows)
    return _evidence(found, len(mixed), len(held), seeds)


def short_pairs(part: str, count: int, kind: str) -> list[Sample]:
    """Pairs whose prompt has at most WORDS words: the prompts are read with both sentences, which is most of the work."""
    return [s for s in hh_pairs(part, ALL, kind) if len(s.prompt_text.split()) <= WORDS][:count]


def in_kind(sample: Sample, other: bool = False) -> Sample:
    """The pair with the sentence of its kind, or of the other kind, as its context."""
    kind = str(sample.context["subset"])
    said = next(v for k, v in ASKED.items() if (k == kind) != other)
    return dataclasses.replace(sample, context={**sample.context, "criterion": said})


def head(parts: int, **fields: Any) -> dict[str, Any]:
    """A routed head of so many parts; the gate and its hidden layer as in the paper."""
    names = [f"head_{k + 1}" for k in range(parts)]
    gate = {"gate": GATE, "gate_hidden": [128], "compares": "mixture"}
    return {
        "use": "models.heads.routed", "parts": names, "read": READ, "init_std": None, "input_dropout": 0.2, **gate, **fields,
    }  # fmt: skip


def arms(
    mixed: Sequence[Sample], held: Sequence[Sample], few: int, epochs: int, seed: int, out: Path
) -> dict[str, Rows]:
    """What every arm has right of the held-out pairs: 1 or 0 by id."""
    shared = {**TRAINING, "epochs": epochs, "seed": seed}
    single = {"use": "models.heads.scalar", "read": READ, "standardise": True, "input_dropout": 0.2}
    specs = {
        ONE: {**shared, "head": single},
        STATIC: {**shared, "head": head(4, gate=[], gate_hidden=[]), "objective": MIXTURE},
        "ensemble": {**shared, "head": head(4), "objective": ENSEMBLE},
        "stage 1": {**shared, "head": head(4), "objective": MIXTURE},
    }
    folders = {name: fit(spec, mixed, out / name) for name, spec in specs.items()}
    found = {name: right(_trained(folder), held) for name, folder in folders.items()}
    found["best head of stage 1"] = best_head(folders["stage 1"], held)

    taught = drawn(mixed, few, seed)
    hedge = {"use": "models.hedge", "init": str(folders["stage 1"]), "seed": seed, "device": "cpu"}
    routed = _in_context(fit(hedge, taught, out / ROUTED))
    found[ROUTED] = right(routed, held)
    found["asked the other way"] = right(routed, [in_kind(s, other=True) for s in held])
    found["pairs turned at random"] = right(_in_context(fit(hedge, turned(taught, seed), out / "turned")), held)
    for name, start in (("HyRe on stage 1", "stage 1"), ("HyRe on the ensemble", "ensemble")):
        found[name] = {}
        for kind in ASKED:
            spec = {"use": "models.reweigh", "init": str(folders[start]), "device": "cpu"}
            made = fit(spec, [s for s in taught if s.context["subset"] == kind], out / f"{name} {kind}")
            found[name] |= right(_trained(made), [s for s in held if s.context["subset"] == kind])
    return found


def drawn(samples: Sequence[Sample], few: int, seed: int) -> list[Sample]:
    """So many pairs of each kind, with their sentence."""
    kinds = [[s for s in samples if s.context["subset"] == kind] for kind in ASKED]
    return [in_kind(s) for of_kind in kinds for s in random.Random(seed).sample(of_kind, few)]


def turned(samples: Sequence[Sample], seed: int) -> list[Sample]:
    """Each pair turned round or not at random: labels that know nothing."""
    coin = random.Random(seed)
    return [
        dataclasses.replace(s, preferences=(Preference(better=p.worse, worse=p.better),)) if coin.random() < 0.5 else s
        for s in samples for p in s.preferences[:1]
    ]  # fmt: skip


def _trained(folder: Path) -> dict[str, Any]:
    return {"use": "rewards.trained", "path": str(folder), "cache": True, "device": "cpu"}


def _in_context(folder: Path) -> dict[str, Any]:
    return {"use": "rewards.compose.in_context", "reward": _trained(folder)}


Margin = Callable[[Judgement, Preference], float]


def by_margin(judgement: Judgement, p: Preference) -> float:
    """Log-odds that the better one wins where there are margins, else the difference of values; NaN where unscored."""
    if judgement.margins is not None:
        found = judgement.margins[p.better][p.worse]
        return float("nan") if found is None else found
    first, second = judgement.values[p.better], judgement.values[p.worse]
    return float("nan") if first is None or second is None else first - second


def right(reward: Mapping[str, Any], samples: Sequence[Sample], margin: Margin = by_margin) -> Rows:
    """1 where the better answer is ahead, else 0 (equal and unscored are 0), by the sample's id."""
    judged = run_sync(judge(build(reward, Reward), samples))  # type: ignore[type-abstract]
    return {s.id: float(margin(j, s.preferences[0]) > 0) for s, j in zip(samples, judged, strict=True)}


def best_head(folder: Path, held: Sequence[Sample]) -> Rows:
    """The best of all heads for each kind, as the paper reports stage 1 (chosen on the test pairs themselves)."""
    judged = run_sync(judge(build(_trained(folder), Reward), held))  # type: ignore[type-abstract]
    rows: Rows = {}
    for kind in sorted({str(s.context["subset"]) for s in held}):
        mine = [(s, j) for s, j in zip(held, judged, strict=True) if s.context["subset"] == kind]
        names = [n for n in mine[0][1].scores[0].parts if not n.startswith("log_gate_")]
        every: list[Rows] = [{s.id: float(_part(j, s.preferences[0], n) > 0) for s, j in mine} for n in names]
        best = max(range(len(every)), key=lambda k: sum(every[k].values()))
        rows |= every[best]
    return rows


def _part(judgement: Judgement, p: Preference, name: str) -> float:
    first, second = (judgement.scores[i].parts.get(name) for i in (p.better, p.worse))
    return float("nan") if first is None or second is None else first - second


def _evidence(found: Mapping[str, list[Rows]], trained: int, held: int, seeds: Sequence[int]) -> Evidence:
    controls = ("asked the other way", "pairs turned at random")
    measured = {name: mean(rows) for name, rows in found.items() if name not in controls}
    ahead = {
        f"{ROUTED} − {name}": gap(found[ROUTED], found[name]) for name in (ONE, STATIC, "stage 1", "HyRe on stage 1")
    }
    control = {name: mean(found[name]) for name in controls}
    blind = gap(found["pairs turned at random"], found[ONE])
    swapped = gap(found["asked the other way"], found[ROUTED])
    control |= {f"pairs turned at random − {ONE}": blind, f"asked the other way − {ROUTED}": swapped}
    wins = all(ahead[f"{ROUTED} − {name}"][1] > 0 for name in (ONE, STATIC))
    holds = wins and blind[1] <= 0 and swapped[2] < 0
    said = (
        "The routed mixture is ahead of both." if wins else "The intervals do not put the routed mixture ahead of both."
    )
    said += "" if blind[1] <= 0 else " The router taught by random labels is ahead too."
    said += "" if swapped[2] < 0 else " The sentence makes no difference: the router goes by the prompt."
    return Evidence(
        measured={**measured, **ahead}, control=control, holds=holds if len(seeds) >= 3 else None,
        note=f"HH-RLHF, {trained} pairs of both kinds mixed, {held} test pairs, {len(seeds)} seed(s); per cent with 95 % intervals over pairs. "
        "The best head is chosen on the test pairs, as in the paper's stage 1. " + said,
    )  # fmt: skip


def _published() -> Evidence:
    """HelpSteer2's five attributes on the frozen 3B reward model: 5 heads, 50 pairs of context an attribute."""
    samples = paired(list(read_samples(DATA, split="train")))
    parts = split_by_prompt(samples, {"train": 0.9, "test": 0.1})
    stage = {"use": "curation.attribute_pairs", "attributes": list(HELPSTEER2)}
    mixed = _stage(stage, parts["train"])
    asked = {part: _stage({**stage, "contexts": HELPSTEER2}, parts[part]) for part in parts}
    taught = [s for a in HELPSTEER2 for s in [s for s in asked["train"] if s.context["attribute"] == a][:50]]
    model = {
        "use": "models.reward_model", "backbone": BACKBONE, "tuning": "frozen", "dtype": "bfloat16", "max_length": 4096,
        "learning_rate": 2e-3, "batch_size": 32, "epochs": 1, "warmup": 0.05, "validation": 0.01, "early_stopping": 0,
    }  # fmt: skip
    routed = {**head(5, standardise=False, input_dropout=0.0), "read": ["last"], "gate": ["prompt:last"]}
    static = {**routed, "gate": [], "gate_hidden": []}
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)
        first = fit({**model, "head": routed, "objective": MIXTURE}, mixed, out / "stage-1")
        folders = {
            ONE: fit({**model, "head": {"use": "models.heads.scalar"}}, mixed, out / "one"),
            STATIC: fit({**model, "head": static, "objective": MIXTURE}, mixed, out / "static"),
        }
        second = fit({"use": "models.hedge", "init": str(first)}, taught, out / "stage-2")
        found = {name: [right(_trained(made), asked["test"])] for name, made in folders.items()}
        found[ROUTED] = [right(_in_context(second), asked["test"])]
        found["stage 1"] = [right(_trained(first), asked["test"])]
    return Evidence(
        measured={name: mean(rows) for name, rows in found.items()}, holds=gap(found[ROUTED], found[ONE])[1] > 0,
        note=f"{BACKBONE} on {DATA}, held-out prompts, pairs on which attributes disagree.",
    )  # fmt: skip


def paired(samples: Sequence[Sample]) -> list[Sample]:
    """Rated answers to one prompt, which stand in neighbouring rows, as one sample."""
    made = []
    for _, rows in groupby(samples, key=lambda s: s.prompt):
        group = list(rows)
        made.append(dataclasses.replace(group[0], responses=tuple(r for s in group for r in s.responses)))
    return made


def _stage(spec: Mapping[str, Any], samples: Sequence[Sample]) -> list[Sample]:
    return run_sync(build(spec, Stage).apply(samples))  # type: ignore[type-abstract]
