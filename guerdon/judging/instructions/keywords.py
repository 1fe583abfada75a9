"""Instructions on words and letters that must, may or must not appear. Keywords are taken literally, case apart."""

from __future__ import annotations

import re
from collections.abc import Sequence

from guerdon.judging.instructions.words import compare


def existence(text: str, *, keywords: Sequence[str]) -> bool:
    """Every keyword appears, also inside longer words."""
    return all(_pattern(k).search(text) for k in keywords)


def frequency(text: str, *, keyword: str, frequency: int, relation: str) -> bool:
    """How often the keyword appears (also inside longer words)."""
    return compare(sum(1 for _ in _pattern(keyword.strip()).finditer(text)), relation, frequency)


def forbidden_words(text: str, *, forbidden_words: Sequence[str]) -> bool:
    """None of the words appears as a word of its own."""
    return not any(re.search(rf"\b{re.escape(w)}\b", text, re.IGNORECASE) for w in forbidden_words)


def letter_frequency(text: str, *, letter: str, let_frequency: int, let_relation: str) -> bool:
    """How often the letter (or any one character) appears, case apart."""
    return compare(text.lower().count(letter.strip().lower()), let_relation, let_frequency, "let_relation")


def _pattern(word: str) -> re.Pattern[str]:
    return re.compile(re.escape(word), re.IGNORECASE)
