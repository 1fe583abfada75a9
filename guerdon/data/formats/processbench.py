"""ProcessBench's own rows: a solution and its first wrong step, −1 where all are right (arXiv 2412.06559).

    {"id": "gsm8k-0", "generator": "…", "problem": "…", "steps": ["…", "…"], "final_answer_correct": true, "label": -1}

`steps` are those of one response, `label` (from 0) the first wrong one; steps before it are right, those after it unlabelled,
as in `stepwise`. Other columns stay in the context.
"""

from __future__ import annotations

from typing import Any

from guerdon.core.types import Sample
from guerdon.data.columns import Row, names
from guerdon.data.formats import stepwise
from guerdon.data.formats.stepwise import first_wrong, renamed

ORDER = 76
COLUMNS = ("problem", "steps", "label")
USED = names(COLUMNS)
OURS = {"problem": "prompt", "steps": "completions", "label": "first_error"}


def fits(row: Row) -> bool:
    """A problem with steps and a whole number as their label."""
    label = row.get("label")
    whole = isinstance(label, int) and not isinstance(label, bool)
    return whole and row.get("problem") is not None and isinstance(row.get("steps"), list | tuple)


def read(row: Row, id: str) -> Sample:
    """The Sample of a row; DataError names the field."""
    return stepwise.read(renamed(row, OURS), id)


def write(sample: Sample) -> dict[str, Any]:
    """The row of one stepwise response labelled up to its first wrong step."""
    row = stepwise.write(sample)
    first = first_wrong(row.pop("labels"))
    row["first_error"] = first
    return renamed(row, {ours: theirs for theirs, ours in OURS.items()})
