"""What the report computes, on hands small enough to check by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from guerdon.metrics.spearman import spearman
from guerdon.report.figures import calibration, distribution, length_profile, most_wrong
from guerdon.report.model import Pair


def pair(
    id: str, better: float | None, worse: float | None, texts: tuple[str, str] = ("aa", "b"), subset: str = ""
) -> Pair:
    return Pair(id=id, better=texts[0], worse=texts[1], better_value=better, worse_value=worse, subset=subset)


def test_most_wrong_is_the_right_ten_in_order() -> None:
    """Twenty wrong pairs in shuffled order, some right, tied and unscored: the ten lowest margins, lowest first."""
    margins = np.random.default_rng(0).permutation(np.arange(-20, 0)).tolist()
    pairs = [pair(f"w{-m}", float(m), 0.0) for m in margins]
    pairs += [pair("right", 5.0, 0.0), pair("tie", 1.0, 1.0), pair("lost", None, 99.0), pair("gone", -99.0, None)]
    found = most_wrong(pairs)
    assert [w.pair.id for w in found] == [f"w{m}" for m in range(20, 10, -1)]
    assert [w.margin for w in found] == [float(-m) for m in range(20, 10, -1)]


def test_most_wrong_shows_a_sample_once_by_its_worst_pair() -> None:
    pairs = [pair("a", 0.0, 1.0, subset="x"), pair("a", 0.0, 3.0, subset="y"), pair("a", 2.0, 1.0), pair("b", 0.0, 2.0)]
    found = most_wrong(pairs)
    assert [(w.pair.id, w.pair.subset, w.margin, w.wrong, w.scored) for w in found] == [
        ("a", "y", -3.0, 2, 3),
        ("b", "", -2.0, 1, 1),
    ]
    assert found[0].stated == pytest.approx(1 / (1 + math.exp(-3)))


def test_a_reward_that_only_compares_is_read_by_its_margins() -> None:
    pairs = [Pair(id="a", better="x", worse="yy", margin=-2.0), Pair(id="b", better="x", worse="y", margin=1.0)]
    assert [(w.pair.id, w.margin) for w in most_wrong(pairs)] == [("a", -2.0)]
    found = calibration(pairs)
    assert found is not None and found.count == 2 and found.right == 0.5
    assert distribution(pairs) is None and length_profile(pairs) is None


def test_equal_margins_keep_the_file_order() -> None:
    assert [w.pair.id for w in most_wrong([pair(i, 0.0, 1.0) for i in "zaqb"], 3)] == ["z", "a", "q"]


def test_calibration_by_hand() -> None:
    """Margin ±ln 3 states 75 %; three of four right is perfect there, one of four is 50 points off."""
    right, wrong = (math.log(3), 0.0), (0.0, math.log(3))
    good = calibration([pair(str(i), *v) for i, v in enumerate([right, right, right, wrong])])
    assert good is not None and good.ece == pytest.approx(0) and good.stated == good.right == pytest.approx(0.75)
    bad = calibration([pair(str(i), *v) for i, v in enumerate([right, wrong, wrong, wrong])])
    assert bad is not None and bad.ece == pytest.approx(0.5) and [b.count for b in bad.bins] == [4]
    assert calibration([pair("a", None, 1.0)]) is None


def test_distribution_counts_each_response_once() -> None:
    """Three better and three worse responses in nine pairs are three and three scores, not nine and nine."""
    pairs = [pair("s", i + 10.0, float(j), (f"b{i}", f"w{j}")) for i in range(3) for j in range(3)]
    found = distribution(pairs)
    assert found is not None and found.counts == (3, 3) and found.medians == (11.0, 1.0)
    assert found.better.sum() == pytest.approx(1) and found.worse.sum() == pytest.approx(1)
    assert found.edges[0] == 0 and found.edges[-1] == 12 and found.beyond == 0


def test_distribution_keeps_far_values_in_the_outermost_bins() -> None:
    pairs = [pair(str(i), i / 500, -i / 500, (f"b{i}", f"w{i}")) for i in range(500)] + [pair("far", 1e6, 0.0)]
    found = distribution(pairs)
    assert found is not None and found.edges[-1] < 2 and found.beyond >= 1
    assert found.better.sum() == pytest.approx(1)


def test_length_profile_by_hand() -> None:
    """The longer one wins in 2 of 3 pairs of unequal length and is the better one in 1 of 3; equal lengths do not count."""
    pairs = [
        pair("a", 2.0, 1.0, ("xxxx", "x")),
        pair("b", 1.0, 2.0, ("x", "xxx")),
        pair("c", 2.0, 1.0, ("x", "xx")),
        pair("d", 2.0, 1.0, ("x", "y")),
    ]
    found = length_profile(pairs)
    assert found is not None and found.pairs == 3
    assert found.longer_wins == pytest.approx(2 / 3) and found.longer_better == pytest.approx(1 / 3)
    assert sum(b.count for b in found.bins) == 8


def test_spearman_known_answers() -> None:
    x = np.array([1.0, 2.0, 3.0, 4.0])
    assert spearman(x, x**3) == pytest.approx(1) and spearman(x, -x) == pytest.approx(-1)
    assert spearman(x, np.array([1.0, 3.0, 2.0, 4.0])) == pytest.approx(0.8)  # 1 − 6·2/(4·15)
    assert spearman(x, np.ones(4)) is None
    assert spearman(np.array([1.0, 1.0, 2.0]), np.array([1.0, 2.0, 3.0])) == pytest.approx(math.sqrt(3) / 2)


finite = st.floats(-1e12, 1e12)


@given(st.lists(st.tuples(finite | st.none(), finite | st.none(), st.integers(0, 50), st.integers(0, 50)), max_size=30))
def test_no_run_breaks_the_figures(rows: list[tuple[float | None, float | None, int, int]]) -> None:
    pairs = [pair(str(i), b, w, ("x" * m, "y" * n)) for i, (b, w, m, n) in enumerate(rows)]
    known = [p for p in pairs if p.gap is not None]
    wrong = most_wrong(pairs)
    assert len(wrong) == min(10, sum(p.gap < 0 for p in known if p.gap is not None))
    found, d, p = calibration(pairs), distribution(pairs), length_profile(pairs)
    assert (found is None) == (not known)
    if found is not None:
        assert 0 <= found.ece <= 1 and sum(b.count for b in found.bins) == len(known)
    if d is not None:
        assert np.isfinite(d.edges).all() and (np.diff(d.edges) > 0).all() and d.better.sum() == pytest.approx(1)
    if p is not None and p.spearman is not None:
        assert -1.0000001 <= p.spearman <= 1.0000001
