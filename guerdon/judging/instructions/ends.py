"""Instructions on how the response starts and ends."""

from __future__ import annotations


def end_checker(text: str, *, end_phrase: str) -> bool:
    """It ends with the phrase, case, outer white space and closing double quotes apart."""
    return text.strip().strip('"').lower().endswith(end_phrase.strip().lower())


def quotation(text: str) -> bool:
    """It stands in double quotation marks."""
    text = text.strip()
    return len(text) > 1 and text.startswith('"') and text.endswith('"')
