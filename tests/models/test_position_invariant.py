"""Segment attention: positions and shifts by hand, against a literal reference, the invariance, and what breaks it."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import pytest
import torch

from guerdon.core.errors import SpecError
from guerdon.models.causal import CausalModel
from guerdon.models.position_invariant import InvariantModel, KeepDouble, Segments
from guerdon.models.toy_lm import byte_tokenizer, toy_model

FAMILIES = ("llama", "qwen3", "gemma3")
PREFIX, PARTS, SUFFIX = (5, 9, 30), ((7, 8, 9, 40), (11, 12), (99, 98, 97, 96, 95)), (21, 22, 23)


def model(family: str, dtype: torch.dtype = torch.float64, **sizes: Any) -> CausalModel:
    tokenizer = byte_tokenizer()
    made = toy_model(
        tokenizer, family, seed=1, hidden_size=32, intermediate_size=48, **{"num_key_value_heads": 2, **sizes}
    )
    return CausalModel.of(made.to(dtype), tokenizer)


def test_positions_of_two_segments_by_hand() -> None:
    layout = Segments(1, (2, 3))
    assert layout.base(8).tolist() == [0, 4, 5, 3, 4, 5, 6, 7]
    assert layout.view([0, 1], own=0) == [[4, 5], [1, 2, 3]] == layout.view([1, 0], own=0), "two need no importance"
    assert layout.view([1, 0], own=1) == [[1, 2], [3, 4, 5]]
    assert layout.view([0, 1]) == [[4, 5], [1, 2, 3]], "a suffix that prefers the first"
    assert layout.view([1, 0]) == [[1, 2], [3, 4, 5]]


@pytest.mark.parametrize("own", [None, 0, 1, 2])
def test_every_view_uses_every_place_once(own: int | None) -> None:
    layout = Segments(4, (2, 3, 5))
    for order in itertools.permutations(range(3)):
        places = [p for seen in layout.view(order, own) for p in seen]
        assert sorted(places) == list(range(4, 14))
        if own is not None:
            assert layout.view(order, own)[own][-1] == 13, "its own tokens stand last"


def test_ties_keep_the_given_order() -> None:
    assert Segments(0, (1, 1, 1)).shifts(torch.zeros(3), None).tolist() == [0, 1, 2]


def literal(
    found: CausalModel, prefix: Sequence[int], parts: Sequence[Sequence[int]], suffix: Sequence[int]
) -> torch.Tensor:
    """Suffix logits of a Llama by the rules written out: query by query, head by head, keys rotated at their shifted places."""
    base, config = found.model.model, found.model.config
    ids = torch.tensor([*prefix, *(t for p in parts for t in p), *suffix])
    x, d = base.embed_tokens(ids), config.head_dim
    p, sizes = len(prefix), [len(s) for s in parts]
    end = p + sum(sizes)
    owner = [-1] * p + [j for j, n in enumerate(sizes) for _ in range(n)] + [-2] * len(suffix)
    places = list(range(p)) + [end - n + i for n in sizes for i in range(n)] + list(range(end, len(ids)))

    def rotated(v: torch.Tensor, place: int) -> torch.Tensor:
        cos, sin = base.rotary_emb(x, torch.tensor([[place]]))
        half = torch.cat((-v[d // 2 :], v[: d // 2]))
        return v * cos[0, 0] + half * sin[0, 0]

    for layer in base.layers:
        h, a = layer.input_layernorm(x), layer.self_attn
        q, k, v = (m(h).view(len(ids), -1, d) for m in (a.q_proj, a.k_proj, a.v_proj))
        out = torch.zeros(len(ids), config.num_attention_heads, d, dtype=x.dtype)
        for head in range(config.num_attention_heads):
            kv = head * config.num_key_value_heads // config.num_attention_heads
            score = q[:, head] @ k[:, kv].T / d**0.5

            def importance(u: int, own: int, score: torch.Tensor = score) -> list[float]:
                there = [n for n in range(p, end) if owner[n] != own]
                weights = torch.zeros(len(ids), dtype=score.dtype)
                weights[there] = score[u, there].softmax(0)
                return [
                    float(weights[[n for n in range(p, end) if owner[n] == j]].sum()) / s for j, s in enumerate(sizes)
                ]

            for u in range(len(ids)):
                own, before = owner[u], [n for n in range(len(ids)) if places[n] <= places[u] and owner[n] == owner[u]]
                shift = [0] * len(sizes)
                if own == -1:
                    seen = before
                else:
                    queries = [n for n in range(p, end) if owner[n] == own] if own >= 0 else [u]
                    s = [sum(column) for column in zip(*(importance(n, own) for n in queries), strict=True)]
                    rank = sorted(range(len(sizes)), key=lambda j: (j != own, -s[j]))
                    shift = [sum(sizes[i] for i in rank[: rank.index(j)]) for j in range(len(sizes))]
                    seen = [*range(p), *(n for n in range(p, end) if owner[n] != own), *before]
                keys = [rotated(k[n, kv], places[n] - (shift[owner[n]] if owner[n] >= 0 else 0)) for n in seen]
                weights = (torch.stack(keys) @ rotated(q[u, head], places[u]) / d**0.5).softmax(0)
                out[u, head] = weights @ v[seen, kv]
        x = x + a.o_proj(out.flatten(1))
        x = x + layer.mlp(layer.post_attention_layernorm(x))
    return found.model.lm_head(base.norm(x))[-len(suffix) :]  # type: ignore[no-any-return]


def test_it_is_what_the_rules_written_out_give() -> None:
    found = model("llama")
    with torch.no_grad(), KeepDouble():
        wanted = literal(found, PREFIX, PARTS, SUFFIX)
    logits, _ = InvariantModel(found).read(PREFIX, PARTS, SUFFIX)
    assert torch.allclose(logits, wanted, atol=1e-4), "up to the float32 angles of transformers' rotary embedding"
    plain = InvariantModel(found, "sequential").read(PREFIX, PARTS, SUFFIX)[0]
    assert not torch.allclose(plain, wanted, atol=1e-2)


@pytest.mark.parametrize("family", FAMILIES)
def test_all_six_orders_of_three_segments_give_the_same_logits(family: str) -> None:
    found = model(family)
    reader = InvariantModel(found)
    first, _ = reader.read(PREFIX, PARTS, SUFFIX)
    flat = [t for part in PARTS for t in part]
    vanilla, moved = [], []
    for order in itertools.permutations(range(3)):
        parts = [PARTS[i] for i in order]
        logits, _ = reader.read(PREFIX, parts, SUFFIX)
        assert float((logits - first).abs().max()) < 1e-9
        ids = torch.tensor([[*PREFIX, *(t for p in parts for t in p), *SUFFIX]])
        with torch.inference_mode():
            vanilla.append(found.model(input_ids=ids).logits[0, -1])
        moved.append(InvariantModel(found, "sequential").read(PREFIX, parts, SUFFIX)[0])
    assert len(flat) == 11
    assert max(float((v - vanilla[0]).abs().max()) for v in vanilla) > 1e-2, "plain attention sees the order"
    assert max(float((m - moved[0]).abs().max()) for m in moved) > 1e-4, "and so does importance computed after rotary"


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("count", [0, 1])
def test_one_segment_or_none_is_plain_causal_decoding(family: str, count: int) -> None:
    found = model(family)
    parts = PARTS[:count]
    ids = torch.tensor([[*PREFIX, *(t for p in parts for t in p), *SUFFIX]])
    with torch.inference_mode(), KeepDouble(), found.attention("eager"):
        wanted = found.model(input_ids=ids).logits[0, -len(SUFFIX) :]
    logits, _ = InvariantModel(found).read(PREFIX, parts, SUFFIX)
    assert float((logits - wanted).abs().max()) < 1e-9
    with torch.inference_mode():
        again = found.model(input_ids=ids).logits[0, -len(SUFFIX) :]
    assert float((again - wanted).abs().max()) < 1e-4, "the model itself is left as it was"


@pytest.mark.parametrize("family", FAMILIES)
def test_the_cache_gives_what_one_pass_gives(family: str) -> None:
    reader = InvariantModel(model(family))
    whole, _ = reader.read(PREFIX, PARTS, (*SUFFIX, 50, 51, 52))
    _, cache = reader.read(PREFIX, PARTS, SUFFIX)
    for n, token in enumerate((50, 51, 52)):
        logits, cache = reader.read(PREFIX, PARTS, (token,), cache)
        assert float((logits[-1] - whole[len(SUFFIX) + n]).abs().max()) < 1e-9
    assert cache.get_seq_length() == len(PREFIX) + 11 + 6


def test_identical_segments_agree_whatever_breaks_the_tie() -> None:
    reader = InvariantModel(model("llama"))
    twins = (PARTS[0], PARTS[1], PARTS[0])
    first, _ = reader.read(PREFIX, twins, SUFFIX)
    for order in itertools.permutations(range(3)):
        assert float((reader.read(PREFIX, [twins[i] for i in order], SUFFIX)[0] - first).abs().max()) < 1e-9


def test_a_sliding_window_counts_shifted_places() -> None:
    found = model("gemma3", sliding_window=4, layer_types=["sliding_attention", "full_attention"])
    reader = InvariantModel(found)
    first, _ = reader.read(PREFIX, PARTS, SUFFIX)
    assert float((reader.read(PREFIX, PARTS[::-1], SUFFIX)[0] - first).abs().max()) < 1e-9
    wide = InvariantModel(model("gemma3", sliding_window=64, layer_types=["sliding_attention", "full_attention"]))
    assert not torch.allclose(wide.read(PREFIX, PARTS, SUFFIX)[0], first, atol=1e-3)


def test_a_model_without_rotary_positions_is_refused() -> None:
    from transformers import GPT2Config, GPT2LMHeadModel

    made = GPT2LMHeadModel(GPT2Config(vocab_size=300, n_embd=16, n_layer=1, n_head=2))
    with pytest.raises(SpecError, match="rotary"):
        InvariantModel(CausalModel.of(made, byte_tokenizer()))
