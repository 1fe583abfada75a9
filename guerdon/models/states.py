"""Encoded texts → pooled features: one pass of the backbone, all wanted layers and positions at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch

from guerdon.models.collate import TOKENS, Padded, padded_batches
from guerdon.models.next_token import NLL, cap_of, nll
from guerdon.models.packing import Packed, Packing, packed_batches
from guerdon.models.pooling import Feature, pool
from guerdon.models.template import Encoded

Tensor = torch.Tensor


Batch = Padded | Packed


def batches(encoded: Sequence[Encoded], fill: int, budget: int, packing: Packing) -> Iterator[Batch]:
    """All texts in passes under the token budget: packed rows, or padded batches of like length."""
    if packing == "padded":
        return padded_batches(encoded, fill, budget)
    return packed_batches(encoded, budget, share=packing == "shared")


def run(
    model: Any, batch: Batch, features: Sequence[Feature], segments: bool, rows: Tensor | None = None
) -> dict[Feature, Tensor]:
    """Features [B, width] of the texts of one batch, with gradients where the model has them; with the `rows` of the output
    embeddings also NLL, the language model's loss on the response tokens."""
    deep = any(f.layer is not None for f in features)
    out = model(**batch.inputs(segments), output_hidden_states=deep, return_dict=True)
    found = pool(out.hidden_states if deep else [out.last_hidden_state], batch.spans, features, batch.read)
    return found if rows is None else {**found, NLL: nll(batch, out.last_hidden_state, rows, cap_of(model))}


def run_all(
    model: Any,
    batches: Sequence[Batch],
    count: int,
    features: Sequence[Feature],
    segments: bool,
    rows: Tensor | None = None,
) -> dict[Feature, Tensor]:
    """Features [count, width] of the texts of several batches, in text order, with gradients; `rows` as in `run`."""
    parts: dict[Feature, list[Tensor]] = {f: [] for f in (*features, *([] if rows is None else [NLL]))}
    for batch in batches:
        for feature, states in run(model, batch, features, segments, rows).items():
            parts[feature].append(states)
    order = torch.cat([b.rows for b in batches])
    back = torch.empty_like(order)
    back[order] = torch.arange(count)
    return {f: torch.cat(p)[back.to(p[0].device)] for f, p in parts.items()}


def infer(
    backbone: Any, encoded: Sequence[Encoded], features: Sequence[Feature], budget: int = TOKENS
) -> Iterator[tuple[Tensor, dict[Feature, Tensor], int]]:
    """Yields (rows, features on the CPU, tokens) batch by batch. No gradients. Where memory runs out, what is left is read in
    batches of half the budget, once; ResourceError the second time."""
    left = torch.arange(len(encoded))
    while len(left):
        rows, parts = left, backbone.memory.parts
        some = [encoded[i] for i in rows.tolist()]
        done = torch.zeros(len(rows), dtype=torch.bool)
        for batch in batches(some, backbone.pad, backbone.memory.within(budget), backbone.packing):
            found = backbone.memory.attempt(budget, partial(_read, backbone, batch, features), again=dict)
            if backbone.memory.parts != parts:
                break
            done[batch.rows] = True
            yield rows[batch.rows], found, batch.tokens
        left = rows[~done]


@torch.inference_mode()
def _read(backbone: Any, batch: Batch, features: Sequence[Feature]) -> dict[Feature, Tensor]:
    with shallow(backbone, features):
        found = run(backbone.model, batch.to(backbone.device), features, backbone.takes_segments)
    return {f: v.cpu() for f, v in found.items()}


@contextmanager
def shallow(backbone: Any, features: Sequence[Feature]) -> Iterator[None]:
    """Leaves out the layers above the highest one that is read, which changes no value that is read.

    Only for encoders that keep their layers in `encoder.layer` (BERT's kind): a decoder's last state passes a final norm
    that a middle one must not.
    """
    layers = getattr(getattr(backbone.model, "encoder", None), "layer", None)
    highest = max((backbone.layers if f.layer is None else f.layer for f in features), default=backbone.layers)
    if not backbone.encoder or not isinstance(layers, torch.nn.ModuleList) or not 0 < highest < len(layers):
        yield
        return
    backbone.warm  # noqa: B018 - transformers puts its recorders on the layers it finds at the first call: show it all of them
    backbone.model.encoder.layer = layers[:highest]
    try:
        yield
    finally:
        backbone.model.encoder.layer = layers
