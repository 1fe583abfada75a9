"""Aligning Language Models Using Follow-up Likelihood as Reward Signal (arXiv:2409.13948).

Claim: how much likelier praise than complaint is as a user's next turn tells good responses better than the response's own likelihood:
mean pairwise accuracy 66.44 with Llama-3-8B-Instruct against 56.26 for the latter on eight preference sets.

toy: a world of twenty subjects with one right and one wrong fact each, equally frequent in answers, and users mostly praise right ones
and complain of wrong ones, in the words of the bank. A tiny decoder is trained for seconds on these dialogues. Measured: the
share of held-out pairs (right against wrong, other wordings of the answer) in order, by
follow-up likelihood and by the response's own likelihood. The claim holds if the first is above the second and above chance by 95 %
intervals. Negative control: a model of dialogues whose follow-ups are shuffled must not beat chance. paper: Llama-3-8B-Instruct on
HelpSteer2 pairs by hub id, on a GPU.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from guerdon.core.types import Evidence, Sample
from guerdon.recipes._paper import Paper
from guerdon.recipes._toy_chat import engine_spec, gap, interval, learned, rendered, right
from guerdon.recipes.cdr import CLOSINGS, FACTS, OPENINGS, SUBJECTS, pairs, wording
from guerdon.rewards.likelihood.flr import ASPECTS, SIDES, built_in

PAPER = Paper(
    slug="flr",
    title="Aligning Language Models Using Follow-up Likelihood as Reward Signal",
    arxiv="2409.13948",
    files=(
        "rewards/likelihood/flr.py", "rewards/likelihood/direct.py", "rewards/likelihood/slot.py", "curation/extreme_pairs.py",
        "engines/local.py",
    ),
    claim="follow-up likelihood orders pairs better than the response's own likelihood (66.44 against 56.26 on eight sets)",
    published={"mean pairwise accuracy, FLR": 66.44, "mean pairwise accuracy, Direct": 56.26},
    partial="tuning a model to give feedback, and DPO or KTO on mined pairs, belong to a policy trainer",
)  # fmt: skip
WRONG = 7  # a subject's wrong fact is the right one of the subject so much further in the list
FAIR = 0.9  # share of users who praise what is right and complain of what is wrong


def run(scale: str) -> Evidence:
    """Measures at a scale: smoke has one seed and less training."""
    if scale == "paper":
        return _published_setting()
    return _toy((0,), 40) if scale == "smoke" else _toy((0, 1, 2), 600)


def _toy(seeds: Sequence[int], steps: int) -> Evidence:
    names = ("follow-ups", "the response itself", "shuffled follow-ups")
    found: dict[str, list[dict[str, float]]] = {name: [] for name in names}
    for seed in seeds:
        for name, row in _accuracies(seed, steps).items():
            found[name].append(row)
    ahead = gap(found[names[0]], found[names[1]], 1)
    figures = {name: interval(rows, 1) for name, rows in found.items()}
    works = ahead[1] > 0 and figures[names[0]][1] > 50
    fails = figures[names[2]][1] <= 50
    return Evidence(
        measured={f"pairs in order by {n}": figures[n] for n in names[:2]} | {"follow-ups over the response itself": ahead},
        control={f"pairs in order by {names[2]}": figures[names[2]]},
        holds=(works and fails) if len(seeds) >= 3 else None,
        note=f"Per cent, chance is 50; {len(SUBJECTS)} subjects, seeds {list(seeds)}, intervals over subjects; the built-in bank's "
        f"aspect '{ASPECTS[2]}', {FAIR:.0%} of the users fair.",
    )  # fmt: skip


def dialogue(rng: np.random.Generator, shuffled: bool) -> str:
    """A question, an answer that is right half the time, and a user's reaction (to nothing, where shuffled)."""
    subject, good = int(rng.integers(len(SUBJECTS))), bool(rng.integers(2))
    fact = subject if good else (subject + WRONG) % len(FACTS)
    opening, closing = wording(rng, held_out=False)
    praise = bool(rng.integers(2)) if shuffled else good == (rng.random() < FAIR)
    bank = built_in()[ASPECTS[2]][SIDES[0] if praise else SIDES[1]]
    turns = (
        ("user", f"What do {SUBJECTS[subject]} have?"), ("assistant", f"{opening} {FACTS[fact]} {closing}"),
        ("user", bank[rng.integers(len(bank))]),
    )  # fmt: skip
    return rendered(turns)


def _accuracies(seed: int, steps: int) -> dict[str, dict[str, float]]:
    from guerdon.models.toy_lm import word_tokenizer

    bank = {ASPECTS[2]: built_in()[ASPECTS[2]]}
    found: dict[str, dict[str, float]] = {}
    test: list[Sample] = pairs(seed, wrong=WRONG)
    for shuffled in (False, True):
        rng = np.random.default_rng([seed, 3])
        texts = [dialogue(rng, shuffled) for _ in range(4000)]
        words = [f"{o} {f} {c}" for f in FACTS for o in OPENINGS for c in CLOSINGS]
        tokenizer: Any = word_tokenizer([*texts, *words, *(f"What do {s} have?" for s in SUBJECTS)])
        with engine_spec(learned(tokenizer, texts, steps, seed), tokenizer) as engine:
            spec = {"use": "rewards.likelihood.flr", "engine": engine, "bank": bank}
            found["shuffled follow-ups" if shuffled else "follow-ups"] = right(spec, test)
            if not shuffled:
                found["the response itself"] = right({"use": "rewards.likelihood.direct", "engine": engine}, test)
    return {name: {k: 100 * v for k, v in row.items()} for name, row in found.items()}


def _published_setting() -> Evidence:
    """Llama-3-8B-Instruct on HelpSteer2's validation pairs: follow-ups, the response itself, and follow-ups with their sides mixed."""
    from guerdon.data.read import read_samples

    data = [s for s in read_samples("nvidia/HelpSteer2", split="validation") if s.preferences]
    engine = {
        "use": "engines.local", "model": "meta-llama/Meta-Llama-3-8B-Instruct", "dtype": "bfloat16", "max_length": 2048,
        "truncation": "left",
    }  # fmt: skip
    rng, words = np.random.default_rng(0), [f for sides in built_in().values() for s in SIDES for f in sides[s]]
    rng.shuffle(words)
    mixed = {"mixed": {"+": words[:60], "-": words[60:]}}
    specs: dict[str, dict[str, Any]] = {
        "follow-ups": {"use": "rewards.likelihood.flr"},
        "the response itself": {"use": "rewards.likelihood.direct"},
        "mixed follow-ups": {"use": "rewards.likelihood.flr", "bank": mixed},
    }
    found = {
        name: round(100 * float(np.mean(list(right({**spec, "engine": engine}, data).values()))), 2)
        for name, spec in specs.items()
    }
    return Evidence(
        measured={f"pairs in order by {n}": found[n] for n in ("follow-ups", "the response itself")},
        control={"pairs in order by mixed follow-ups": found["mixed follow-ups"]},
        holds=found["follow-ups"] > found["the response itself"],
        note="Per cent; one of the paper's kinds of data, not its eight sets.",
    )
