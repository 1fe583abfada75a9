"""`curation.label_noise`: turns a share of the preferences round, for experiments with known label noise."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from guerdon.core.contracts import Stage
from guerdon.core.errors import SpecError
from guerdon.core.types import Sample
from guerdon.data.flips import flip


@dataclass(frozen=True)
class LabelNoise(Stage):
    """Symmetric label noise: each preference (a, b) → (b, a) with probability η = `share`, by a seeded hash.

    u(seed, sample id, place) < η, u uniform on [0, 1), so that a pair is flipped or not whatever stands beside it, and the
    flips of a smaller share are among those of a larger one. Ties stay. `context["flipped"]` keeps what was done, one true
    or false a preference, so that a training can say how clean its kept pairs are. Strength, margin and the rest stay.
    Raises SpecError for a share outside [0, 1].
    Symmetric flips of 0, 20 and 40 % are the protocol of Collaborative Reward Modeling (arXiv 2505.10597).
    """

    share: float = 0.2
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.share <= 1:
            raise SpecError(f"share is in [0, 1], found {self.share}")

    @property
    def needs(self) -> frozenset[str]:
        return frozenset({"preferences"})

    async def apply(self, samples: Sequence[Sample]) -> list[Sample]:
        return [flip(s, [not p.tie and self._drawn(s.id, i) for i, p in enumerate(s.preferences)]) for s in samples]

    def _drawn(self, id: str, place: int) -> bool:
        key = f"{self.seed}\0{place}\0{id}".encode("utf-8", "surrogatepass")
        return int.from_bytes(hashlib.blake2b(key, digest_size=8).digest(), "big") < self.share * 2.0**64
