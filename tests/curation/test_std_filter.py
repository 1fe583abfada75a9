"""`curation.std_filter`: when it collects, when it filters, what it drops."""

from __future__ import annotations

import pytest

from guerdon.core.build import build
from guerdon.core.contracts import Stateful
from guerdon.core.errors import SpecError
from guerdon.curation.std_filter import StdFilter

WIDE, FLAT = (0.0, 1.0), (0.5, 0.5)  # std 0.5 and 0


def test_it_collects_from_step_6_and_filters_from_step_11() -> None:
    method = build("curation.std_filter", Stateful)  # type: ignore[type-abstract]
    state, kept = method.init(), []
    for _ in range(12):
        state, keep = method.step(state, [WIDE, FLAT])
        kept.append(keep)
        if len(kept) == 5:
            assert state.data["average"] is None
    assert kept[:10] == [[True, True]] * 10 and kept[10:] == [[True, False]] * 2
    assert state.data == {"step": 12, "average": pytest.approx(0.25)}


def test_the_average_moves_by_one_in_a_hundred() -> None:
    method = StdFilter(collect_from=1, filter_from=1)
    state, keep = method.step(method.init(), [WIDE])
    assert keep == [True] and state.data["average"] == pytest.approx(0.5), "the first batch starts it"
    state, keep = method.step(state, [(0.0, 0.4), (0.0, 0.6), (None, 1.0)])
    assert keep == [False, True, False], "0.2 < 0.25 ≤ 0.3; a single value has no spread"
    assert state.data["average"] == pytest.approx(0.99 * 0.5 + 0.01 * (0.2 + 0.3 + 0.0) / 3)


def test_bad_arguments_are_told() -> None:
    with pytest.raises(SpecError, match="decay"):
        StdFilter(decay=1.0)
