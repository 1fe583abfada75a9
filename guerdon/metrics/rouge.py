"""ROUGE of two lists of tokens: (precision, recall, F1), as pure functions (Lin, 2004)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence

Overlap = tuple[float, float, float]


def rouge_n(said: Sequence[Hashable], gold: Sequence[Hashable], n: int) -> Overlap:
    """ROUGE-N: the n-grams in common, counted with repeats, over those of each side."""
    mine, theirs = _grams(said, n), _grams(gold, n)
    return _overlap((mine & theirs).total(), mine.total(), theirs.total())


def rouge_l(said: Sequence[Hashable], gold: Sequence[Hashable]) -> Overlap:
    """ROUGE-L of two texts as one sentence each: the longest common subsequence over the length of each side."""
    return _overlap(longest_common(said, gold), len(said), len(gold))


def longest_common(a: Sequence[Hashable], b: Sequence[Hashable]) -> int:
    """The length of the longest common subsequence: one big-integer step a token of `a`, bits for `b` (Hyyrö, 2004)."""
    places: dict[Hashable, int] = {}
    for i, token in enumerate(b):
        places[token] = places.get(token, 0) | 1 << i
    full = (1 << len(b)) - 1
    row = full
    for token in a:
        matched = row & places.get(token, 0)
        row = (row + matched | row - matched) & full
    return len(b) - row.bit_count()


def _grams(tokens: Sequence[Hashable], n: int) -> Counter[tuple[Hashable, ...]]:
    return Counter(tuple(tokens[i : i + n]) for i in range(len(tokens) - n + 1))


def _overlap(common: int, said: int, gold: int) -> Overlap:
    return (common / max(said, 1), common / max(gold, 1), 2 * common / max(said + gold, 1))
