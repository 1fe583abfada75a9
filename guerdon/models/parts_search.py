"""`models.parts_search`: a seeded random search over the networks and schedules of a parts model, by validation loss."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Self

import numpy as np

from guerdon.core.build import spec_of
from guerdon.core.contracts import Fit
from guerdon.core.errors import DataError, SpecError
from guerdon.core.progress import Progress
from guerdon.core.types import Sample
from guerdon.models.heads.perceptron import Perceptron
from guerdon.models.output import locked
from guerdon.models.parts_model import PartsModel

CHANGED = ("head", "epochs", "learning_rate", "warmup", "gradient_accumulation")  # of the fit, by a trial


@dataclass(frozen=True)
class PartsSearch(Fit):
    """Random search: the parts model fit_t with the least validation loss, t = 1 … `trials`, seeded, the reward asked once.

    A trial draws g's hidden sizes and activation, epochs, learning rate ~ U, warm-up share ~ U and accumulation, each on its own; all
    else is `fit`'s. An activation is drawn for linear networks too, where it changes nothing. The checkpoint is the best
    trial's, trained again from its seed, and lists what every trial drew and got (`trials`). Raises SpecError for a fit
    without a validation share, no trials or an empty choice; DataError when no prompt fell into the validation share.
    Opinion summaries (arXiv 2402.15473): the space is the authors'; they ran 50 trials of Bayesian search, here drawn at
    random [inferred].
    """

    model: PartsModel
    trials: int = 50
    hidden: tuple[tuple[int, ...], ...] = ((), (3,), (5,), (5, 3), (4, 2), (6, 4, 2))
    activations: tuple[str, ...] = ("tanh", "relu", "sigmoid", "none")
    epochs: tuple[float, ...] = (100.0, 150.0, 200.0)
    learning_rate: tuple[float, float] = (0.005, 0.1)
    warmup: tuple[float, float] = (0.2, 0.4)
    gradient_accumulation: tuple[int, ...] = (1, 2, 4)
    seed: int = 0

    def __post_init__(self) -> None:
        if self.trials < 1:
            raise SpecError(f"trials is at least 1, found {self.trials}")
        if not self.model.validation:
            raise SpecError("model.validation is above 0: the trials are compared on it")
        for name in ("hidden", "activations", "epochs", "gradient_accumulation"):
            if not getattr(self, name):
                raise SpecError(f"{name} holds at least one choice")
        for name in ("learning_rate", "warmup"):
            low, high = getattr(self, name)
            if not 0 <= low <= high:
                raise SpecError(f"{name} is a range from low to high, found {[low, high]}")
        for activation in self.activations:
            Perceptron(activation=activation)  # type: ignore[arg-type]

    @classmethod
    def example(cls) -> Self:
        return cls(model=replace(PartsModel.example(), validation=0.2), trials=2)

    def drawn(self) -> list[PartsModel]:
        """The fits of all trials, the same for the same seed."""
        rng = np.random.default_rng(self.seed)
        return [self._draw(rng) for _ in range(self.trials)]

    def _draw(self, rng: np.random.Generator) -> PartsModel:
        hidden = self.hidden[rng.integers(len(self.hidden))]
        activation: Any = self.activations[rng.integers(len(self.activations))]
        return replace(
            self.model,
            head=Perceptron(hidden=hidden, activation=activation),
            epochs=float(self.epochs[rng.integers(len(self.epochs))]),
            learning_rate=float(rng.uniform(*self.learning_rate)),
            warmup=float(rng.uniform(*self.warmup)),
            gradient_accumulation=int(self.gradient_accumulation[rng.integers(len(self.gradient_accumulation))]),
        )

    def fit(self, samples: Iterable[Sample], out: Path) -> Path:
        """Asks the reward for the features, trains every trial and leaves the best one's checkpoint."""
        from guerdon.models.parts_fitting import fit_rows, train_rows
        from guerdon.models.parts_rows import parts_rows

        out, model = Path(out), self.model
        with locked(out):
            found = parts_rows(model.reward, model.features, model.scale, samples, model.resample)
            if not len(found.sides(model.validation)[1]):
                raise DataError(f"none of the {len(found.groups):,} prompts fell into the validation share")
            drawn, tried = self.drawn(), []
            with Progress("trials", len(drawn), "trials") as bar:
                for fit in drawn:
                    result = train_rows(fit, found, out / "trainer")[2]
                    tried.append({**_changes(fit), **{k: result[k] for k in ("eval_loss", "eval_accuracy")}})
                    bar.advance(1)
            best = min(range(len(drawn)), key=lambda i: tried[i]["eval_loss"])
            return fit_rows(drawn[best], found, out, {"trials": tried, "best_trial": best})


def _changes(fit: PartsModel) -> dict[str, Any]:
    """What a trial drew."""
    return {
        f.name: spec_of(fit.head) if f.name == "head" else getattr(fit, f.name)
        for f in fields(fit)
        if f.name in CHANGED
    }
