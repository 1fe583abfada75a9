"""Attention that does not see the order of a prompt's segments (PINE, arXiv:2407.01100), inside the model, with a KV cache.

A prompt is a prefix (p tokens), segments of ℓ_1 … ℓ_n tokens, D in all, and a suffix. Base positions: prefix 0 … p−1, every segment
end-aligned at p + D − ℓ_j … p + D − 1, suffix and generated tokens from p + D on. A segment's tokens attend to the prefix, to all
tokens of the other segments and causally to their own; later tokens to all segments and causally to each other. As seen by a
query, per head, segments stand by importance, most important nearest, a segment's own tokens first of all:

    s_j = (1/ℓ_j) Σ_{v∈j} a_uv, a = softmax over the segment region of q_u·k_v·scale without rotary (own segment left out, summed
    over the segment's tokens u; each later token for itself);   shift_j = Σ ℓ of the segments ranked nearer;   position = base − shift_j

Keys are cached without rotary. A key at base − shift meets a query at base as a key at base meets a query at base + shift, so keys
are rotated once and queries once for each segment. Ties keep the given order. Works on decoders whose attention goes through
transformers' AttentionInterface and whose positions are rotary; sliding windows and soft caps count shifted positions.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

import torch
from torch.overrides import TorchFunctionMode

from guerdon.core.errors import SpecError
from guerdon.models.causal import CausalModel

Tensor = torch.Tensor
NAME = "guerdon_segments"


@dataclass(frozen=True)
class Segments:
    """Lengths of the prefix and of the segments. `importance` "sequential" computes it after rotary at the places tokens have in
    the given order, which breaks the invariance: a control."""

    prefix: int
    lengths: tuple[int, ...]
    importance: Literal["plain", "sequential"] = "plain"

    @property
    def end(self) -> int:
        return self.prefix + sum(self.lengths)

    @property
    def starts(self) -> tuple[int, ...]:
        """Where each segment starts in the sequence as given."""
        return tuple(self.prefix + sum(self.lengths[:j]) for j in range(len(self.lengths)))

    def base(self, count: int) -> Tensor:
        """Base positions [count] of the first `count` tokens."""
        parts = [torch.arange(self.prefix), *(torch.arange(self.end - n, self.end) for n in self.lengths)]
        return torch.cat([*parts, torch.arange(self.end, max(self.end, count))])[:count]

    def shifts(self, importance: Tensor, own: int | None) -> Tensor:
        """importance [..., n] → shift of every segment [..., n], seen from segment `own` or from a later token (None)."""
        ranked = importance.clone()
        if own is not None:
            ranked[..., own] = torch.inf
        order = ranked.argsort(dim=-1, descending=True, stable=True)
        sizes = torch.tensor(self.lengths, device=importance.device)[order]
        return torch.zeros_like(sizes).scatter(-1, order, sizes.cumsum(-1) - sizes)

    def view(self, order: Sequence[int], own: int | None = None) -> list[list[int]]:
        """Key positions of every segment when `order` names them from most to least important."""
        importance = torch.tensor([-float(order.index(j)) if j in order else 0.0 for j in range(len(self.lengths))])
        shift, base = self.shifts(importance, own).tolist(), self.base(self.end).tolist()
        return [[b - s for b in base[a : a + n]] for a, n, s in zip(self.starts, self.lengths, shift, strict=True)]

    def blocks(self, start: int, stop: int) -> Iterator[tuple[int, int, int | None]]:
        """(from, to, segment) of the queries start … stop: −1 the prefix, None what follows the segments."""
        edges = [
            (0, self.prefix, -1),
            *((a, a + n, j) for j, (a, n) in enumerate(zip(self.starts, self.lengths, strict=True))),
        ]
        for a, b, owner in (*edges, (self.end, stop, None)):
            low, high = max(a, start), min(b, stop)
            if low < high:
                yield low, high, owner


class Rotary:
    """A model's own rotary embedding, called with any positions; in its place the model has one that turns nothing."""

    def __init__(self, real: Any) -> None:
        self.real = real
        self.by_layer = "layer_type" in inspect.signature(type(real).forward).parameters

    def turn(self, module: Any, x: Tensor, positions: Tensor) -> Tensor:
        """x [H, N, D] rotated at positions [N] or [H, N]."""
        places = positions if positions.dim() == 2 else positions[None]
        kind = (module.layer_type,) if self.by_layer else ()
        cos, sin = self.real(x, places.to(x.device), *kind)
        apply = sys.modules[type(module).__module__].apply_rotary_pos_emb  # type: ignore[attr-defined]
        wide = x[:, None]
        return apply(wide, wide, cos.expand(len(x), -1, -1), sin.expand(len(x), -1, -1))[0][:, 0]  # type: ignore[no-any-return]


class Still(torch.nn.Module):
    """Cosine 1 and sine 0 in the shape of the real rotary embedding."""

    def __init__(self, real: Any) -> None:
        super().__init__()
        self.real = [real]  # not a submodule: the model keeps its own names

    def forward(self, x: Tensor, position_ids: Tensor, *kind: Any) -> tuple[Tensor, Tensor]:
        cos, sin = self.real[0](x, position_ids, *kind)
        return torch.ones_like(cos), torch.zeros_like(sin)


class KeepDouble(TorchFunctionMode):
    """Leaves float64 tensors float64 where a model's code casts to float32 (norms, softmax): for exactness checks."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = dict(kwargs or {})
        double = bool(args) and isinstance(args[0], Tensor) and args[0].dtype == torch.float64
        if double and func is Tensor.float:
            return args[0]
        if double and func is Tensor.to and torch.float32 in args[1:]:
            return args[0]
        if double and kwargs.get("dtype") == torch.float32:
            kwargs["dtype"] = torch.float64
        return func(*args, **kwargs)


def segment_attention(
    module: torch.nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None = None,
    scaling: float | None = None,
    sliding_window: int | None = None,
    softcap: float | None = None,
    segments: Segments | None = None,
    rotary: Rotary | None = None,
    **rest: Any,
) -> tuple[Tensor, None]:
    """query [1, heads, Q, D], key and value [1, kv heads, N, D], without rotary; the queries are the last Q of the N tokens."""
    if segments is None or rotary is None or rest.get("s_aux") is not None:
        raise SpecError("segment attention needs its segments, and has no attention sinks")
    times = query.shape[1] // key.shape[1]
    q, k, v = query[0], key[0].repeat_interleave(times, 0), value[0].repeat_interleave(times, 0)
    scale, count = scaling or q.shape[-1] ** -0.5, k.shape[1]
    base = segments.base(count).to(q.device)
    turned = rotary.turn(module, k, base)
    first, made = count - q.shape[1], []
    for low, high, owner in segments.blocks(first, count):
        mine = q[:, low - first : high - first]
        places = base[low:high]
        if owner == -1:
            scores = rotary.turn(module, mine, places) @ turned[:, :high].transpose(1, 2)
            seen = base[None, None, :high].expand(len(q), high - low, -1)
        else:
            shift = _shifts(module, mine, k, segments, rotary, scale, owner, low)
            scores, seen = _scores(module, mine, places, turned, base, segments, rotary, shift, high)
        scores = scores * scale
        if softcap:
            scores = softcap * torch.tanh(scores / softcap)
        apart = places[None, :, None] - seen
        hidden = apart < 0 if not sliding_window else (apart < 0) | (apart >= sliding_window)
        kind = scores.dtype if scores.dtype == torch.float64 else torch.float32
        weights = scores.masked_fill(hidden, -torch.inf).softmax(-1, dtype=kind).to(v.dtype)
        made.append(weights @ v[:, : scores.shape[-1]])
    return torch.cat(made, 1).transpose(0, 1)[None].contiguous(), None


def _shifts(
    module: Any, q: Tensor, k: Tensor, segments: Segments, rotary: Rotary, scale: float, own: int | None, low: int
) -> Tensor:
    """Shift of every segment [heads, Q or 1, n] as seen by a block of queries."""
    count = len(segments.lengths)
    if not count:
        return torch.zeros(len(q), 1, 0, dtype=torch.long, device=q.device)
    keys = k[:, segments.prefix : segments.end]
    if segments.importance == "sequential":
        q = rotary.turn(module, q, torch.arange(low, low + q.shape[1], device=q.device))
        keys = rotary.turn(module, keys, torch.arange(segments.prefix, segments.end, device=q.device))
    logits = q @ keys.transpose(1, 2) * scale
    owners = torch.repeat_interleave(torch.tensor(segments.lengths)).to(q.device)
    if own is not None and count > 1:
        logits = logits.masked_fill(owners == own, -torch.inf)
    weights = logits.softmax(-1)
    total = weights.new_zeros(*weights.shape[:2], count).index_add(2, owners, weights)
    means = total / torch.tensor(segments.lengths, device=q.device)
    return segments.shifts(means if own is None else means.sum(1, keepdim=True), own)


def _scores(
    module: Any,
    q: Tensor,
    places: Tensor,
    keys: Tensor,
    base: Tensor,
    segments: Segments,
    rotary: Rotary,
    shift: Tensor,
    stop: int,
) -> tuple[Tensor, Tensor]:
    """Products with all keys before `stop` [heads, Q, stop or end of segments], and where those keys stand as seen."""
    stop = max(stop, segments.end)
    shift = shift.expand(-1, q.shape[1], -1)
    straight = rotary.turn(module, q, places)
    seen = base[None, None, :stop].repeat(len(q), q.shape[1], 1)
    parts = [straight @ keys[:, : segments.prefix].transpose(1, 2)]
    for j, (a, n) in enumerate(zip(segments.starts, segments.lengths, strict=True)):
        farther = rotary.turn(module, q, places[None] + shift[:, :, j])
        parts.append(farther @ keys[:, a : a + n].transpose(1, 2))
        seen[:, :, a : a + n] -= shift[:, :, j, None]
    parts.append(straight @ keys[:, segments.end : stop].transpose(1, 2))
    return torch.cat(parts, 2), seen


@cache
def registered() -> str:
    """NAME, known to transformers; its mask function makes none."""
    from transformers import AttentionInterface, AttentionMaskInterface

    AttentionInterface.register(NAME, segment_attention)
    AttentionMaskInterface.register(NAME, lambda *_, **__: None)
    return NAME


class InvariantModel:
    """A language model read through segment attention, one prompt at a time."""

    def __init__(self, model: CausalModel, importance: Literal["plain", "sequential"] = "plain") -> None:
        base = model.backbone.model
        source = sys.modules[type(base).__module__]
        if not hasattr(base, "rotary_emb") or not hasattr(source, "apply_rotary_pos_emb"):
            raise SpecError(f"{model.model.config.model_type}: only decoders with rotary positions can be read so")
        if not getattr(base, "_supports_attention_backend", False):
            raise SpecError(f"{model.model.config.model_type}: its attention cannot be replaced")
        self.model, self.importance, self.rotary = model, importance, Rotary(base.rotary_emb)

    @contextmanager
    def _ready(self) -> Iterator[Any]:
        base = self.model.backbone.model
        double = next(base.parameters()).dtype == torch.float64
        mode: Any = KeepDouble() if double else torch.inference_mode()
        with self.model.lock, torch.inference_mode(), self.model.attention(registered()), mode:
            base.rotary_emb = Still(self.rotary.real)
            try:
                yield base
            finally:
                base.rotary_emb = self.rotary.real

    def read(
        self, prefix: Sequence[int], parts: Sequence[Sequence[int]], suffix: Sequence[int], kept: Any = None
    ) -> tuple[Tensor, Any]:
        """Logits [len(suffix), V] after every suffix token (of the prefix's where there are no segments), and the KV cache.

        With a cache of an earlier call, `suffix` holds the new tokens alone."""
        from transformers import DynamicCache

        layout = Segments(len(prefix), tuple(len(p) for p in parts), self.importance)
        ids = list(suffix) if kept is not None else [*prefix, *(t for p in parts for t in p), *suffix]
        held = DynamicCache() if kept is None else kept
        done = held.get_seq_length()
        places = torch.arange(done, done + len(ids))[None].to(self.model.device)
        with self._ready() as base:
            out = base(
                input_ids=torch.tensor([ids], device=self.model.device), position_ids=places, past_key_values=held,
                use_cache=True, segments=layout, rotary=self.rotary,
            )  # fmt: skip
            wanted = len(suffix) or 1
            return self.model.logits(out.last_hidden_state[0, -wanted:]), held
