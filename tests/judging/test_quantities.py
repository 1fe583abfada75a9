"""Numbers as people write them."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guerdon.judging.answers import boxed, layers, marked
from guerdon.judging.quantities import digits, plain, quantities


def read(text: str, decimal: str = "point") -> list[set[Fraction]]:
    return [set(q.values) for q in quantities(plain(text), decimal)]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "value"),
    [("1,234", "1234"), ("1.234", "1.234"), ("1.234,5", "1234.5"), ("12,5", "12.5"), ("1.234.567", "1234567"),
     ("1,23,456", "123456"), ("$1,234.50.", "1234.5"), ("1'234", "1234"), ("১২৩", "123"), ("๔๒", "42"), ("1½", "3/2"),
     ("−5", "-5"), (r"\frac{3}{4}", "3/4"), (r"-\dfrac{3}{4}", "-3/4"), ("1 1/2", "3/2"), ("2e5", "200000"),
     (r"3\times 10^{-2}", "0.03"), ("1{,}234", "1234"), ("0,125", "0.125"), (".5", "0.5"), ("１，２３４", "1234"),
     ("1\u202f234,5", "1234.5"), ("$-5", "-5"), ("共5个", "5"), ("007", "7")],
)  # fmt: skip
def test_one_reading(text: str, value: str) -> None:
    assert read(text) == [{Fraction(value)}]


def test_custom_decides_what_the_digits_leave_open() -> None:
    thousand, decimal = Fraction(1234), Fraction("1.234")
    assert digits("1.234") == digits("1,234", "comma") == {decimal}
    assert digits("1,234") == digits("1.234", "comma") == {thousand}
    assert digits("1.234", "either") == digits("1,234", "either") == {thousand, decimal}
    assert read("1.234,5", "comma") == read("1,234.5", "comma") == [{Fraction("1234.5")}]


def test_percent_is_both_and_no_number_is_none() -> None:
    assert read("20 %") == read("20 percent") == [{Fraction(20), Fraction(1, 5)}]
    for text in ("01.02.2020", "5/0", "H2O", "no", "²", "1,2,3"):
        assert read(text) == [], text
    assert read("3-5") == [{Fraction(3)}, {Fraction(5)}], "a hyphen after a digit is no sign"


@given(st.integers(0, 10**12), st.integers(0, 99))
def test_what_is_written_is_read(whole: int, cents: int) -> None:
    value = whole + Fraction(cents, 100)
    for mark, point in ((",", "."), (".", ","), ("\u00a0", ","), ("'", ".")):
        assert read(f"{whole:,}".replace(",", mark) + f"{point}{cents:02d}") == [{value}]


def test_places_of_final_answers() -> None:
    text = r"\boxed{1} then \boxed{\frac{a}{b}} and \boxed{open <answer>7</answer> The answer is **x**."
    assert (
        boxed(text) == r"\frac{a}{b}"
        and marked(text) == "x**."
        and [n for n, _ in layers(text)][:2] == ["boxed", "tagged"]
    )
    assert list(layers("<think>\\boxed{1}</think>\n2")) == [("last line", "2")] and list(layers("")) == []
    assert marked("Answer:\n\n 42\n43") == "42" and marked("Réponse : 3") == "3" and marked("x") is None
