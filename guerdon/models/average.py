"""`models.average`: one checkpoint whose weights are the mean of several checkpoints' weights."""

from __future__ import annotations

import math
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from guerdon.core.contracts import Fit
from guerdon.core.errors import SpecError
from guerdon.core.types import Sample
from guerdon.models.checkpoint import load_checkpoint, read_checkpoint
from guerdon.models.merging import accuracy, described, judged, merge


@dataclass(frozen=True)
class Average(Fit):
    """Weight averaging: θ = Σ_i w_i·θ_i / Σ_i w_i, every weight of `checkpoints`, heads included; w_i = 1 by default.

    One model that costs what one costs, where an ensemble of k costs k. Of linear heads on one frozen backbone it gives exactly
    the mean of their scores; otherwise its members should be fine-tunings of one start, so that their mean still fits. Of
    adapters the products B·A are averaged, exactly, as one adapter of the ranks' sum (and k times the size). An ensemble's
    members are averaged each with its namesakes. `greedy`: the checkpoints join one by one, best first by accuracy on the
    preferences of the samples, and only where the average of those so far and the new one is as accurate as before
    (the "greedy soup"); otherwise samples are not read. guerdon.json keeps what was averaged and, if greedy, what each try got.

    All are checkpoints of one spec that standardise alike (train them with one `init`). Raises CheckpointError where two do not
    match, SpecError for no checkpoint, weights that are negative, all 0 or of another number, and weights with `greedy`;
    OutputError for a folder in use, DataError where `greedy` finds no preference.
    Model soups (arXiv 2203.05482); of reward models WARM (arXiv 2401.12187), which averages uniformly.
    """

    checkpoints: tuple[Path, ...]
    weights: tuple[float, ...] = ()
    greedy: bool = False
    device: str = "auto"

    def __post_init__(self) -> None:
        if not self.checkpoints:
            raise SpecError("checkpoints names at least one folder")
        if self.weights and len(self.weights) != len(self.checkpoints):
            raise SpecError(f"{len(self.checkpoints)} checkpoints have {len(self.weights)} weights")
        if self.weights and not (all(0 <= w < math.inf for w in self.weights) and sum(self.weights) > 0):
            raise SpecError(f"weights are not negative and not all 0, found {list(self.weights)}")
        if self.weights and self.greedy:
            raise SpecError("greedy averages uniformly: give no weights with it")

    @classmethod
    def example(cls) -> Self:
        return cls(checkpoints=(Path("seed-1"), Path("seed-2"), Path("seed-3")))

    def fit(self, samples: Iterable[Sample], out: Path) -> Path:
        """Writes the averaged checkpoint and returns its folder."""
        if not self.greedy:
            return average(self.checkpoints, out, weights=self.weights, device=self.device)
        groups, out = judged(samples), Path(out)
        aside = out.with_name(f".{out.name}.candidate")
        alone = [self._accuracy(c, groups) for c in self.checkpoints]
        order = sorted(range(len(alone)), key=lambda i: -alone[i])
        kept, best = [order[0]], alone[order[0]]
        tried: list[tuple[list[str], float]] = [([str(self.checkpoints[i])], alone[i]) for i in order]
        try:
            for new in order[1:]:
                together = [self.checkpoints[i] for i in (*kept, new)]
                shutil.rmtree(aside, ignore_errors=True)
                found = self._accuracy(average(together, aside, device=self.device), groups)
                tried.append(([str(c) for c in together], found))
                if found >= best:
                    kept, best = [*kept, new], found
        finally:
            shutil.rmtree(aside, ignore_errors=True)
        return average([self.checkpoints[i] for i in kept], out, tried=tried, device=self.device)

    def _accuracy(self, folder: Path, groups: Sequence[Sample]) -> float:
        return accuracy(load_checkpoint(folder, device=self.device, cached=True), groups)


def average(
    checkpoints: Sequence[str | Path], out: str | Path,
    *, weights: Sequence[float] = (), tried: Sequence[tuple[list[str], float]] = (), device: str = "auto",
) -> Path:  # fmt: skip
    """Writes the average of checkpoints and checks it as every other. `tried`: accuracies of averages, to be kept in it."""
    given = weights or [1.0] * len(checkpoints)
    shares = [w / math.fsum(given) for w in given]
    what: dict[str, Any] = {"checkpoints": [str(read_checkpoint(c).folder) for c in checkpoints], "weights": shares}
    if tried:
        what["tried"] = [list(t) for t in tried]
    about = {k: v for k, v in described(checkpoints[-1]).items() if k not in ("curves", "seed")}
    return merge(checkpoints, shares, out, about | {"averaged": what}, device=device)
