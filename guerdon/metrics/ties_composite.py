"""The composite of RewardBench 2's subset Ties: prompts with one right answer beside the same with several equally right."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from guerdon.core.errors import DataError


@dataclass(frozen=True, slots=True)
class Spread:
    """One prompt: `accurate` = min correct > max incorrect, `within` = max correct − min correct, `above` = min correct −
    max incorrect."""

    accurate: bool
    within: float
    above: float


def spread(scores: Sequence[float], correct: int) -> Spread:
    """The Spread of scores whose first `correct` are those of right answers. Raises DataError unless both kinds are there."""
    if not 0 < correct < len(scores):
        raise DataError(f"needs right and wrong answers, found {correct} right of {len(scores)}", field="num_correct")
    right, wrong = scores[:correct], scores[correct:]
    above = min(right) - max(wrong)
    return Spread(accurate=above > 0, within=max(right) - min(right), above=above)


def couple_score(ref: Spread, tied: Spread) -> float:
    """.3·acc_tied + .3·acc_ref + .2·[above_tied > within] + .2·[m > within] + .01·tanh(m/within − 1), within that of `tied`.

    m = min(above_ref, above_tied); 0/0 → 0 and x/0 → ±1 for the last term. Tops at 1.01; a constant scorer gets 0. The
    subset's score is the mean over couples (arXiv 2506.01937 and its released code).
    """
    margin = min(ref.above, tied.above)
    last = math.tanh(margin / tied.within - 1) if tied.within > 0 else float((margin > 0) - (margin < 0))
    return (
        0.3 * tied.accurate
        + 0.3 * ref.accurate
        + 0.2 * (tied.above > tied.within)
        + 0.2 * (margin > tied.within)
        + 0.01 * last
    )
