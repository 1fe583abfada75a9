"""`models.heads.joint`: bad fields, what it reads, and truncation of joint texts."""

from __future__ import annotations

from typing import Any

import pytest

from guerdon.core.build import build
from guerdon.core.contracts import Fit, Head
from guerdon.core.errors import DataError, SpecError
from guerdon.models.joint import JointTexts, shuffled
from guerdon.models.template import Encoded, Pieces, Truncation


def head(**fields: Any) -> Head:
    return build({"use": "models.heads.joint", **fields}, Head)  # type: ignore[type-abstract]


@pytest.mark.parametrize("fields", [{"read": "lst"}, {"hidden": 0}, {"init_std": -1.0}])
def test_bad_fields_are_spec_errors(fields: dict[str, Any]) -> None:
    with pytest.raises(SpecError):
        head(**fields)


def test_the_closest_read_is_named() -> None:
    with pytest.raises(SpecError, match="Did you mean 'last'"):
        head(read="lst")


def test_the_embedded_encoder_is_refused_when_the_fit_is_built() -> None:
    with pytest.raises(SpecError, match="name a decoder"):
        build({"use": "models.reward_model", "head": {"use": "models.heads.joint"}}, Fit)  # type: ignore[type-abstract]


def texts(prompt: int, responses: list[int], room: int, truncation: Truncation = "prompt") -> JointTexts:
    """Texts of so many tokens; a response's tokens are its number, the prompt's count down to 1000."""
    ids = list(range(1000 + prompt, 1000, -1))
    middle = tuple([i] * n for i, n in enumerate(responses))
    return JointTexts(Pieces([], ids, [], [], []), middle, middle, (None,) * len(responses), 99, room, truncation)


def laid(made: JointTexts, order: list[int] | None = None) -> tuple[tuple[int, ...], list[int]]:
    """The ids, and which responses are in them."""
    found = made.lay(order)
    kept = [i for i, e in enumerate(found) if isinstance(e, Encoded)]
    first = next(e for e in found if isinstance(e, Encoded))
    return first.ids, kept


def test_what_fits_is_whole() -> None:
    ids, kept = laid(texts(3, [2, 1], 100))
    assert ids == (1003, 1002, 1001, 0, 0, 99, 1) and kept == [0, 1]
    assert laid(texts(3, [2, 1], 100), [1, 0])[0] == (1003, 1002, 1001, 1, 99, 0, 0)


def test_the_prompt_loses_its_oldest_tokens_then_the_last_responses_go() -> None:
    ids, kept = laid(texts(100, [20, 20, 20], 130))
    assert kept == [0, 1, 2] and len(ids) == 130 and ids[67] == 1001, "the prompt's end stays"
    ids, kept = laid(texts(100, [60, 60, 60], 190), [2, 0, 1])
    assert kept == [0, 2] and len(ids) == 190, "the one that stands last is left out"
    found = texts(100, [60, 60, 60], 190).lay([2, 0, 1])[1]
    assert isinstance(found, DataError) and "does not fit" in found.message


def test_responses_go_first_where_they_are_to_be_cut() -> None:
    ids, kept = laid(texts(100, [60, 60, 60], 190, "response"))
    assert kept == [0] and len(ids) == 160 and ids[0] == 1100
    ids, kept = laid(texts(150, [300], 200, "response"))
    assert kept == [0] and len(ids) == 200 and ids[135] == 1001, "64 tokens of the response stay"


def test_the_first_response_loses_its_end_and_is_never_left_out() -> None:
    ids, kept = laid(texts(100, [300, 5], 200))
    assert kept == [0] and len(ids) == 200 and ids.count(0) == 136


def test_refuse_leaves_all_out() -> None:
    assert all(isinstance(e, DataError) for e in texts(100, [60, 60], 150, "refuse").lay())


def test_an_order_is_drawn_from_its_marks_alone() -> None:
    assert shuffled(6, 0, 1, "a") == shuffled(6, 0, 1, "a") != shuffled(6, 0, 2, "a")
    assert sorted(shuffled(6, 3, 0, "b")) == list(range(6))
