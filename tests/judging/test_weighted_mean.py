"""The weighted mean of verdicts, and bounds that contain it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guerdon.core.build import build
from guerdon.core.contracts import Aggregator
from guerdon.core.types import Criterion, Rubric, Status, Verdict

weights = st.lists(st.integers(-5, 10).filter(bool), min_size=1, max_size=6)


def rubric(found: list[int]) -> Rubric:
    return Rubric(
        id="r", version="1", criteria=tuple(Criterion(id=str(i), text="t", weight=w) for i, w in enumerate(found))
    )


def mean(**fields: bool) -> Aggregator:
    return build({"use": "judging.weighted_mean", **fields}, Aggregator)


def test_points_are_divided_by_the_possible_ones() -> None:
    verdicts = [Verdict(criterion=str(i), value=v) for i, v in enumerate((1.0, 0.0, 1.0))]
    assert mean().value(rubric([5, 3, -2]), verdicts) == 3 / 8
    assert (
        mean(clip=True).value(rubric([1, 3, -2]), verdicts) == 0 and mean().value(rubric([1, 3, -2]), verdicts) == -0.25
    )
    assert mean().value(rubric([5, 3, 2]), verdicts[:2]) is None
    assert mean(partial=True).value(rubric([5, 3, 2]), verdicts[:2]) == 5 / 8
    failed = Verdict(criterion="1", status=Status.FAILED)
    assert mean().value(rubric([5, 3]), [verdicts[0], failed]) is None


@given(weights, st.data(), st.booleans())
def test_bounds_contain_every_completion(found: list[int], data: st.DataObject, clip: bool) -> None:
    made, judge = rubric(found), mean(clip=clip)
    values = data.draw(st.lists(st.sampled_from([0.0, 1.0]), min_size=len(found), max_size=len(found)))
    verdicts = [Verdict(criterion=str(i), value=v) for i, v in enumerate(values)]
    known = data.draw(st.integers(0, len(found)))
    low, high = judge.bounds(made, verdicts[:known])
    value = judge.value(made, verdicts)
    assert value is not None and low - 1e-12 <= value <= high + 1e-12
    assert judge.bounds(made, verdicts) == pytest.approx((value, value))
