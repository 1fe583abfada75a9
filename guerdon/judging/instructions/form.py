"""Instructions on form: bullets, highlights, titles, sections, JSON, fixed options, placeholders, postscripts."""

from __future__ import annotations

import json
import re

OPTIONS = ("My answer is yes.", "My answer is no.", "My answer is maybe.")
FENCES = ("```json", "```Json", "```JSON", "```")
SINGLE = re.compile(r"\*[^\n*]*\*")
DOUBLE = re.compile(r"\*\*[^\n*]*\*\*")
POSTSCRIPTS = {"P.S.": r"p\.\s?s\.", "P.P.S": r"p\.\s?p\.\s?s"}


def number_bullet_lists(text: str, *, num_bullets: int) -> bool:
    """Exactly so many lines that start with `*` (but not `**`) or `-`."""
    return count_bullets(text) == num_bullets


def count_bullets(text: str, star: str = "*", dash: bool = True) -> int:
    """Lines that start with `*` or `-`; a lone `*` takes the line after it for its text, as in the published pattern."""
    lines = [line.lstrip() for line in text.split("\n")]
    found, i = 0, 0
    while i < len(lines):
        line = lines[i]
        if line == star and i + 1 < len(lines):
            i += 1
            found += 1
        elif (dash and line.startswith("-")) or (line.startswith(star) and line[1:2] not in ("", star)):
            found += 1
        i += 1
    return found


def number_highlighted_sections(text: str, *, num_highlights: int) -> bool:
    """At least so many `*highlighted*` or `**highlighted**` stretches that are not empty."""
    return count_highlights(text) >= num_highlights


def count_highlights(text: str) -> int:
    """Stretches between single and between double asterisks on one line, added up as published."""
    single = sum(1 for m in SINGLE.finditer(text) if m[0].strip("*").strip())
    return single + sum(1 for m in DOUBLE.finditer(text) if m[0][2:-2].strip())


def title(text: str) -> bool:
    """A line holds a title in double angular brackets that is not empty."""
    return wrapped(text, "<<", ">>")


def wrapped(text: str, start: str, end: str) -> bool:
    """Whether a line holds something other than the marks themselves between its first start and its last end mark."""
    for line in text.split("\n"):
        first, last = line.find(start), line.rfind(end)
        inner = line[first : last + len(end)].lstrip(start[0]).rstrip(end[0])
        if first >= 0 and last > first + len(start) and inner.strip():
            return True
    return False


def multiple_sections(text: str, *, section_spliter: str, num_sections: int) -> bool:
    """At least so many section marks, each the word and a number ("SECTION 1")."""
    return count_sections(text, section_spliter) >= num_sections


def count_sections(text: str, word: str) -> int:
    """Section marks: the word and a number."""
    return len(re.findall(re.escape(word.strip()) + r"\s?\d+", text))


def json_format(text: str) -> bool:
    """The whole response is JSON, with or without a Markdown fence around it."""
    text = text.strip()
    for fence in FENCES:
        text = text.removeprefix(fence)
    try:
        json.loads(text.removesuffix("```").strip())
    except (ValueError, RecursionError):
        return False
    return True


def constrained_response(text: str) -> bool:
    """One of the three fixed answers appears."""
    return any(option in text for option in OPTIONS)


def number_placeholders(text: str, *, num_placeholders: int) -> bool:
    """At least so many placeholders in square brackets."""
    return count_placeholders(text) >= num_placeholders


def count_placeholders(text: str) -> int:
    """Stretches from `[` to the next `]` on the same line."""
    found = 0
    for line in text.split("\n"):
        start = line.find("[")
        while start >= 0:
            end = line.find("]", start)
            if end < 0:
                break
            found += 1
            start = line.find("[", end)
    return found


def postscript(text: str, *, postscript_marker: str) -> bool:
    """The marker appears (case apart; "P.S." and "P.P.S" with optional blanks)."""
    marker = postscript_marker.strip()
    return re.search(POSTSCRIPTS.get(marker) or re.escape(marker.lower()), text.lower()) is not None
