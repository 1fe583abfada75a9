"""How much arithmetic a decoder needs for groups of texts, and how much a GPU can do: what utilisation is counted with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

Group = tuple[int, Sequence[int]]  # tokens of the prompt, and of each response
# Dense bf16 FLOP/s with sparsity off, from NVIDIA's data sheets.
PEAKS = {"H200": 989e12, "H100 PCIe": 756e12, "H100": 989e12, "A100": 312e12, "L40S": 362e12, "L4": 121e12}


def matmul_weights(sizes: Mapping[str, int]) -> int:
    """Weights that every token is multiplied with: attention and MLP projections of all layers; embeddings and head are none."""
    h, d = sizes["hidden_size"], sizes["head_dim"]
    attention = 2 * h * d * sizes["num_attention_heads"] + 2 * h * d * sizes["num_key_value_heads"]
    return sizes["num_hidden_layers"] * (attention + 3 * h * sizes["intermediate_size"])


def useful_tokens(groups: Sequence[Group]) -> int:
    """Each prompt once and every response once, whatever a side puts through its model."""
    return sum(prompt + sum(responses) for prompt, responses in groups)


def forward_flops(sizes: Mapping[str, int], groups: Sequence[Group]) -> int:
    """2 a weight and useful token, and 4·heads·head_dim a layer and pair of tokens that see each other (scores, then values).

    A prompt of p tokens has p(p + 1)/2 such pairs; a response of n tokens after it n·p + n(n + 1)/2.
    """
    pairs = sum(p * (p + 1) // 2 + sum(n * p + n * (n + 1) // 2 for n in responses) for p, responses in groups)
    width = sizes["num_attention_heads"] * sizes["head_dim"]
    return 2 * matmul_weights(sizes) * useful_tokens(groups) + 4 * width * sizes["num_hidden_layers"] * pairs


def training_flops(sizes: Mapping[str, int], groups: Sequence[Group]) -> int:
    """Forward and backward: the backward pass is two products for each of the forward pass."""
    return 3 * forward_flops(sizes, groups)


def peak_of(device: str) -> float | None:
    """The peak of a device by its name; None where it is not known."""
    return next((peak for name, peak in PEAKS.items() if name in device), None)
