"""Attention over packed rows (`guerdon.models.packing`): a text sees its prefix and itself, causally, and nothing else.

    o_i = softmax(s(q_i · k_j)) v over j ∈ prefix(i) ∪ own(i), place_j ≤ place_i, place_i − place_j < window

Exact: the same sums as for each text alone. Registered with transformers' AttentionInterface as NAME, so that it serves every
architecture that goes through that; sliding windows, soft-capped scores, grouped queries and dropout are honoured. On a GPU
flex attention does the whole row at once; on the CPU plain scores go block by block (`guerdon.models.prefix_flash`); else,
and with dropout, `scaled_dot_product_attention` goes share by share, the texts of a share together. Raises SpecError for attention sinks, which it does not have.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import torch
import torch.nn.functional as F

from guerdon.core.errors import SpecError
from guerdon.models.packing import Layout, Run
from guerdon.models.prefix_flash import dense, kernels

Tensor = torch.Tensor
NAME = "guerdon_prefix"
WASTE = (
    1.5  # texts of a share go together while padding them costs at most this factor [inferred: fewer calls weigh more]
)


def prefix_attention(
    module: torch.nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None = None,
    dropout: float = 0.0,
    scaling: float | None = None,
    sliding_window: int | None = None,
    softcap: float | None = None,
    packing: Layout | None = None,
    **rest: Any,
) -> tuple[Tensor, None]:
    """query [B, heads, N, D], key and value [B, kv heads, N, D] → [B, N, heads, D]. Without a packing every row is one text,
    padded on the right if at all."""
    if rest.get("s_aux") is not None:
        raise SpecError("packed rows have no attention sinks; take packing = 'padded' for this model")
    scores = Scores(
        scaling or query.shape[-1] ** -0.5, sliding_window or 0, softcap, dropout if module.training else 0.0
    )
    if packing is None:
        out = scores.attend(query, *grouped(query, key, value), scores.mask(query.shape[2], key.shape[2], query.device))
    elif query.is_cuda and scores.dropout == 0.0 and query.shape[-1] >= 16:
        out = flex(query, key, value, packing, scores)
    elif scores.plain and query.device.type == "cpu" and kernels() is not None:
        out = dense(query, *grouped(query, key, value), packing.shares, scores.scale)
    else:
        out = by_share(query, *grouped(query, key, value), packing, scores)
    return out.transpose(1, 2).contiguous(), None


def grouped(query: Tensor, key: Tensor, value: Tensor) -> tuple[Tensor, Tensor]:
    """Key and value heads repeated to one a query head."""
    times = query.shape[1] // key.shape[1]
    return (key, value) if times == 1 else (key.repeat_interleave(times, 1), value.repeat_interleave(times, 1))


class Scores:
    """How scores are made of queries and keys: scale, sliding window (0: none), soft cap, dropout."""

    def __init__(self, scale: float, window: int, softcap: float | None, dropout: float) -> None:
        self.scale, self.window, self.softcap, self.dropout = scale, window, softcap, dropout

    @property
    def plain(self) -> bool:
        """Whether scores are only scaled."""
        return not self.window and self.softcap is None and self.dropout == 0.0

    def mask(self, queries: int, keys: int, device: torch.device) -> Tensor | None:
        """[queries, keys] for the last `queries` of `keys` places; None for plain causal attention over all of them."""
        if queries == keys and (not self.window or self.window >= keys):
            return None
        i = torch.arange(keys - queries, keys, device=device)[:, None]
        j = torch.arange(keys, device=device)
        return (j <= i) & (i - j < self.window) if self.window else j <= i

    def attend(self, query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None) -> Tensor:
        """Attention under the mask (None: causal)."""
        if self.softcap is None:
            return F.scaled_dot_product_attention(
                query, key, value, mask, self.dropout, is_causal=mask is None, scale=self.scale
            )
        if mask is None:
            mask = torch.ones(query.shape[-2], key.shape[-2], dtype=torch.bool, device=query.device).tril()
        found = self.softcap * torch.tanh(query @ key.transpose(-1, -2) * self.scale / self.softcap)
        weights = found.masked_fill(~mask, -torch.inf).softmax(-1, dtype=torch.float32).to(query.dtype)
        return F.dropout(weights, self.dropout) @ value


def by_share(query: Tensor, key: Tensor, value: Tensor, packing: Layout, scores: Scores) -> Tensor:
    """The row share by share, [1, heads, N, D]."""
    parts = []
    for prefix, own in packing.shares:
        at = prefix.slice
        if prefix.length:
            mask = _mask(packing, scores, prefix.length, prefix.length, query.device)
            parts.append(scores.attend(query[:, :, at], key[:, :, at], value[:, :, at], mask))
        before = (key[:, :, at], value[:, :, at])
        for batch in together(own):
            parts += _own(query, key, value, batch, before, packing, scores)
    return torch.cat(parts, 2)


def together(own: Sequence[Run]) -> list[list[Run]]:
    """Neighbouring runs in batches that padding makes at most WASTE times as large."""
    batches: list[list[Run]] = []
    for run in own:
        last = batches[-1] if batches else []
        longest = max([run.length, *(r.length for r in last)])
        if last and longest * (len(last) + 1) <= WASTE * (run.length + sum(r.length for r in last)):
            last.append(run)
        else:
            batches.append([run])
    return batches


def _own(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    runs: Sequence[Run],
    before: tuple[Tensor, Tensor],
    packing: Layout,
    scores: Scores,
) -> list[Tensor]:
    """Attention of the runs' tokens to the prefix and to their own run. Padding stands after a run's last token, where none of
    its queries looks."""
    longest = max(r.length for r in runs)

    def rows(x: Tensor) -> Tensor:
        return torch.cat([F.pad(x[:, :, r.slice], (0, 0, 0, longest - r.length)) for r in runs])

    keys, values = (
        torch.cat([prefix.expand(len(runs), -1, -1, -1), rows(x)], 2)
        for prefix, x in zip(before, (key, value), strict=True)
    )
    mask = _mask(packing, scores, longest, keys.shape[2], query.device)
    out = scores.attend(rows(query), keys, values, mask)
    return [out[i : i + 1, :, : r.length] for i, r in enumerate(runs)]


def _mask(packing: Layout, scores: Scores, queries: int, keys: int, device: torch.device) -> Tensor | None:
    """The mask, made once for all layers of a pass."""
    name = (queries, keys, scores.window)
    if name not in packing.cache:
        packing.cache[name] = scores.mask(queries, keys, device)
    found: Tensor | None = packing.cache[name]
    return found


def flex(query: Tensor, key: Tensor, value: Tensor, packing: Layout, scores: Scores) -> Tensor:
    """The whole row at once by flex attention, [1, heads, N, D]; blocks that no text sees are skipped."""
    n, name = query.shape[2], ("flex", scores.window)
    if name not in packing.cache:
        packing.cache[name] = block_mask(packing, n, scores.window, query.device)
    cap = scores.softcap or 0.0

    def capped(score: Tensor, b: Tensor, h: Tensor, i: Tensor, j: Tensor) -> Tensor:
        return cap * torch.tanh(score / cap)

    out: Tensor = compiled_flex()(
        query, key, value, score_mod=capped if cap else None, block_mask=packing.cache[name],
        scale=scores.scale, enable_gqa=query.shape[1] != key.shape[1],
    )  # fmt: skip
    return out


def visibility(packing: Layout, n: int, device: torch.device) -> tuple[Tensor, Tensor, Tensor]:
    """run [N], prefix run [N] and place [N] of every token: token i sees token j where run_j is run_i or its prefix's and
    place_j ≤ place_i."""
    run, before = torch.empty(n, dtype=torch.long), torch.empty(n, dtype=torch.long)
    place = torch.empty(n, dtype=torch.long)
    number = 0
    for prefix, own in packing.shares:
        first = number
        for r in (prefix, *own):
            run[r.slice], before[r.slice] = number, first
            begin = 0 if r is prefix else prefix.length
            place[r.slice] = torch.arange(begin, begin + r.length)
            number += 1
    return run.to(device), before.to(device), place.to(device)


def block_mask(packing: Layout, n: int, window: int, device: torch.device) -> Any:
    """The row's visibility as flex attention reads it."""
    from torch.nn.attention.flex_attention import create_block_mask

    run, before, place = visibility(packing, n, device)

    def sees(b: Tensor, h: Tensor, i: Tensor, j: Tensor) -> Tensor:
        found = ((run[j] == run[i]) | (run[j] == before[i])) & (place[j] <= place[i])
        return found & (place[i] - place[j] < window) if window else found

    return create_block_mask(sees, None, None, n, n, device=str(device))


@cache
def compiled_flex() -> Any:
    """Compiled once; eager flex attention would hold the whole score matrix."""
    from torch.nn.attention.flex_attention import flex_attention

    return torch.compile(flex_attention, dynamic=True)


@cache
def registered() -> str:
    """NAME, known to transformers. Its mask function makes none: the layout says who sees whom."""
    from transformers import AttentionInterface, AttentionMaskInterface

    AttentionInterface.register(NAME, prefix_attention)
    AttentionMaskInterface.register(NAME, lambda *_, **__: None)
    return NAME
