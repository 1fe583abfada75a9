"""BIG-Bench Mistake's own rows: a chain of thought and its first mistake, null where there is none (arXiv 2311.08516).

    {"input": "…", "steps": ["…", "…"], "answer": "(A)", "target": "(B)", "mistake_index": 1}

`steps` are those of one response, `mistake_index` (from 0) the first logical mistake; steps before it are right, those after
it unlabelled, as in `stepwise`. `target`, the right answer, is the reference; other columns stay in the context.
"""

from __future__ import annotations

from typing import Any

from guerdon.core.types import Sample
from guerdon.data.columns import Row, names
from guerdon.data.formats import stepwise
from guerdon.data.formats.stepwise import first_wrong, renamed

ORDER = 75
COLUMNS = ("input", "steps", "mistake_index", "target?")
USED = names(COLUMNS)
OURS = {"input": "prompt", "steps": "completions", "mistake_index": "first_error", "target": "reference"}


def fits(row: Row) -> bool:
    """An input with steps and a `mistake_index`, be it null."""
    return row.get("input") is not None and isinstance(row.get("steps"), list | tuple) and "mistake_index" in row


def read(row: Row, id: str) -> Sample:
    """The Sample of a row; DataError names the field."""
    made = renamed(row, OURS)
    first = made.get("first_error")
    return stepwise.read({**made, "first_error": -1 if first is None else first}, id)


def write(sample: Sample) -> dict[str, Any]:
    """The row of one stepwise response labelled up to its first mistake."""
    row = stepwise.write(sample)
    first = first_wrong(row.pop("labels"))
    row["first_error"] = None if first < 0 else first
    return renamed(row, {ours: theirs for theirs, ours in OURS.items()})
