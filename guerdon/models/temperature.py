"""`models.temperature`: one temperature that makes another reward's pair probabilities honest."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from guerdon.core.build import build
from guerdon.core.contracts import Fit, Reward
from guerdon.core.types import Sample
from guerdon.metrics.calibration import expected_calibration_error, log_loss
from guerdon.metrics.calibration_fits import fit_temperature
from guerdon.models.calibrating import check_reward, of_pairs, rows_of, save


@dataclass(frozen=True)
class Temperature(Fit):
    """T = argmin Σ w·[−y log σ(m/T) − (1 − y) log σ(−m/T)] over pairs, m = r(better) − r(worse), y the share won.

    y is a preference's `prob`, ½ for a tie; w its weight. Order and accuracy stay as they are, only confidence changes. Fit it on pairs
    the reward was not trained on. `reward`: any reward that is not order-sensitive; pairs it does not score are left out and
    counted. The folder loads as a Reward, `rewards.compose.calibrated`, and says T, the number of pairs, and log loss and
    calibration error before and after on these pairs (those of known winners).
    Raises SpecError for an order-sensitive reward, DataError where no pair is scored or all margins are 0, OutputError when `out` holds
    another model. Guo et al. (arXiv 1706.04599); bounds of T in `metrics.calibration_fits`.
    """

    reward: Reward

    def __post_init__(self) -> None:
        check_reward(self.reward)

    @classmethod
    def example(cls) -> Self:
        return cls(reward=build({"use": "rewards.verifiers.length"}, Reward))  # type: ignore[type-abstract]

    def fit(self, samples: Iterable[Sample], out: Path) -> Path:
        """Asks the reward, finds T and returns `out`."""
        rows = rows_of(self.reward, samples, of_pairs, "preference")
        t = fit_temperature(rows.values, rows.outcome, rows.weight)
        sure = rows.values[rows.outcome == 1]
        result = {
            "pairs": len(rows.values),
            "unscored": rows.unscored,
            "log_loss": [log_loss(sure), log_loss(sure / t)],
            "calibration_error": [expected_calibration_error(sure), expected_calibration_error(sure / t)],
        }
        return save(self.reward, {"temperature": t}, result, out)
