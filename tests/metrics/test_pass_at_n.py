"""Pass@n and Verified Pass@n against binomials and by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from guerdon.core.errors import DataError
from guerdon.metrics.pass_at_n import pass_at, verified_pass_at

flags = arrays(np.float64, (3, 8), elements=st.sampled_from([0.0, 1.0]))


@given(flags)
def test_it_is_the_ratio_of_binomials_and_rises_with_n(right: np.ndarray) -> None:
    found = pass_at(right, range(1, 9))
    wanted = [[1 - math.comb(8 - int(row.sum()), n) / math.comb(8, n) for n in range(1, 9)] for row in right]
    assert np.allclose(found, wanted) and (np.diff(found, axis=1) >= -1e-12).all()


@given(flags, flags)
def test_verified_counts_those_right_and_valid_and_is_never_above(right: np.ndarray, valid: np.ndarray) -> None:
    found = verified_pass_at(right, valid, [1, 4])
    assert np.allclose(found, pass_at(right * valid, [1, 4])) and (found <= pass_at(right, [1, 4]) + 1e-12).all()


def test_by_hand() -> None:
    right, valid = [[1, 1, 1, 0]], [[1, 0, 0, 1]]
    assert pass_at(right, [1, 2])[0].tolist() == pytest.approx([0.75, 1.0])
    assert verified_pass_at(right, valid, [1, 2, 4])[0].tolist() == pytest.approx([0.25, 0.5, 1.0])


def test_missing_verdicts_and_misuse() -> None:
    nan = float("nan")
    assert pass_at([[1.0, 0.0, nan]], [2, 3])[0].tolist() == pytest.approx([1.0, nan], nan_ok=True)
    found = verified_pass_at([[1.0, 0.0, 1.0]], [[nan, nan, 1.0]], [1])
    assert found[0, 0] == pytest.approx(0.5), "a wrong answer needs no verdict on its process, a right one does"
    for bad in ([[0.5]], [1.0]):
        with pytest.raises(DataError):
            pass_at(bad, 1)
    with pytest.raises(DataError, match="at least 1"):
        pass_at([[1.0]], 0)
    with pytest.raises(DataError, match="alike"):
        verified_pass_at([[1.0]], [[1.0, 0.0]], 1)
