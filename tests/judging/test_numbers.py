"""Numbers in tags: read exactly, refused otherwise."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guerdon.core.errors import ParseError
from guerdon.judging.numbers import tag_number, tag_numbers


@given(st.decimals(0, 5, places=2))
def test_a_number_in_range_is_read_as_it_stands(number: object) -> None:
    assert tag_number(f"because … <score>{number}</score>", "score", 0, 5) == float(str(number))


@pytest.mark.parametrize("inside", ["", "four", "4/5", "4 of 5", "1e3", "nan", "inf", "٣", "5.5", "-1"])
def test_anything_else_is_refused(inside: str) -> None:
    with pytest.raises(ParseError):
        tag_number(f"<score>{inside}</score>", "score", 0, 5)
    assert tag_number(f"<score>{inside}</score>", "score", 0, 5, "published") is None


def test_lists() -> None:
    assert tag_numbers("<scores>9, 7,8 ,3</scores>", "scores", 4, 1, 10) == [9, 7, 8, 3]
    for wrong in ("9,7,8", "9,7,8,3,", "9;7;8;3", "9,7,8,30"):
        with pytest.raises(ParseError):
            tag_numbers(f"<scores>{wrong}</scores>", "scores", 4, 1, 10)
        assert tag_numbers(f"<scores>{wrong}</scores>", "scores", 4, 1, 10, "published") is None
