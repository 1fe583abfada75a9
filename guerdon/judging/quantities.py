"""Numbers as people write them → exact fractions, as pure functions: digits of any script, separators, percent, fractions."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

Decimal = Literal["point", "comma", "either"]
LONGEST = 400  # characters of a number that is read
GROUP = "\u00a0"  # stands for every separator that only ever groups digits
_PLAIN = str.maketrans(
    {"，": ",", "．": ".", "％": "%", "－": "-", "−": "-", "–": "-", "٬": GROUP, "٫": ".", "٪": "%", "\u2009": GROUP,
     "\u202f": GROUP, "'": GROUP, "’": GROUP, "_": GROUP, "⁄": "/", "/": "/"}
)  # fmt: skip
_LATEX = (
    (r"{,}", ","),
    (r"\,", GROUP),
    (r"\!", ""),
    (r"\%", "%"),
    (r"\$", "$"),
    ("\\dfrac", "\\frac"),
    ("\\tfrac", "\\frac"),
)
_DIGITS = rf"\d+(?:[.,{GROUP}]\d+)*|\.\d+"
NUMBER = re.compile(
    rf"(?<![A-Za-z0-9_.])(?P<sign>(?<![)\]}}])[-+])?\s?[$€£¥₹]?\s?"
    rf"(?:\\frac\s?\{{(?P<top>{_DIGITS})\}}\s?\{{(?P<bottom>{_DIGITS})\}}"
    rf"|(?:(?P<whole>\d{{1,9}})[ +]{{1,3}})?(?P<over>\d{{1,9}})\s?/\s?(?P<under>\d{{1,9}})(?![\d/])"
    rf"|(?P<digits>{_DIGITS})(?:[eE](?P<exponent>[-+]?\d{{1,3}})(?!\w)"
    rf"|\s?(?:\\times|\\cdot|×|\*)\s?10\s?(?:\^|\*\*)\s?\{{?(?P<power>[-+]?\d{{1,3}})\}}?)?)"
    r"(?P<percent>\s?(?:%|percent\b|per cent\b|Prozent\b|por ciento\b))?",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number that was found: all the values it may have, and where it stands in `plain(text)`."""

    values: frozenset[Fraction]
    start: int
    end: int


def plain(text: str) -> str:
    """The text with digits, separators and fractions of every script in their ASCII form, LaTeX spacing taken out."""
    made = []
    for c in text:
        digit = None if c.isascii() else unicodedata.digit(c, None) if unicodedata.category(c) == "Nd" else None
        if digit is not None:
            made.append(str(digit))
        elif not c.isascii() and unicodedata.decomposition(c).startswith("<fraction>"):
            made.append(" " + unicodedata.normalize("NFKC", c))
        else:
            made.append(c)
    joined = "".join(made).translate(_PLAIN)
    for written, meant in _LATEX:
        joined = joined.replace(written, meant)
    return joined


def quantities(text: str, decimal: Decimal = "point") -> Iterator[Quantity]:
    """The numbers in a text that `plain` has been through; a run of digits that is no number (a date) is passed over."""
    for match in NUMBER.finditer(text):
        if match.end() - match.start() <= LONGEST:
            values = _values(match, decimal)
            if values:
                yield Quantity(values, match.start(), match.end())


def _values(match: re.Match[str], decimal: Decimal) -> frozenset[Fraction]:
    found = match.groupdict()
    if found["over"]:
        if not int(found["under"]):
            return frozenset()
        values = {Fraction(int(found["whole"] or 0)) + Fraction(int(found["over"]), int(found["under"]))}
    elif found["top"]:
        pairs = [(t, b) for t in digits(found["top"], decimal) for b in digits(found["bottom"], decimal)]
        values = {t / b for t, b in pairs if b}
    else:
        scale = Fraction(10) ** int(found["exponent"] or found["power"] or 0)
        values = {v * scale for v in digits(found["digits"], decimal)}
    if found["sign"] == "-":
        values = {-v for v in values}
    return frozenset(values | {v / 100 for v in values} if found["percent"] else values)


def digits(token: str, decimal: Decimal = "point") -> set[Fraction]:
    """The values of digits with separators: one, two where "either" leaves it open, none where they group nothing.

    `1,234` is 1234 and `1.234` a decimal by "point", the other way round by "comma"; `1.234,5`, `12,5`, `1.234.567` and
    `1,23,456` can be read in one way only.
    """
    if GROUP in token:
        head, *rest = token.split(GROUP)
        if len(head) > 3 or any(len(r) != 3 for r in rest[:-1]) or len(re.split("[.,]", rest[-1])[0]) != 3:
            return set()
        token = token.replace(GROUP, "")
        return (
            {_decimal(token, max(token.rfind("."), token.rfind(",")))} if len(re.findall("[.,]", token)) < 2 else set()
        )
    points, commas = token.count("."), token.count(",")
    if points and commas:
        whole, mark, after = token.rpartition("." if token.rfind(".") > token.rfind(",") else ",")
        return {Fraction(f"{re.sub('[.,]', '', whole)}.{after}")} if mark not in whole and _grouped(whole) else set()
    if points + commas > 1:
        return {Fraction(re.sub("[.,]", "", token))} if _grouped(token) else set()
    at = max(token.find("."), token.find(","))
    readings = set()
    open_ = at > 0 and _grouped(token)
    if not open_ or decimal == "either" or (decimal == "point") == (token[at] == "."):
        readings.add(_decimal(token, at))
    if open_ and (decimal == "either" or (decimal == "point") == (token[at] == ",")):
        readings.add(Fraction(token[:at] + token[at + 1 :]))
    return readings


def _grouped(token: str) -> bool:
    """Whether separators stand where they group digits: by threes, or the Indian way by twos before the last three."""
    return re.fullmatch(r"[1-9]\d{0,2}(?:[.,]\d{3})+|[1-9]\d?(?:,\d{2})+,\d{3}", token) is not None


def _decimal(token: str, at: int) -> Fraction:
    return Fraction(token if at < 0 else f"{token[:at] or '0'}.{token[at + 1 :]}")
