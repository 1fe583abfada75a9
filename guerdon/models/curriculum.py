"""The order of the groups of an epoch: at random, or from easy to hard in one of three ways. Pure.

Every order visits every group once an epoch; only which groups meet in a batch, and when, differs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

Order = Literal["random", "sorted", "bucketed", "interleaved"]
ORDERS: tuple[Order, ...] = ("random", "sorted", "bucketed", "interleaved")


def curriculum(
    order: Order, count: int, size: int, seed: int, epoch: int, easiness: Sequence[float] | None = None, bins: int = 10
) -> list[list[int]]:
    """Batches of `size` numbers below `count`, as their order says.

    random: shuffled · sorted: by falling easiness, so that the last batches hold all the hard ones · bucketed: sorted, cut into
    `bins` parts, each shuffled · interleaved: sorted, dealt to the batches in turn, so that each spans easy to hard. Without
    `easiness` [count] every order is random. The same for the same seed and epoch; of equal easiness the earlier comes first.
    """
    rng = np.random.default_rng([seed, epoch])
    if order == "random" or easiness is None:
        return _cut([int(i) for i in rng.permutation(count)], size)
    ranked = [int(i) for i in np.argsort(-np.asarray(easiness, dtype=np.float64), kind="stable")]
    if order == "interleaved":
        batches = -(-count // size)
        return [ranked[b::batches] for b in range(batches)]
    if order == "bucketed":
        ranked = [int(i) for part in np.array_split(ranked, bins) for i in rng.permutation(part)]
    return _cut(ranked, size)


def _cut(numbers: Sequence[int], size: int) -> list[list[int]]:
    return [list(numbers[i : i + size]) for i in range(0, len(numbers), size)]
