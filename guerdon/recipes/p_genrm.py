"""P-GenRM: Personalized Generative Reward Model with Test-time User-based Scaling (arXiv:2602.12116).

Claim: scaling at test time over the user's own samples and over like users lifts accuracy (Chatbot Arena 72.7 → 75.9 with 16 own
samples and 8 neighbours).

toy: simulated users of two tastes with one event of history each, a noisy simulated personal judge, prototypes fitted on 60
other users, three seeds. It holds if eight neighbours raise accuracy over one own sample, by a 95 % interval. Negative control:
neighbours drawn from the other taste lower it. paper: the weights are not public here.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from guerdon.core.build import build
from guerdon.core.contracts import Fit
from guerdon.core.errors import SpecError
from guerdon.core.types import Evidence, Sample
from guerdon.recipes._judging import Row, judged, right
from guerdon.recipes._paper import Paper
from guerdon.recipes._training import gap, mean
from guerdon.simulation.personal_judge import PersonalWorld

PAPER = Paper(
    slug="p-genrm",
    title="P-GenRM: Personalized Generative Reward Model with Test-time User-based Scaling",
    arxiv="2602.12116",
    files=("rewards/judges/evaluation_chain.py", "judging/chains.py", "models/prototypes.py", "models/prototype_refiner.py"),
    claim="own samples and like users at test time lift accuracy (Chatbot Arena 72.7 to 75.9)",
    published={"Chatbot Arena, one sample": 72.7, "Ind-16": 73.9, "Ind-16, Pro-8": 75.9, "PRISM, one sample": 65.3, "PRISM, Ind-16, Pro-8": 68.1},
    partial="the three stages of training, PersonalRewardBench",
)  # fmt: skip
NOISE, USERS = 16.0, 60


def run(scale: str) -> Evidence:
    """Measures at a scale."""
    if scale == "paper":
        raise SpecError("the judge's training is not built yet: there is no scale 'paper'")
    seeds, count = ((0,), 20) if scale == "smoke" else ((0, 1, 2), 200)
    found: dict[str, list[Row]] = {}
    for seed in seeds:
        with tempfile.TemporaryDirectory() as folder:
            for name, row in _seed(seed, count, Path(folder)).items():
                found.setdefault(name, []).append(row)
    own, helped, misled = (found[n] for n in ("one own sample", "8 neighbours", "8 neighbours of the other taste"))
    gained, lost = gap(helped, own), gap(misled, own)
    holds = gained[1] > 0 and lost[2] < 0
    return Evidence(
        measured={**{n: mean(found[n]) for n in found if "other" not in n}, "neighbours − own": gained},
        control={"8 neighbours of the other taste": mean(misled), "these − own": lost},
        holds=holds if len(seeds) >= 3 else None,
        note=f"{count} users a seed with one event each, {len(seeds)} seed(s), simulated judge and users; per cent right with 95 % "
        "intervals. " + ("Like users help, unlike ones mislead." if holds else "Not shown."),
    )


def _seed(seed: int, count: int, folder: Path) -> dict[str, Row]:
    known = PersonalWorld(seed=seed).samples(USERS)
    users = PersonalWorld(seed=seed, events=1).samples(count, part=1)
    engine = {"use": "simulation.personal_judge", "noise": NOISE, "seed": seed}
    spec = {"use": "models.prototypes", "embedder": engine, "prototypes": 2, "seed": seed}
    fitted = str(build(spec, Fit).fit(known, folder / "right"))  # type: ignore[type-abstract]
    wrong = str(build(spec, Fit).fit(_swapped(known), folder / "wrong"))  # type: ignore[type-abstract]

    def row(**fields: Any) -> Row:
        whole = {"use": "rewards.judges.evaluation_chain", "engine": engine, "embedder": engine, "most": 2, **fields}
        return right(users, judged(whole, users))

    return {
        "one own sample": row(),
        "16 own samples": row(samples=16),
        "8 neighbours": row(prototypes=fitted, neighbours=8),
        "16 own samples, 8 neighbours": row(samples=16, prototypes=fitted, neighbours=8),
        "8 neighbours of the other taste": row(prototypes=wrong, neighbours=8),
    }


def _swapped(users: Sequence[Sample]) -> list[Sample]:
    """The users with the history of another taste under their own analysis."""
    from dataclasses import replace

    others = [*users[1:], users[0]]  # tastes alternate
    return [
        replace(u, context={**u.context, "history": o.context["history"]}) for u, o in zip(users, others, strict=True)
    ]
