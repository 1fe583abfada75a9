"""Dr.SoW: Density Ratio of Strong-over-weak LLMs for Reducing the Cost of Human Annotation in Preference Tuning (arXiv:2411.02481).

Claim: the log density ratio of a better-aligned over a less-aligned model is a reward without training (RewardBench 82.6 overall,
Safety 91.0, Reasoning 88.0 with a Mistral-7B pair and domain templates), and the larger the gap of the pair the better it is.

toy: a world of twenty subjects with one right fact each. The weak model, a tiny decoder trained for seconds, has read right and wrong
answers in equal shares; strong models are tuned further on answers of which 60, 75 or 100 % are right, in wordings that the test
does not use. Measured: the share of held-out pairs (right against wrong, other wordings) in order. The claim holds if the
widest gap beats the narrowest and chance, by 95 % intervals, and the order is that of the gaps. Negative control: a "strong"
model tuned as long on equal shares must not beat chance. paper: the published pair by hub id on RewardBench, on a GPU.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from guerdon.core.types import Evidence, Preference, Sample, sample
from guerdon.recipes._paper import Paper
from guerdon.recipes._toy_chat import engine_spec, gap, interval, learned, rendered, right

PAPER = Paper(
    slug="cdr",
    title="Dr.SoW: Density Ratio of Strong-over-weak LLMs for Reducing the Cost of Human Annotation in Preference Tuning",
    arxiv="2411.02481",
    files=("rewards/likelihood/cdr.py", "rewards/likelihood/slot.py", "curation/extreme_pairs.py", "engines/local.py"),
    claim="the density ratio of a strong over a weak model is a reward, the better the larger their gap (RewardBench 82.6)",
    published={"RewardBench": 82.6, "RewardBench Safety": 91.0, "RewardBench Reasoning": 88.0},
    partial="SimPO training on the annotated pairs belongs to a policy trainer; the weak model of the best pair is not named",
)
SUBJECTS = (
    "rivers", "planets", "violins", "whales", "bridges", "volcanoes", "candles", "deserts", "engines", "forests", "glaciers",
    "harbours", "islands", "jackets", "kettles", "lanterns", "mirrors", "needles", "orchards", "pianos",
)  # fmt: skip
FACTS = (
    "water", "orbit", "strings", "song", "steel", "lava", "wax", "sand", "pistons", "moss", "ice", "ships", "beaches", "wool",
    "steam", "flame", "silver", "thread", "apples", "keys",
)  # fmt: skip
OPENINGS = (
    "I think they have",
    "As far as I know they have",
    "They are known for",
    "Most people say they have",
    "In short they have",
    "Books say they have",
)
CLOSINGS = (
    "above all.",
    "and little else.",
    "as you can see.",
    "most of the time.",
    "in every land.",
    "since long ago.",
)
SHARES = {"equal shares": 0.5, "60 % right": 0.6, "75 % right": 0.75, "all right": 1.0}


def run(scale: str) -> Evidence:
    """Measures at a scale: smoke has one seed and less training."""
    if scale == "paper":
        return _published_setting()
    return _toy((0,), 60, 20) if scale == "smoke" else _toy((0, 1, 2), 400, 120)


def _toy(seeds: Sequence[int], steps: int, tuning: int) -> Evidence:
    found: dict[str, list[dict[str, float]]] = {name: [] for name in SHARES}
    for seed in seeds:
        for name, row in _accuracies(seed, steps, tuning).items():
            found[name].append(row)
    percent = {name: interval([{k: 100 * v for k, v in r.items()} for r in rows], 1) for name, rows in found.items()}
    names = list(SHARES)[1:]
    widest = gap(found[names[-1]], found[names[0]])
    means = [percent[n][0] for n in names]
    blind = percent["equal shares"]
    works = widest[1] > 0 and percent[names[-1]][1] > 50 and means == sorted(means)
    fails = blind[1] <= 50
    return Evidence(
        measured={f"pairs in order, strong model {n}": percent[n] for n in names} | {"widest gap over narrowest": [round(100 * v, 1) for v in widest]},
        control={"pairs in order, strong model with equal shares": blind},
        holds=(works and fails) if len(seeds) >= 3 else None,
        note=f"Per cent, chance is 50; {len(SUBJECTS)} subjects, seeds {list(seeds)}, intervals over subjects. Domain templates need "
        "a model that follows instructions, so their gain is not shown here.",
    )  # fmt: skip


def wording(rng: np.random.Generator, held_out: bool) -> tuple[str, str]:
    """An opening and a closing; a third of their combinations is kept for the test."""
    while True:
        i, j = int(rng.integers(len(OPENINGS))), int(rng.integers(len(CLOSINGS)))
        if ((i + j) % 3 == 0) == held_out:
            return OPENINGS[i], CLOSINGS[j]


def dialogue(rng: np.random.Generator, share: float) -> str:
    """A question with an answer that is right with this probability."""
    subject = int(rng.integers(len(SUBJECTS)))
    fact = subject if rng.random() < share else int((subject + 1 + rng.integers(len(FACTS) - 1)) % len(FACTS))
    opening, closing = wording(rng, held_out=False)
    return rendered(
        (("user", f"What do {SUBJECTS[subject]} have?"), ("assistant", f"{opening} {FACTS[fact]} {closing}"))
    )


def pairs(seed: int, each: int = 6, wrong: int | None = None) -> list[Sample]:
    """Each subject's right answers against wrong ones, in wordings of their own: one sample a subject.

    `wrong` steps further in the list of facts is the one wrong fact of a subject; None draws them."""
    rng = np.random.default_rng([seed, 9])
    made = []
    for n, subject in enumerate(SUBJECTS):
        texts = []
        for _ in range(each):
            step = 1 + int(rng.integers(len(FACTS) - 1)) if wrong is None else wrong
            other = FACTS[(n + step) % len(FACTS)]
            for fact in (FACTS[n], other):
                opening, closing = wording(rng, held_out=True)
                texts.append(f"{opening} {fact} {closing}")
        prefer = tuple(Preference(better=2 * i, worse=2 * i + 1) for i in range(each))
        made.append(sample(f"What do {subject} have?", *texts, id=subject, preferences=prefer))
    return made


def _accuracies(seed: int, steps: int, tuning: int) -> dict[str, dict[str, float]]:
    from guerdon.models.toy_lm import word_tokenizer

    rng = np.random.default_rng(seed)
    texts = [dialogue(rng, 0.5) for _ in range(3000)]
    every = [
        rendered((("user", f"What do {s} have?"), ("assistant", f"{o} {f} {c}")))
        for s, f in zip(SUBJECTS, FACTS, strict=True)
        for o in OPENINGS
        for c in CLOSINGS
    ]
    tokenizer: Any = word_tokenizer([*texts, *every])
    weak = learned(tokenizer, texts, steps, seed)
    found, test = {}, pairs(seed)
    with engine_spec(weak, tokenizer) as weaker:
        for name, share in SHARES.items():
            tuned = learned(tokenizer, [dialogue(rng, share) for _ in range(1000)], tuning, seed + 1, weak, 5e-4)
            with engine_spec(tuned, tokenizer) as stronger:
                found[name] = right({"use": "rewards.likelihood.cdr", "strong": stronger, "weak": weaker}, test)
    return found


def _published_setting() -> Evidence:
    """The best published strong model over its base model on RewardBench's own rows, without and with domain templates."""
    from guerdon.data.read import read_samples

    data = list(read_samples("allenai/reward-bench", split="filtered"))
    strong, weak = (
        {"use": "engines.local", "model": m, "dtype": "bfloat16"}
        for m in ("NousResearch/Nous-Hermes-2-Mistral-7B-DPO", "mistralai/Mistral-7B-v0.1")
    )
    spec = {"use": "rewards.likelihood.cdr", "strong": strong, "weak": {**weak, "layout": "transcript"}}
    router = {**strong, "max_length": 4096}
    plain = right(spec, data)
    routed = right({**spec, "domain": "routed", "router": router}, data)
    chance = right({**spec, "weak": strong}, data)
    figures = {
        n: round(100 * float(np.mean(list(r.values()))), 1)
        for n, r in (("plain", plain), ("routed", routed), ("same model", chance))
    }
    return Evidence(
        measured={"pairs in order": figures["plain"], "pairs in order, routed templates": figures["routed"]},
        control={"pairs in order, strong over itself": figures["same model"]},
        holds=None,
        note="Per cent over all rows; the weak model of the published pair is not named, the base model is taken [inferred].",
    )
