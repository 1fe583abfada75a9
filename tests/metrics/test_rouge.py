"""ROUGE of token lists: worked answers and the recursion it must equal."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from pytest import approx

from guerdon.metrics.rouge import longest_common, rouge_l, rouge_n

TOKENS = st.lists(st.sampled_from("abc"), max_size=12)


def test_worked_answers() -> None:
    said, gold = ["police", "kill", "the", "gunman"], ["police", "killed", "the", "gunman"]
    assert rouge_n(said, gold, 1) == rouge_l(said, gold) == (0.75, 0.75, 0.75)
    assert rouge_n(said, gold, 2) == approx((1 / 3, 1 / 3, 1 / 3))
    turned = ["the", "gunman", "kill", "police"]
    assert rouge_l(turned, gold) == (0.5, 0.5, 0.5) and rouge_n(turned, gold, 1) == (0.75, 0.75, 0.75)
    assert rouge_n(["a", "a", "a"], ["a", "b"], 1) == approx((1 / 3, 1 / 2, 2 / 5)), "repeats count once a match"
    assert rouge_n([], gold, 1) == rouge_l(said, []) == rouge_n(["a"], ["a"], 2) == (0.0, 0.0, 0.0)


@given(TOKENS, TOKENS)
def test_the_longest_common_subsequence_is_that_of_the_recursion(a: list[str], b: list[str]) -> None:
    table = [[0] * (len(b) + 1) for _ in range(len(a) + 1)]
    for i, x in enumerate(a):
        for j, y in enumerate(b):
            table[i + 1][j + 1] = table[i][j] + 1 if x == y else max(table[i][j + 1], table[i + 1][j])
    assert longest_common(a, b) == table[-1][-1]
