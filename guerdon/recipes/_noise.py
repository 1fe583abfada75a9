"""What recipes on label noise share: real pairs, split so that no opening turn or debate stands on both sides.

`hh-rlhf` is shipped; `ukp-convarg` (which of two arguments convinces) and `wmt19-darr` (which of two translations is better) are
read from the data folder, `GUERDON_DATA`, by default `shared/data` beside the checkout, and left out where it is not there.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

from guerdon.core.build import build
from guerdon.core.catalog import ROOT
from guerdon.core.concurrency import run_sync
from guerdon.core.contracts import Stage
from guerdon.core.types import Sample
from guerdon.data.read import read_samples
from guerdon.recipes._training import hh_pairs

Sides = tuple[list[Sample], list[Sample]]  # to train on, held out
UKP = "ukp-convarg/pairs_strict.jsonl.gz"
WMT = "wmt19-darr/kk-en.jsonl.gz"
SHARE = 0.7  # of the debates or sentences, to train on


def data_folder() -> Path:
    """Where the data folder would be."""
    return Path(os.environ.get("GUERDON_DATA") or ROOT.parents[1] / "shared" / "data")


def real_sets() -> tuple[str, ...]:
    """The sets that are there."""
    there = {"ukp-convarg": UKP, "wmt19-darr": WMT}
    return ("hh-rlhf", *(name for name, file in there.items() if (data_folder() / file).is_file()))


def real_pairs(name: str, seed: int, counts: tuple[int, int]) -> Sides:
    """(training, held-out) pairs of a set, at most so many of each, split anew by seed (hh-rlhf as it is shipped)."""
    if name == "hh-rlhf":
        return hh_pairs("train", counts[0], "helpful"), hh_pairs("test", counts[1], "helpful")
    found = _ukp() if name == "ukp-convarg" else _wmt()
    found.sort(key=lambda pair: _hash(f"{seed} {pair[1].id}"))
    sides: Sides = ([], [])
    for key, pair in found:
        side = sides[int(_hash(f"{seed} {key}"), 16) >= SHARE * 16**12]
        if len(side) < counts[side is sides[1]]:
            side.append(pair)
    return sides


def with_noise(samples: Sequence[Sample], share: float, seed: int) -> list[Sample]:
    """The pairs with a share of the labels flipped, and the flips known."""
    stage = build({"use": "curation.label_noise", "share": share, "seed": seed}, Stage)  # type: ignore[type-abstract]
    return run_sync(stage.apply(samples))


def _ukp() -> list[tuple[str, Sample]]:
    """(debate, pair): both sides of a debate have the same key."""
    columns = {"prompt": "topic", "response_a": "a1", "response_b": "a2"}
    rows = read_samples(data_folder() / UKP, format="labelled_pair", columns=columns)
    return [(s.prompt_text.partition("_")[0], s) for s in rows]


def _wmt() -> list[tuple[str, Sample]]:
    """(sentence, pair): two translations of one sentence, whose reference translation is the prompt."""
    columns = {"prompt": "ref", "chosen": "better", "rejected": "worse"}
    rows = read_samples(data_folder() / WMT, format="preference", columns=columns)
    return [(s.prompt_text, s) for s in rows]


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]
