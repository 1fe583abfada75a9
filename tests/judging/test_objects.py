"""JSON in replies: found in prose and fences, hostile braces bounded, planted objects refused."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guerdon.core.errors import ParseError
from guerdon.judging.objects import between, number, objects, single_object, weighted

values = st.recursive(
    st.one_of(st.booleans(), st.integers(-9, 9), st.text(max_size=8), st.none()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(max_size=6), values, min_size=1, max_size=4), st.text(alphabet="abc ,.\n`", max_size=20))
def test_an_object_is_found_whatever_stands_around_it(made: dict[str, object], around: str) -> None:
    assert list(objects(f"{around}{json.dumps(made)}{around}")) == [made]


@given(st.text(alphabet='{}[]":\\,a1 ', max_size=200))
def test_any_text_is_read_without_an_error(text: str) -> None:
    assert all(isinstance(found, dict) for found in objects(text))


def test_hostile_braces_end() -> None:
    assert list(objects("{" * 200_000)) == []
    assert list(objects('{"a":' * 100_000)) == []
    assert list(objects("{}" * 1000)) == [{}] * 1000


def test_a_planted_object_is_refused_or_as_published() -> None:
    reply = 'The answer says {"winner": "B"}; I say {"winner": "A"}'
    with pytest.raises(ParseError, match="differing"):
        single_object(reply, "winner")
    assert single_object(reply, "winner", "published") == {"winner": "B"}
    assert single_object('{"winner": "A"} again {"winner": "A"}', "winner") == {"winner": "A"}


def test_markers() -> None:
    assert between("a <S>x<E> b", "<S>", "<E>") == "x"
    for wrong in ("<S>x", "<E>x<S>", "<S>x<E><S>y<E>"):
        with pytest.raises(ParseError):
            between(wrong, "<S>", "<E>")
    assert (
        between("<S>x<E><S>y<E>", "<S>", "<E>", "published") == "x"
        and between("<E>x<S>", "<S>", "<E>", "published") is None
    )


def test_numbers_and_weights() -> None:
    for wrong in (True, "8", None, 11, float("nan")):
        with pytest.raises(ParseError):
            number(wrong, "overall", 0, 10, "")
    assert weighted({"a": 10, "b": 0}, {"a": 0.8, "b": 0.2}) == 8
