"""Instructions on punctuation."""

from __future__ import annotations


def no_comma(text: str) -> bool:
    """There is no comma."""
    return "," not in text
