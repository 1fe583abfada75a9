"""Blocks and triangles joined by their log-sum-exps are the masked attention they stand for, gradients too."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from guerdon.models import prefix_attention as prefix_attention_file
from guerdon.models.packing import Layout, Run
from guerdon.models.prefix_attention import Scores, by_share, prefix_attention
from guerdon.models.prefix_flash import blocks, dense, kernels

Rows = list[tuple[int, list[int]]]


def layout(rows: Rows) -> tuple[Layout, int]:
    """Shares of (prefix, own lengths) as a row, and its length."""
    at, made = 0, []
    for prefix, own in rows:
        runs = []
        for length in (prefix, *own):
            runs.append(Run(at, length))
            at += length
        made.append((runs[0], tuple(runs[1:])))
    return Layout(tuple(made)), at


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 40), st.lists(st.integers(1, 40), min_size=1, max_size=4)), min_size=1, max_size=4
    )
)
def test_outputs_and_gradients_are_those_of_the_masked_sums(rows: Rows) -> None:
    packing, n = layout(rows)
    draw = torch.Generator().manual_seed(n)
    given_ = [torch.randn(1, n, 2, 16, generator=draw).transpose(1, 2) for _ in range(3)]
    weights = torch.randn(1, 2, n, 16, generator=draw)
    found = []
    for way in ("dense", "shares"):
        inputs = [t.clone().requires_grad_() for t in given_]
        scores = Scores(0.25, 0, None, 0.0)
        out = dense(*inputs, packing.shares, 0.25) if way == "dense" else by_share(*inputs, packing, scores)
        (out * weights).sum().backward()
        found.append([out.detach(), *(t.grad for t in inputs)])
    for mine, wanted in zip(*found, strict=True):
        torch.testing.assert_close(mine, wanted, atol=1e-5, rtol=1e-5)


def test_no_score_is_computed_to_be_masked() -> None:
    """The area of the blocks is the pairs that see each other, triangles counted whole by the kernel's causal flag."""
    packing, _ = layout([(30, [5, 7]), (0, [4])])
    made = [(q.stop - q.start, k.stop - k.start, causal) for q, k, causal in blocks(packing.shares)]
    assert made == [(30, 30, True), (12, 30, False), (5, 5, True), (7, 7, True), (4, 4, True)]


def test_it_is_used_on_the_cpu_for_plain_scores_only(monkeypatch: pytest.MonkeyPatch) -> None:
    assert kernels() is not None, "this torch has the kernels"
    used: list[int] = []
    monkeypatch.setattr(prefix_attention_file, "dense", lambda *given: used.append(1) or dense(*given))
    packing, n = layout([(6, [3, 2])])
    states = [torch.randn(1, 2, n, 8) for _ in range(3)]
    module = torch.nn.Identity().eval()
    outs = [
        prefix_attention(module, *states, packing=packing)[0],
        prefix_attention(module, *states, packing=packing, sliding_window=100)[0],
    ]
    assert used == [1]
    torch.testing.assert_close(outs[0], outs[1], atol=1e-6, rtol=1e-5)
    monkeypatch.setattr(prefix_attention_file, "kernels", lambda: None)
    torch.testing.assert_close(prefix_attention(module, *states, packing=packing)[0], outs[0], atol=1e-6, rtol=1e-5)
    assert used == [1]
