"""`models.isotonic`: a rising map from another reward's values to the probability that a response is right, or that it wins."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from guerdon.core.build import build
from guerdon.core.contracts import Fit, Reward
from guerdon.core.types import Sample
from guerdon.metrics.calibration import brier
from guerdon.metrics.calibration_fits import fit_isotonic, fit_isotonic_pairs
from guerdon.models.calibrating import check_reward, of_label, of_pairs, rows_of, save


@dataclass(frozen=True)
class Isotonic(Fit):
    """g = argmin over rising maps of Σ w·(y − g(x))², by pooling adjacent violators; linear between its knots.

    `label`: x is a response's value, y its label in [0, 1] ("correct"), and the fitted reward's values are P(label | value) ·
    "": x is the difference of a pair, y the share won, with each pair's mirror image, so that g(−x) = 1 − g(x); the fitted reward
    compares (margins logit g) and has no values, since g of differences is no difference. `reward`: any that is not
    order-sensitive; what it does not score is left out and counted. More free than `models.temperature`: for hundreds of rows and
    more. The folder loads as a Reward, `rewards.compose.calibrated`.
    Raises SpecError for an order-sensitive reward, DataError where nothing is scored or a label lies outside [0, 1], OutputError when
    `out` holds another model. Zadrozny and Elkan (2002).
    """

    reward: Reward
    label: str = "correct"

    def __post_init__(self) -> None:
        check_reward(self.reward)

    @classmethod
    def example(cls) -> Self:
        return cls(reward=build({"use": "rewards.verifiers.length"}, Reward))  # type: ignore[type-abstract]

    def fit(self, samples: Iterable[Sample], out: Path) -> Path:
        """Asks the reward, finds g and returns `out`."""
        read, wanted = (of_label(self.label), f"label '{self.label}'") if self.label else (of_pairs, "preference")
        rows = rows_of(self.reward, samples, read, wanted)
        made = (fit_isotonic if self.label else fit_isotonic_pairs)(rows.values, rows.outcome, rows.weight)
        result = {
            "rows": len(rows.values),
            "unscored": rows.unscored,
            "brier": brier(made(rows.values), rows.outcome),
        }
        about = {"label": self.label, "rows": len(rows.values), "x": list(made.x), "y": list(made.y)}
        return save(self.reward, {"isotonic": about}, result, out)
