"""Attention over packed rows on the CPU without a mask: what a share's texts see is a dense block and triangles.

A text's own tokens see all of the prefix (one dense block for all texts of the share) and, causally, themselves (a triangle
each); the prefix sees itself (a triangle). Each part is one call of torch's flash kernel, and what the parts say of the same
queries is joined by their log-sum-exps:

    l = log(e^(l₁) + e^(l₂)),   o = e^(l₁ − l)·o₁ + e^(l₂ − l)·o₂.

The backward pass gives the kernel of each part the joint o and l: its weights e^(s − l) are then those of the whole row, and
the gradients of the parts add up. Nothing is padded, no key is copied, and no score is computed to be masked. The joining is
that of ring attention (arXiv 2310.01889).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

import torch
from torch.autograd.function import once_differentiable

from guerdon.models.packing import Run

Tensor = torch.Tensor
Shares = Sequence[tuple[Run, tuple[Run, ...]]]


@cache
def kernels() -> tuple[Any, Any] | None:
    """torch's flash attention on the CPU, forward and backward; None where this torch has no such calls."""
    ops, name = torch.ops.aten, "_scaled_dot_product_flash_attention_for_cpu"
    if not hasattr(ops, name) or not hasattr(ops, f"{name}_backward"):
        return None
    return getattr(ops, name), getattr(ops, f"{name}_backward")


def blocks(shares: Shares) -> Iterator[tuple[slice, slice, bool]]:
    """(queries, keys, causal) of every part of a row."""
    for prefix, own in shares:
        if prefix.length:
            yield prefix.slice, prefix.slice, True
            yield slice(own[0].start, own[-1].slice.stop), prefix.slice, False
        for run in own:
            yield run.slice, run.slice, True


def dense(query: Tensor, key: Tensor, value: Tensor, shares: Shares, scale: float) -> Tensor:
    """query, key, value [1, heads, N, D] → [1, heads, N, D], with gradients. Under autocast in its type, as torch's own attention."""
    kind = query.device.type
    if torch.is_autocast_enabled(kind):
        query, key, value = (t.to(torch.get_autocast_dtype(kind)) for t in (query, key, value))
    out: Tensor = _Dense.apply(query, key, value, shares, scale)  # type: ignore[no-untyped-call]
    return out


class _Dense(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, query: Tensor, key: Tensor, value: Tensor, shares: Shares, scale: float) -> Tensor:
        found = kernels()
        assert found is not None
        out = torch.empty_like(query)
        joint = query.new_full(query.shape[:3], -torch.inf, dtype=torch.float32)
        for at, seen, causal in blocks(shares):
            o, lse = found[0](query[:, :, at], key[:, :, seen], value[:, :, seen], 0.0, causal, scale=scale)
            before = joint[:, :, at]
            if bool(before[0, 0, 0].isfinite()):  # these queries have seen their prefix
                total = torch.logaddexp(before, lse)
                o = o * (lse - total).exp()[..., None] + out[:, :, at] * (before - total).exp()[..., None]
                lse = total
            out[:, :, at], joint[:, :, at] = o, lse
        ctx.save_for_backward(query, key, value, out, joint)
        ctx.shares, ctx.scale = shares, scale
        return out

    @staticmethod
    @once_differentiable  # type: ignore[untyped-decorator]
    def backward(ctx: Any, given: Tensor) -> tuple[Any, ...]:
        found = kernels()
        assert found is not None
        query, key, value, out, joint = ctx.saved_tensors
        grads = [torch.zeros_like(t) for t in (query, key, value)]
        for at, seen, causal in blocks(ctx.shares):
            parts = found[1](
                given[:, :, at], query[:, :, at], key[:, :, seen], value[:, :, seen], out[:, :, at], joint[:, :, at],
                0.0, causal, scale=ctx.scale,
            )  # fmt: skip
            for grad, part, where in zip(grads, parts, (at, seen, seen), strict=True):
                grad[:, :, where] += part
        return (*grads, None, None)
