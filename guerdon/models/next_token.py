"""The language model's loss on the response tokens of encoded texts, from hidden states that are there anyway.

    nll_i = −Σ_{t in the response of i} log softmax(E h_{t−1})[x_t]

E: the rows of the output embeddings (soft-capped where the model caps its logits). The response is what a text has after its
prompt, end tokens included; prompt tokens are masked. In a packed row the first token of a response is predicted by the last of
its prompt, which it shares with others. Only those places go through E, some at a time, and their logits are made again in
the backward pass instead of being kept.
"""

from __future__ import annotations

from typing import Any

import torch
from torch.utils.checkpoint import checkpoint

from guerdon.core.errors import SpecError
from guerdon.models.packing import Packed
from guerdon.models.pooling import Feature

Tensor = torch.Tensor
NLL = Feature("", "nll", None)  # the key under which sum and number [B, 2] stand among a text's features
ROWS = 512  # places at once: bounds the logits in memory


def nll(batch: Any, hidden: Tensor, rows: Tensor, cap: float = 0.0) -> Tensor:
    """[B, 2]: the summed loss of each text's response tokens, and how many they are; hidden: the model's last states."""
    ids, states, prefix, shared, own = _places(batch, hidden)
    start = batch.spans.start.clamp(min=1)  # nothing predicts the first token of all
    count = batch.spans.length - start
    text = torch.repeat_interleave(torch.arange(len(count), device=count.device), count)
    before = torch.cumsum(count, 0) - count
    place = torch.arange(len(text), device=count.device) - before[text] + start[text]

    def at(where: Tensor) -> Tensor:
        return torch.where(where < shared[text], prefix[text] + where, own[text] + where - shared[text])

    predicting, wanted = states[at(place - 1)], ids[at(place)]
    parts = [
        checkpoint(_loss, predicting[i : i + ROWS], wanted[i : i + ROWS], rows, cap, use_reentrant=False)
        for i in range(0, len(wanted), ROWS)
    ]
    losses = torch.cat(parts) if parts else states.new_zeros(0).float()
    total = losses.new_zeros(len(count)).index_add(0, text, losses)
    return torch.stack([total, count.to(total.dtype)], dim=1)


def response_tokens(texts: Any) -> Tensor:
    """How many tokens of each response are predicted [N], from the texts of a view."""
    rows = torch.cat([b.rows for b in texts.batches])
    counted = torch.cat([b.spans.length - b.spans.start.clamp(min=1) for b in texts.batches])
    found = torch.empty_like(counted)
    found[rows.to(counted.device)] = counted
    return found[texts.index.to(counted.device)]


def _places(batch: Any, hidden: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """ids [M] and states [M, H] of all tokens, and for each text where its prefix starts, its length, where the rest starts."""
    if isinstance(batch, Packed):
        return batch.ids[0], hidden[0], batch.places.prefix, batch.places.shared, batch.places.own
    texts = batch.spans.length.shape[0]
    row = torch.arange(texts, device=batch.ids.device) if batch.row is None else batch.row
    own = row * batch.ids.shape[1]
    return batch.ids.flatten(), hidden.flatten(0, 1), own, torch.zeros_like(own), own


def _loss(states: Tensor, wanted: Tensor, rows: Tensor, cap: float) -> Tensor:
    logits = (states.to(rows.dtype) @ rows.T).float()
    if cap:
        logits = cap * torch.tanh(logits / cap)
    return torch.nn.functional.cross_entropy(logits, wanted, reduction="none")


def cap_of(model: Any) -> float:
    """The soft cap of a model's logits, 0 for none. SpecError for a model that scales them in another way."""
    config = model.config.get_text_config()
    odd = next((n for n in ("logit_scale", "logits_scaling") if getattr(config, n, 1.0) not in (None, 1.0)), None)
    if odd is not None:
        raise SpecError(
            f"the objective language_model knows no logits scaled by {odd}, as those of {config.model_type} are"
        )
    return float(getattr(config, "final_logit_softcapping", None) or 0.0)
