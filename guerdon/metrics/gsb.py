"""GSB: how often one side is good, the same or bad against the other, in one number. Pure."""

from __future__ import annotations

from guerdon.core.errors import DataError


def gsb(good: float, same: float, bad: float) -> float:
    """(G − B)/(G + S + B), from −1 (always worse) to 1; swapping the sides flips the sign. Raises DataError for no votes or a
    negative count. As RewardDance (arXiv 2509.08826) compares videos."""
    total = good + same + bad
    if min(good, same, bad) < 0 or total <= 0:
        raise DataError(f"counts are not negative and not all 0, found {good}, {same} and {bad}")
    return (good - bad) / total
