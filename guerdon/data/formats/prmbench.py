"""PRMBench's own rows: a solution with an injected error, and which of its steps are wrong (arXiv 2501.03124).

    {"question": "…", "modified_process": ["1. …", "2. …"], "error_steps": [2], "idx": "circular_prm_test_p1_0"}

`modified_process` are the steps of one response, `error_steps` the wrong ones (numbers from 1), all others are right; as in
`stepwise`, `labels["step.<t>"]` (t from 0) is 1 for right and 0 for wrong. Other columns stay in the context. A row that
calls a step wrong that is one past the last (as 100 of the set do) is a bad row.
"""

from __future__ import annotations

from typing import Any

from guerdon.core.errors import DataError
from guerdon.core.types import Sample
from guerdon.data.columns import Row, names
from guerdon.data.formats import stepwise
from guerdon.data.formats.stepwise import renamed

ORDER = 74
COLUMNS = ("question", "modified_process", "error_steps")
USED = names(COLUMNS)
OURS = {"question": "prompt", "modified_process": "completions"}


def fits(row: Row) -> bool:
    """A question with a modified process and its error steps."""
    return row.get("question") is not None and all(
        isinstance(row.get(name), list | tuple) for name in ("modified_process", "error_steps")
    )


def read(row: Row, id: str) -> Sample:
    """The Sample of a row; DataError names the field."""
    return stepwise.read(renamed(row, OURS), id)


def write(sample: Sample) -> dict[str, Any]:
    """The row of one stepwise response whose steps are all labelled right or wrong."""
    row = stepwise.write(sample)
    labels = row.pop("labels")
    if not set(labels) <= {0.0, 1.0}:
        raise DataError("prmbench holds steps that are all labelled 0 or 1", field="responses.0.labels")
    row["error_steps"] = [t + 1 for t, label in enumerate(labels) if label == 0.0]
    return renamed(row, {ours: theirs for theirs, ours in OURS.items()})
