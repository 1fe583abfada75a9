"""What the instructions count: words, tokens, sentences, and the comparison that follows. Pure, linear in the text."""

from __future__ import annotations

import re

from guerdon.core.errors import DataError

WORD = re.compile(r"\w+")
END = re.compile(r"[.!?]+")
CLOSERS = frozenset("\"')]}*_»”’")
CHUNK = re.compile(
    r"n't\b|N'T\b|'(?:[sSmMdD]|ll|LL|re|RE|ve|VE)\b|\.{2,}|--|[\[\](){}<>\"?!;,:@#$%&]|\w(?:[^\s\[\](){}<>\"?!;,:@#$%&']|'(?!(?:[sSmMdD]|ll|LL|re|RE|ve|VE)\b))*|\S"
)
# Abbreviations after which a full stop ends no sentence: the common ones of English [inferred].
SHORT = (
    "dr mr mrs ms prof rev gen col lt sgt capt sen rep gov st jr sr vs etc e.g i.e cf al fig no vol inc ltd co corp "
    "u.s u.k u.n a.m p.m ph.d b.a m.a d.c jan feb mar apr jun jul aug sep sept oct nov dec approx dept est"
)
ABBREVIATIONS = frozenset(SHORT.split())
LESS = frozenset({"less than", "menos de", "moins de", "未満"})
LEAST = frozenset({"at least", "al menos", "au moins", "以上"})
MOST = frozenset({"at most", "como máximo", "au plus", "以下"})


def count_words(text: str) -> int:
    """Runs of letters, digits and underscores, as the published counter has it: "don't" is two."""
    return sum(1 for _ in WORD.finditer(text))


def tokens(text: str) -> list[str]:
    """Words and punctuation apart, hyphenated words whole, clitics ('s, n't) apart: a plain stand-in for Treebank tokens."""
    return CHUNK.findall(text)


def sentences(text: str) -> list[str]:
    """Sentences: cut after . ! ? (and closing quotes or brackets) before white space.

    A full stop ends none after an abbreviation or a single initial, and neither does a full stop or an ellipsis before a
    lower-case word where a number or more dots precede it. Line breaks alone end none, as in the published (Punkt) counter,
    whose trained model this rule stands in for.
    """
    found, start = [], 0
    for match in END.finditer(text):
        end = match.end()
        while end < len(text) and text[end] in CLOSERS:
            end += 1
        if end < len(text) and text[end].isspace() and _ends(text, start, match):
            found.append(text[start:end].strip())
            start = end
    found.append(text[start:].strip())
    return [s for s in found if s]


def _ends(text: str, start: int, match: re.Match[str]) -> bool:
    if "!" in match[0] or "?" in match[0]:
        return True
    place = max(start, match.start() - 12)
    before = text[place : match.start()].split()
    last = before[-1].lstrip("\"'([{*_").lower() if before and not text[match.start() - 1].isspace() else ""
    after = text[match.end() : match.end() + 40].lstrip(" \n\t\r\"')]}*_»”’")
    lower = after[:1].islower()
    if len(match[0]) > 1 or last.isdigit():
        return not lower
    return last not in ABBREVIATIONS and not (len(last) == 1 and last.isalpha() and not lower)


def compare(count: int, relation: str, wanted: int, field: str = "relation") -> bool:
    """Whether `count` stands in the relation ("less than", "at least" …, in four languages). Raises DataError for others."""
    if relation in LESS:
        return count < wanted
    if relation in LEAST:
        return count >= wanted
    if relation in MOST:
        return count <= wanted
    known = ", ".join(sorted(LESS | LEAST | MOST))
    raise DataError(f"unknown relation {relation!r}; known are {known}", field=field)
