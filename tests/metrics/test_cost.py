"""Cost a correct verdict."""

from __future__ import annotations

import numpy as np
import pytest

from guerdon.core.errors import DataError
from guerdon.metrics.cost import cost_per_correct


def test_wrong_and_unscored_items_cost_too() -> None:
    found = cost_per_correct([1.0, 2.0, 3.0, 4.0], [1.0, 0.0, np.nan, 0.5])
    assert found.value == pytest.approx(10 / 1.5) and (found.total, found.right, found.n) == (10.0, 1.5, 4)


def test_doubling_prices_doubles_value_and_interval() -> None:
    rng = np.random.default_rng(0)
    costs, right = rng.random(200), (rng.random(200) < 0.8).astype(float)
    one, two = cost_per_correct(costs, right, seed=1), cost_per_correct(2 * costs, right, seed=1)
    assert one.interval is not None and two.interval is not None and one.value is not None and two.value is not None
    assert two.value == pytest.approx(2 * one.value) and two.interval == pytest.approx([2 * v for v in one.interval])
    assert one.interval[0] < one.value < one.interval[1]
    delta = (costs - one.value * right).std() / right.mean() / np.sqrt(200)  # the delta method
    assert one.interval == pytest.approx((one.value - 1.96 * delta, one.value + 1.96 * delta), abs=0.02)


def test_nothing_right_has_no_price_and_rarely_right_none_above() -> None:
    none = cost_per_correct([1.0, 1.0], [0.0, np.nan])
    assert none.value is None and none.interval is None and none.total == 2.0
    rare = cost_per_correct([1.0] * 5, [1.0, 0.0, 0.0, 0.0, 0.0])
    assert rare.value == 5.0 and rare.interval is not None and rare.interval[1] == np.inf
    for costs, right in [([], []), ([1.0], []), ([-1.0], [1.0]), ([np.nan], [1.0]), ([1.0], [3.0])]:
        with pytest.raises(DataError):
            cost_per_correct(costs, right)
