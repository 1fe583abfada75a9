"""Which dimensions (qualities) a pair supervises: its own `dimensions`, else its sample's `context.dimensions`, else all."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from guerdon.core.errors import DataError, closest
from guerdon.models.batch import Batch


def supervised(batch: Batch, names: Sequence[str]) -> torch.Tensor:
    """[P, K] bool, true where pair p supervises dimension k; a tie supervises none.

    Raises DataError with the sample's id for a dimension that is none of `names`, or dimensions that are no list of names.
    """
    groups = batch.group[batch.pairs[:, 0]].tolist()
    rows = [_row(batch, number, group, names) for number, group in enumerate(groups)]
    active = torch.tensor(rows, dtype=torch.bool, device=batch.pairs.device).reshape(-1, len(names))
    return active & ~batch.tie[:, None]


def _row(batch: Batch, number: int, group: int, names: Sequence[str]) -> list[bool]:
    wanted = _named(batch, number, group)
    for name in wanted:
        if name not in names:
            known = f"{closest(name, names)} Known: {', '.join(names)}."
            raise DataError(f"{_sample(batch, group)}: no dimension '{name}'.{known}", field="preferences.dimensions")
    return [not wanted or name in wanted for name in names]


def _named(batch: Batch, number: int, group: int) -> Sequence[str]:
    if batch.dimensions and batch.dimensions[number]:
        return batch.dimensions[number]
    found = batch.contexts[group].get("dimensions", ()) if batch.contexts else ()
    if not isinstance(found, list | tuple) or not all(isinstance(name, str) for name in found):
        raise DataError(
            f"{_sample(batch, group)}: expected a list of names, found {found!r}", field="context.dimensions"
        )
    return found


def _sample(batch: Batch, group: int) -> str:
    return f"sample '{batch.ids[group]}'" if batch.ids else f"group {group}"
