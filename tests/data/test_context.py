"""A context put before the prompt."""

from __future__ import annotations

from dataclasses import replace

import pytest

from guerdon.core.errors import DataError
from guerdon.core.types import Message, Part, sample
from guerdon.data.context import in_context


def test_it_stands_before_the_first_user_turn() -> None:
    turns = (Message(role="system", content="S"), Message(role="user", content="U"), Message(role="user", content="V"))
    made = replace(sample("U", "a", context={"criterion": " Be brief. "}), prompt=turns)
    assert [m.text for m in in_context(made, "criterion").prompt] == ["S", "Be brief.\n\nU", "V"]
    assert made.prompt == turns


def test_parts_keep_their_media() -> None:
    picture = Part(kind="image", value="https://example.org/a.png")
    made = replace(sample("U", "a", context={"c": "C"}), prompt=(Message(role="user", content=(picture,)),))
    assert in_context(made, "c").prompt[0].content == (Part(kind="text", value="C\n\n"), picture)


@pytest.mark.parametrize("context", [{}, {"c": ""}, {"c": 3}, {"c": None}])
def test_a_missing_context_is_named(context: dict[str, object]) -> None:
    with pytest.raises(DataError, match=r"context\.c") as caught:
        in_context(sample("U", "a", id="x", context=context), "c")
    assert caught.value.field == "context.c" and "'x'" in str(caught.value)
