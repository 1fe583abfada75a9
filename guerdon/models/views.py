"""Objectives that see more than outputs: two passes with different dropout, and parameters of their own.

An objective says so by two optional members. `views` = 2 asks for `batch.views`, the states before the head's last layer in two
passes; `module(width)` is a torch module of its own (prototypes, say), called without arguments, whose result is
`batch.learned`; it is trained and resumed with the network and not part of the checkpoint. In evaluation there are no views.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

import torch
from torch import nn

from guerdon.core.contracts import Objective
from guerdon.core.errors import SpecError
from guerdon.models.batch import Batch

On = Literal["responses", "difference"]
ONS: tuple[On, ...] = ("responses", "difference")


def views_of(objective: Objective) -> int:
    """How many passes an objective asks for."""
    return int(getattr(objective, "views", 1))


def module_of(objective: Objective, width: int) -> nn.Module | None:
    """The objective's own parameters for states of this width, or None."""
    made = getattr(objective, "module", None)
    found: nn.Module | None = None if made is None else made(width)
    return found


def forward(model: Any, objective: Objective, batch: Batch) -> tuple[torch.Tensor, Batch]:
    """The outputs, and the batch with what the objective asks for: the loss on its tokens, or views where the model is in training.

    Raises SpecError where both views are the same: neither the head nor the backbone has dropout.
    """
    if objective.tokens:
        out, nll = model(batch.inputs, tokens=True)
        return out, replace(batch, nll=nll)
    if views_of(objective) < 2 or not model.training:
        return model(batch.inputs), batch
    out, views, learned = model(batch.inputs, views=2)
    if torch.equal(views[0], views[1]):
        raise SpecError(
            f"{objective.use} compares two views that differ by dropout; give the head some, as dropout = 0.1"
        )
    return out, replace(batch, views=views, learned=learned)


def contrasted(batch: Batch, on: On) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """What is contrasted, as (first view, second view) [P, width]: the better and the worse responses of the pairs that are no
    ties, or the differences of their states. Empty without views or without two pairs, as nothing is there to tell apart."""
    pairs = batch.pairs[batch.decided]
    if not batch.views or len(pairs) < 2:
        return []
    first, second = ((v[pairs[:, 0]].float(), v[pairs[:, 1]].float()) for v in batch.views)
    if on == "difference":
        return [(first[0] - first[1], second[0] - second[1])]
    return [(first[0], second[0]), (first[1], second[1])]
