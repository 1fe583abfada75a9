"""A user's history: earlier queries with the answer chosen and the one rejected, as data and as text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from guerdon.core.errors import DataError
from guerdon.core.types import Sample


@dataclass(frozen=True, slots=True)
class Event:
    """One earlier choice of a user."""

    query: str
    chosen: str
    rejected: str


def events_of(sample: Sample) -> list[Event]:
    """The events of `context.history`. Raises DataError for one that is no {query, chosen, rejected}."""
    return [event_of(row, sample.id) for row in sample.context.get("history", ())]


def event_of(row: Any, id: str) -> Event:
    """One row of a history."""
    if isinstance(row, Event):
        return row
    if not isinstance(row, Mapping) or not all(isinstance(row.get(k), str) for k in ("query", "chosen", "rejected")):
        raise DataError(
            f"the history of sample '{id}' holds an event without query, chosen and rejected", field="context.history"
        )
    return Event(row["query"], row["chosen"], row["rejected"])


def history_block(events: Sequence[Event]) -> str:
    """The history as a judge and an embedder see it."""
    rows = [f"Event {n + 1}\nUser: {e.query}\nChosen: {e.chosen}\nRejected: {e.rejected}" for n, e in enumerate(events)]
    return "\n\n".join(rows) or "(no history)"
