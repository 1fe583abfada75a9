"""M-IFEval's instructions that French has of its own, or reads differently."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping

from guerdon.judging.instructions.form import wrapped
from guerdon.judging.instructions.language import detect

OPTIONS = ("Oui.", "Non.", "Peut-être.")
QUOTES = ('""', "''", "«»")
INFORMAL = re.compile(r"\b(?:tu|te|toi|ton|ta|tes)\b|\bt'\b", re.IGNORECASE)
ACCENTED = frozenset("àáâãäåçèéêëìíîïñòóôõöùúûüýÿ")
WORD = re.compile(r"\w+")


def constrained_response(text: str) -> bool:
    """One of the three fixed answers appears."""
    return any(option in text for option in OPTIONS)


def title(text: str) -> bool:
    """A line holds a title between double number signs."""
    return wrapped(text, "##", "##")


def french_capital(text: str) -> bool:
    """All letters are capitals and the language, told from the lower case, is French."""
    return text.isupper() and detect(text.lower()) == "fr"


def french_lowercase(text: str) -> bool:
    """No letter is a capital and the language is French."""
    return text.islower() and detect(text) == "fr"


def quotation(text: str) -> bool:
    """It stands in quotation marks: double, single or angular."""
    text = text.strip()
    return len(text) > 1 and text[0] + text[-1] in QUOTES


def informal_address(text: str) -> bool:
    """The reader is addressed by tu, te, toi or their possessives."""
    return INFORMAL.search(text) is not None


def no_digits(text: str) -> bool:
    """Numbers are in words: there is no digit."""
    return not any(c.isdecimal() for c in text)


def no_accents(text: str) -> bool:
    """No letter has an accent."""
    return ACCENTED.isdisjoint(text.lower())


def ethel_or_cedilla(text: str, *, forbidden_char: str) -> bool:
    """The letter does not appear, case apart."""
    return forbidden_char.lower() not in text.lower()


def accents(text: str, *, word_to_accentuate: Mapping[str, str]) -> bool:
    """Each given word, where it appears in any spelling, has its accents."""
    spelt = (m[0] for m in WORD.finditer(text.lower()))
    return all(word_to_accentuate.get(bare(word), word) == word for word in spelt)


def bare(word: str) -> str:
    """The word without accents."""
    return "".join(c for c in unicodedata.normalize("NFKD", word) if not unicodedata.combining(c))


OWN: Mapping[str, Callable[..., bool]] = {
    "change_case:french_capital": french_capital,
    "change_case:french_lowercase": french_lowercase,
    "detectable_content:informal_address": informal_address,
    "detectable_content:no_digits": no_digits,
    "detectable_format:constrained_response": constrained_response,
    "detectable_format:title": title,
    "special_character:accents": accents,
    "special_character:ethel_or_cedilla": ethel_or_cedilla,
    "special_character:no_accents": no_accents,
    "startend:quotation": quotation,
}
