"""Answers of which the best is known only by comparison: directions on a circle, turned by an angle that no answer shows."""

from __future__ import annotations

import itertools
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from guerdon.core.errors import SpecError
from guerdon.core.types import Preference, Sample, sample

DIRECTIONS = ("north", "northeast", "east", "southeast", "south", "southwest", "west", "northwest")
WALKS = ("I walk", "We go", "She turns", "They head")
LABELS = ("true", "alone", "shuffled")


@dataclass(frozen=True)
class RelativeWorld:
    """Groups of K answers with qualities q in 0 … 3 and directions f = (q + o) mod 8, o drawn uniformly for each group.

    The answer with the largest q is best, and the others rank by q. As o is uniform, f says nothing of q: what a single answer
    shows (with its prompt) is independent of its rank, so a reward of single answers stays at chance, 1/K for the best of K.
    Two answers of a group do say it: q_i − q_j is the signed turn from f_j to f_i, which is at most 3 of 8 either way.
    labels: "true"; "alone" has o = 0, so that a single answer tells its own quality; "shuffled" has ranks drawn at random.
    Raises SpecError for K outside 2 … 4. The toy that the loss of YOJO (arXiv 2604.10966) is made for.
    """

    responses: int = 4
    labels: Literal["true", "alone", "shuffled"] = "true"
    seed: int = 0

    def __post_init__(self) -> None:
        if not 2 <= self.responses <= 4:
            raise SpecError(f"responses is 2 to 4, found {self.responses}")
        if self.labels not in LABELS:
            raise SpecError(f"labels is one of {', '.join(LABELS)}, found '{self.labels}'")

    def samples(self, count: int, part: int = 0) -> list[Sample]:
        """So many groups with the preferences of all pairs; another `part` has others."""
        draw = random.Random(f"{self.seed}:{part}:{self.labels}:{self.responses}")
        return [self._group(draw, f"relative:{self.seed}:{part}:{i}") for i in range(count)]

    def texts(self) -> list[str]:
        """Every text that an answer can have, for a tokenizer."""
        return [answer_text(walk, d) for walk in WALKS for d in range(len(DIRECTIONS))]

    def _group(self, draw: random.Random, id: str) -> Sample:
        quality = draw.sample(range(4), self.responses)
        turn = 0 if self.labels == "alone" else draw.randrange(len(DIRECTIONS))
        texts = [answer_text(draw.choice(WALKS), q + turn) for q in quality]
        ranked = draw.sample(quality, len(quality)) if self.labels == "shuffled" else quality
        return sample("Who is furthest round?", *texts, id=id, preferences=preferences(ranked))


def answer_text(walk: str, direction: int) -> str:
    """An answer's words."""
    return f"{walk} {DIRECTIONS[direction % len(DIRECTIONS)]}"


def preferences(quality: Sequence[float]) -> tuple[Preference, ...]:
    """Every pair whose qualities differ."""
    pairs = itertools.combinations(range(len(quality)), 2)
    return tuple(
        Preference(better=i if quality[i] > quality[j] else j, worse=j if quality[i] > quality[j] else i)
        for i, j in pairs
        if quality[i] != quality[j]
    )
