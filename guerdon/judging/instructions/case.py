"""Instructions on upper and lower case."""

from __future__ import annotations

from guerdon.judging.instructions.language import detect
from guerdon.judging.instructions.words import compare, tokens


def english_capital(text: str) -> bool:
    """All letters are capitals and the language is English.

    The language is told from the text in lower case: the detector skips words in capitals, so that of the text as it stands
    the published check can tell nothing and lets any language pass.
    """
    return text.isupper() and detect(text.lower()) == "en"


def english_lowercase(text: str) -> bool:
    """No letter is a capital and the language is English."""
    return text.islower() and detect(text) == "en"


def capital_word_frequency(text: str, *, capital_frequency: int, capital_relation: str) -> bool:
    """The number of words in capitals; a hyphenated word is one."""
    return compare(sum(1 for t in tokens(text) if t.isupper()), capital_relation, capital_frequency, "capital_relation")
