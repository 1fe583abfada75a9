"""Norms of reward tensors, plain or weighted by probabilities, and the Pearson distance. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from guerdon.core.errors import DataError, SpecError

Floats = npt.NDArray[np.float64]
ZERO = 1e-12  # of the same norm of a tensor that is max |R| everywhere: what is below is rounding


@dataclass(frozen=True, slots=True)
class Norm:
    """‖x‖_p = (Σ |x|^p)^(1/p), or weighted (Σ w·|x|^p)^(1/p); p = ∞ is the largest |x|, of positive weight where weighted.

    p: 1 or more, ∞ allowed. Weighted by τ it is a norm of rewards that, like VAL's, are constant in s', and a seminorm of
    others: what lies on transitions of probability 0 does not count. Raises SpecError for another p.
    """

    p: float = 2.0
    weighted: bool = False

    def __post_init__(self) -> None:
        if not self.p >= 1.0:
            raise SpecError(f"a norm's p is at least 1 (infinity allowed), found {self.p}")

    def __call__(self, values: Any, weights: Any = None) -> float:
        """The norm; `weights` (as broadcast to the values) are read where it is weighted. Raises DataError without them."""
        size = np.abs(np.asarray(values, dtype=np.float64))
        if self.weighted and weights is None:
            raise DataError("a weighted norm needs weights", field="weights")
        share = np.broadcast_to(np.asarray(weights if self.weighted else 1.0, dtype=np.float64), size.shape)
        largest = float(size[share > 0].max(initial=0.0))
        if largest == 0.0 or np.isinf(self.p):
            return largest
        with np.errstate(under="ignore"):  # what is that small beside the largest adds nothing
            total = (share * np.where(share > 0, size / largest, 0.0) ** self.p).sum()
        return largest * float(total ** (1 / self.p))


L1, L2, MAX = Norm(1.0), Norm(2.0), Norm(float("inf"))


def normalised(canonical: Any, reward: Any, norm: Norm, weights: Any = None) -> Floats:
    """c / n(c), or 0 where n(c) is 0 up to rounding: at most `ZERO` of the norm of max |R| everywhere."""
    found = np.asarray(canonical, dtype=np.float64)
    size = norm(found, weights)
    scale = norm(np.full_like(found, np.abs(np.asarray(reward)).max(initial=0.0)), weights)
    result: Floats = np.zeros_like(found) if size <= ZERO * scale else found / size
    return result


def pearson_distance(first: Any, second: Any, weights: Any = None, rewards: tuple[Any, Any] | None = None) -> float:
    """√((1 − ρ)/2) in [0, 1], ρ Pearson's correlation under `weights` (None: uniform).

    Computed as ½·‖s(x) − s(y)‖₂ of the centred, scaled values, which is the same and keeps its digits at ρ = 1. A constant
    side scales to 0: two constants are at 0, a constant and another at ½. `rewards` are what the values are canonical forms
    of, by whose size rounding is told from 0 (None: the values themselves). Raises DataError for unequal shapes.
    """
    x, y = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if x.shape != y.shape:
        raise DataError(f"values of one shape are compared, found {x.shape} and {y.shape}")
    share = np.ones(x.shape) if weights is None else np.broadcast_to(np.asarray(weights, dtype=np.float64), x.shape)
    share = share / share.sum()
    norm = Norm(2.0, weighted=True)
    sizes = (x, y) if rewards is None else rewards
    one, two = (normalised(v - (share * v).sum(), r, norm, share) for v, r in zip((x, y), sizes, strict=True))
    return 0.5 * norm(one - two, share)
