"""Lengths of a text, by unit."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

PIECE = re.compile(r"\w+|[^\w\s]")
LENGTHS: Mapping[str, Callable[[str], int]] = {
    "pieces": lambda text: sum(1 for _ in PIECE.finditer(text)),
    "words": lambda text: len(text.split()),
    "characters": len,
}
