"""`models.extrapolate`: one checkpoint moved further along the way from another to it (ExPO)."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from guerdon.core.contracts import Fit
from guerdon.core.errors import SpecError
from guerdon.core.types import Sample
from guerdon.models.checkpoint import load_checkpoint, read_checkpoint
from guerdon.models.merging import accuracy, described, judged, merge


@dataclass(frozen=True)
class Extrapolate(Fit):
    """Weight extrapolation: θ = θ₀ + f·(θ₁ − θ₀), every weight of `start` (θ₀) and `end` (θ₁), heads included.

    f of `factors` with the highest accuracy on the preferences of the samples, the smallest among equals; a single factor
    needs no samples. f = 0 is `start`, f = 1 `end`, above 1 lies beyond it. The checkpoint says what each factor got.
    Both are checkpoints of one spec, `end` usually trained from `start` (`init`): what a head standardises by must be the
    same. Of adapters the product is extrapolated, exactly, as one adapter of both ranks together. Raises CheckpointError
    where they do not match, SpecError for no factors, OutputError for a folder in use, DataError where there is no
    preference to choose by.
    ExPO (arXiv 2404.16792), on reward models in HelpSteer2-Preference (arXiv 2410.01257); best f there about 1.52 [recalled].
    """

    start: Path
    end: Path
    factors: tuple[float, ...] = (1.0, 1.25, 1.5, 1.75, 2.0)
    device: str = "auto"

    def __post_init__(self) -> None:
        if not self.factors:
            raise SpecError("factors holds at least one number")

    @classmethod
    def example(cls) -> Self:
        return cls(start=Path("stage-1"), end=Path("stage-2"))

    def fit(self, samples: Iterable[Sample], out: Path) -> Path:
        """Writes the extrapolated checkpoint and returns its folder."""
        out = Path(out)
        found: list[tuple[float, float]] = []
        if len(self.factors) > 1:
            groups = judged(samples)
            aside = out.with_name(f".{out.name}.candidate")
            for factor in sorted(self.factors):
                shutil.rmtree(aside, ignore_errors=True)
                extrapolate(self.start, self.end, factor, aside, device=self.device)
                found.append((factor, accuracy(load_checkpoint(aside, device=self.device, cached=True), groups)))
            shutil.rmtree(aside)
        best = max(found, key=lambda f: f[1])[0] if found else self.factors[0]
        return extrapolate(self.start, self.end, best, out, tried=found, device=self.device)


def extrapolate(
    start: str | Path, end: str | Path, factor: float, out: str | Path,
    *, tried: Sequence[tuple[float, float]] = (), device: str = "auto",
) -> Path:  # fmt: skip
    """Writes the checkpoint θ₀ + f·(θ₁ − θ₀) and checks it as every other. `tried`: accuracies by factor, to be kept in it."""
    way = {"start": str(read_checkpoint(start).folder), "end": str(read_checkpoint(end).folder), "factor": factor}
    about = described(end) | {"extrapolated": {**way, "tried": [list(t) for t in tried]}}
    return merge((start, end), (1 - factor, factor), out, about, device=device)
