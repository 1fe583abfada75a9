"""Eliminating Position Bias of Language Models: A Mechanistic Approach (arXiv:2407.01100).

Claim: position-invariant inference makes a judge's verdict independent of the order of the answers (swap consistency 100 % by
construction) and raises accuracy where position bias costs most: RewardBench's reasoning subset by 8 to 10 points in most cases.

toy: a world in which a question names a subject, two segments state facts under the labels A and B, and the right label is the one
whose segment is about the subject. Tiny decoders, trained for seconds on texts in which the right segment stands first nine times in
ten, learn where to look. Measured on balanced held-out questions, by log-odds of the labels: swap consistency and accuracy where
the right segment stands second, plain and through `engines.pine`, all by 95 % intervals. The claim holds if the consistency is
exactly 100 % and above the plain one, and accuracy in second place rises. Negative control: importance computed after rotary must
be less consistent. paper: Llama-3.2-3B-Instruct on RewardBench's reasoning rows by hub id, on a GPU.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from guerdon.core.build import build
from guerdon.core.concurrency import run_sync
from guerdon.core.contracts import Engine
from guerdon.core.types import Evidence, Request
from guerdon.recipes._paper import Paper
from guerdon.recipes._toy_chat import engine_spec, gap, interval, learned, rendered
from guerdon.recipes.cdr import FACTS, SUBJECTS

PAPER = Paper(
    slug="pine",
    title="Eliminating Position Bias of Language Models: A Mechanistic Approach",
    arxiv="2407.01100",
    files=("engines/pine.py", "models/position_invariant.py", "rewards/judges/labelled_pair.py"),
    claim="a judge that does not see the order of the answers: swap consistency 100 %, reasoning of RewardBench +8 to +10 points",
    published={"RewardBench reasoning, least gain": 8.0, "RewardBench reasoning, most gain": 10.0},
    partial="QM9 and R-GSM experiments; result tables were not read",
)  # fmt: skip
LABELS = ("A", "B")
FIRST = 0.9  # how often the right segment stands first in training
SETTINGS = ("plain", "pine", "importance after rotary")


def run(scale: str) -> Evidence:
    """Measures at a scale: smoke has one seed and less training."""
    if scale == "paper":
        return _published_setting()
    return _toy((0,), 40, 6) if scale == "smoke" else _toy((0, 1, 2), 500, 20)


def _toy(seeds: Sequence[int], steps: int, count: int) -> Evidence:
    found: dict[tuple[str, str], list[dict[str, float]]] = {}
    for seed in seeds:
        for key, row in _figures(seed, steps, count).items():
            found.setdefault(key, []).append(row)
    figures = {key: interval(rows, 1) for key, rows in found.items()}
    plain, pine, broken = SETTINGS
    gained = gap(found["second", pine], found["second", plain], 1)
    steadier = gap(found["consistent", pine], found["consistent", plain], 1)
    lost = gap(found["consistent", pine], found["consistent", broken], 1)
    works = figures["consistent", pine] == [100.0, 100.0, 100.0] and steadier[1] > 0 and gained[1] > 0
    measured: dict[str, Any] = {
        f"{name}, {setting}": figures[key, setting]
        for key, name in (
            ("consistent", "same verdict after a swap"),
            ("second", "right, right one second"),
            ("first", "right, right one first"),
        )
        for setting in (plain, pine)
    }
    measured |= {"consistency gained": steadier, "accuracy in second place gained": gained}
    return Evidence(
        measured=measured, control={f"same verdict after a swap, {broken}": figures["consistent", broken], "consistency lost": lost},
        holds=(works and lost[1] > 0) if len(seeds) >= 3 else None,
        note=f"Per cent; {count} held-out questions a seed, seeds {list(seeds)}, float64, tiny decoders that saw the right segment first "
        f"in {FIRST:.0%} of their training texts." + ("" if gained[1] > 0 else " Accuracy in second place is not shown to rise."),
    )  # fmt: skip


def parts(rng: np.random.Generator) -> tuple[str, list[str], str]:
    """A question, its two segments (the right one first), and the right label."""
    one, two = (int(i) for i in rng.choice(len(SUBJECTS), 2, replace=False))
    names = [LABELS[i] for i in rng.permutation(2)]
    facts = [FACTS[int(rng.integers(len(FACTS)))] for _ in range(2)]
    texts = [f" {n}: {SUBJECTS[s]} have {f}." for n, s, f in zip(names, (one, two), facts, strict=True)]
    return f"Who speaks of {SUBJECTS[one]}?", texts, names[0]


def request(question: str, segments: Sequence[str]) -> Request:
    """The question with its segments marked, and the labels as choices."""
    from guerdon.engines.pine import request_of

    return replace(request_of(question, segments, " Who?"), choices=LABELS)


def _figures(seed: int, steps: int, count: int) -> dict[tuple[str, str], dict[str, float]]:
    from guerdon.models.toy_lm import word_tokenizer

    rng, texts = np.random.default_rng(seed), []
    for _ in range(4000):
        question, segments, label = parts(rng)
        segments = segments if rng.random() < FIRST else segments[::-1]
        texts.append(rendered((("user", request(question, segments).messages[0].text), ("assistant", label))))
    every = [f" {n}: {s} have {f}." for n in LABELS for s, f in zip(SUBJECTS, FACTS, strict=True)]
    tokenizer: Any = word_tokenizer([*texts, *every])
    test = [parts(np.random.default_rng([seed, 7, i])) for i in range(count)]
    found: dict[tuple[str, str], dict[str, float]] = {}
    with engine_spec(learned(tokenizer, texts, steps, seed), tokenizer) as spec:
        for setting in SETTINGS:
            use = {"use": "engines.local" if setting == "plain" else "engines.pine", "dtype": "float64"}
            how = {"importance": "sequential"} if setting == SETTINGS[2] else {}
            engine = build({**spec, **use, **how}, Engine)  # type: ignore[type-abstract]
            asked = [request(q, s) for q, given, _ in test for s in (given, given[::-1])]
            said = [c.text for c in run_sync(engine.next_token(asked))]
            for i, (_, _, label) in enumerate(test):
                row = {
                    "first": said[2 * i] == label,
                    "second": said[2 * i + 1] == label,
                    "consistent": said[2 * i] == said[2 * i + 1],
                }
                for name, value in row.items():
                    found.setdefault((name, setting), {})[str(i)] = 100.0 * value
    return found


def _published_setting() -> Evidence:
    """Llama-3.2-3B-Instruct as a judge of RewardBench's reasoning rows, plain and without order."""
    from guerdon.core.contracts import Reward
    from guerdon.data.read import read_samples
    from guerdon.runs.present import judge

    rows = [
        s
        for s in read_samples("allenai/reward-bench", split="filtered")
        if str(s.context.get("subset", "")).startswith(("math", "hep"))
    ]
    found: dict[str, float] = {}
    for use in ("local", "pine"):
        engine = {"use": f"engines.{use}", "model": "meta-llama/Llama-3.2-3B-Instruct", "dtype": "bfloat16"}
        reward = build({"use": "rewards.judges.labelled_pair", "engine": engine, "parse": "published"}, Reward)  # type: ignore[type-abstract]
        judged = run_sync(judge(reward, rows, "one"))
        margins = [0.0 if j.margins is None else float(j.margins[0][1] or 0.0) for j in judged]
        better = [1 if s.preferences[0].better == 0 else -1 for s in rows]
        found[use] = round(
            100 * float(np.mean([(1 + np.sign(m * b)) / 2 for m, b in zip(margins, better, strict=True)])), 2
        )
    return Evidence(
        measured={"reasoning rows right, pine": found["pine"], "gain": round(found["pine"] - found["local"], 2)},
        control={"reasoning rows right, plain": found["local"]}, holds=found["pine"] > found["local"],
        note="Per cent; a tie or no verdict counts one half.",
    )  # fmt: skip
