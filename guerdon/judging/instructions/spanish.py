"""M-IFEval's instructions that Spanish has of its own, or reads differently."""

from __future__ import annotations

import re
import string
import unicodedata
from collections.abc import Callable, Mapping

from guerdon.judging.instructions import form
from guerdon.judging.instructions.language import detect
from guerdon.judging.instructions.words import compare, count_words, sentences

OPTIONS = ("Sí.", "No.", "Quizás.")
LIST_MARK = re.compile(r"(?:\d+\.|[-*])\s*")
WORD = re.compile(r"\w+")
PUNCTUATION = str.maketrans("", "", string.punctuation)


def constrained_response(text: str) -> bool:
    """One of the three fixed answers appears."""
    return any(option in text for option in OPTIONS)


def spanish_capital(text: str) -> bool:
    """All letters are capitals and the language, told from the lower case, is Spanish."""
    letters = (c for c in unicodedata.normalize("NFKD", text) if c.isalpha())
    return all(c.isupper() for c in letters) and detect(text.lower()) == "es"


def spanish_lowercase(text: str) -> bool:
    """No letter is a capital and the language is Spanish."""
    return text.islower() and detect(text) == "es"


def number_bullet_lists(text: str, *, num_bullets: int) -> bool:
    """Exactly so many lines that start with `*` (but not `**`)."""
    return form.count_bullets(text, dash=False) == num_bullets


def number_placeholders(text: str, *, num_placeholders: int, relation: str) -> bool:
    """The number of placeholders in square brackets."""
    return compare(form.count_placeholders(text), relation, num_placeholders)


def number_highlighted_sections(text: str, *, num_highlights: int, relation: str) -> bool:
    """The number of highlighted stretches."""
    return compare(form.count_highlights(text), relation, num_highlights)


def multiple_sections(text: str, *, section_spliter: str, num_sections: int, relation: str) -> bool:
    """The number of section marks."""
    return compare(form.count_sections(text, section_spliter), relation, num_sections)


def number_words(text: str, *, num_words: int, relation: str) -> bool:
    """The number of words, list marks left out."""
    return compare(count_words(without_marks(text)), relation, num_words)


def number_sentences(text: str, *, num_sentences: int, relation: str) -> bool:
    """The number of sentences, list marks left out; a line break ends one, as it mostly does in the published parser."""
    count = sum(len(sentences(line)) for line in without_marks(text).split("\n"))
    return compare(count, relation, num_sentences)


def without_marks(text: str) -> str:
    """The text without the numbers, dashes and asterisks that start its lines."""
    lines = [line.lstrip() for line in text.split("\n")]
    return "\n".join(line[m.end() :] if (m := LIST_MARK.match(line)) else line for line in lines)


def nth_paragraph_first_word(text: str, *, num_paragraphs: int, nth_paragraph: int, first_word: str) -> bool:
    """So many paragraphs, the n-th (from 1) of which starts with the word or words, punctuation and case apart."""
    parts = text.split("\n\n")
    count = sum(1 for p in parts if p.strip())
    if count != num_paragraphs or not 1 <= nth_paragraph <= count:
        return False
    wanted = first_word.lower().split()
    words = [w.translate(PUNCTUATION).lower() for w in parts[nth_paragraph - 1].split()[: len(wanted)]]
    return words == wanted


def postscript(text: str, *, postscript_marker: str) -> bool:
    """The marker appears, case apart ("P.D." with an optional blank)."""
    marker = postscript_marker.strip().lower()
    return re.search(r"p\.\s?d\." if marker == "p.d." else re.escape(marker), text.lower()) is not None


def end_checker(text: str, *, end_phrase: str) -> bool:
    """It ends with the phrase; case, outer white space, double quotes and one full stop apart."""
    return text.strip().strip('"').lower().removesuffix(".").endswith(end_phrase.strip().lower())


def question_marks(text: str) -> bool:
    """There is a question between ¿ and ?."""
    return _between(text, "¿", "?")


def exclamation_marks(text: str) -> bool:
    """There is an exclamation between ¡ and !."""
    return _between(text, "¡", "!")


def _between(text: str, opening: str, closing: str) -> bool:
    start = text.find(opening)
    while start >= 0:
        end = text.find(closing, start)
        if end < 0:
            return False
        if text[start:end].lstrip(opening).strip():
            return True
        start = text.find(opening, end)
    return False


def enie(text: str, *, let_frequency: int) -> bool:
    """Exactly so many words with ñ."""
    return words_with(text, "ñÑ") == let_frequency


def dieresis(text: str, *, let_frequency: int) -> bool:
    """Exactly so many words with ü."""
    return words_with(text, "üÜ") == let_frequency


def tildes(text: str, *, num_words: int, relation: str) -> bool:
    """The number of words with an accented vowel."""
    return compare(words_with(text, "áéíóúÁÉÍÓÚ"), relation, num_words)


def words_with(text: str, letters: str) -> int:
    """Words that hold one of the letters."""
    return sum(1 for m in WORD.finditer(text) if any(c in letters for c in m[0]))


OWN: Mapping[str, Callable[..., bool]] = {
    "change_case:spanish_capital": spanish_capital,
    "change_case:spanish_lowercase": spanish_lowercase,
    "detectable_content:number_placeholders": number_placeholders,
    "detectable_content:postscript": postscript,
    "detectable_format:constrained_response": constrained_response,
    "detectable_format:multiple_sections": multiple_sections,
    "detectable_format:number_bullet_lists": number_bullet_lists,
    "detectable_format:number_highlighted_sections": number_highlighted_sections,
    "length_constraints:nth_paragraph_first_word": nth_paragraph_first_word,
    "length_constraints:number_sentences": number_sentences,
    "length_constraints:number_words": number_words,
    "punctuation:exclamation_marks": exclamation_marks,
    "punctuation:question_marks": question_marks,
    "special_character:dieresis": dieresis,
    "special_character:enie": enie,
    "special_character:tildes": tildes,
    "startend:end_checker": end_checker,
}
