"""The order of an epoch's groups."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guerdon.models.curriculum import ORDERS, Order, curriculum


@pytest.mark.parametrize("order", ORDERS)
@given(count=st.integers(0, 70), size=st.integers(1, 12), seed=st.integers(0, 5), known=st.booleans())
def test_every_order_visits_every_group_once(order: Order, count: int, size: int, seed: int, known: bool) -> None:
    easy = [float((i * 7) % 11) for i in range(count)] if known else None
    batches = curriculum(order, count, size, seed, 0, easy)
    assert sorted(i for b in batches for i in b) == list(range(count))
    assert len(batches) == -(-count // size) and all(0 < len(b) <= size for b in batches)
    assert batches == curriculum(order, count, size, seed, 0, easy)


def test_sorted_goes_from_easy_to_hard() -> None:
    assert curriculum("sorted", 5, 2, 0, 1, [3, -1, 2, 0.5, -2]) == [[0, 2], [3, 1], [4]]


def test_interleaved_deals_easy_and_hard_to_every_batch() -> None:
    assert curriculum("interleaved", 6, 2, 0, 1, [6, 5, 4, 3, 2, 1]) == [[0, 3], [1, 4], [2, 5]]


def test_buckets_keep_the_order_between_them_and_shuffle_inside() -> None:
    easy = [-float(i) for i in range(40)]
    found = [i for b in curriculum("bucketed", 40, 8, 0, 1, easy, bins=4) for i in b]
    assert found != sorted(found) and [i // 10 for i in found] == sorted(i // 10 for i in found)


def test_without_margins_an_epoch_is_random_and_no_epoch_is_like_another() -> None:
    first, second = (curriculum("sorted", 50, 5, 0, e) for e in (0, 1))
    assert first != second and first == curriculum("random", 50, 5, 0, 0, [1.0] * 50)
