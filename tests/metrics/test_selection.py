"""The largest of some values by a share."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guerdon.metrics.selection import kept_count, largest


@pytest.mark.parametrize(
    ("count", "share", "kept"), [(5, 0.6, 3), (5, 0.5, 3), (5, 0.7, 4), (3, 0.5, 2), (1, 0.1, 1), (9, 0.01, 1), (0, 0.5, 0)]
)  # fmt: skip
def test_half_is_rounded_up_and_one_is_always_kept(count: int, share: float, kept: int) -> None:
    assert kept_count(count, share) == kept


def test_of_equal_values_the_earlier_is_kept() -> None:
    assert largest([3, -1, 2, 0.5, -2], 0.6) == [0, 2, 3]
    assert largest([1.0, 1.0, 1.0, 2.0], 0.5) == [0, 3]
    assert largest([], 0.5) == []


@given(st.lists(st.floats(-5, 5), min_size=1), st.floats(0, 1))
def test_no_value_left_out_is_above_one_that_is_kept(values: list[float], share: float) -> None:
    kept = largest(values, share)
    left = [v for i, v in enumerate(values) if i not in kept]
    assert len(kept) == kept_count(len(values), share) and kept == sorted(set(kept))
    assert not left or max(left) <= min(values[i] for i in kept)
