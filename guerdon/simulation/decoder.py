"""A small decoder with random weights and a tokenizer of its own, made on the spot: for recipes that need a causal backbone."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

END, PAD = "<|end|>", "<|pad|>"


def small_decoder(
    folder: Path,
    texts: Sequence[str],
    *,
    seed: int = 0,
    layers: int = 2,
    width: int = 64,
    vocabulary: int = 512,
    positions: int = 512,
) -> Path:
    """Writes a Qwen3-like model (config, safetensors, tokenizer) to `folder` and returns it.

    The tokenizer is a byte-level BPE trained on the texts; heads of 16, MLP 4 × width, tied embeddings, float32; weights as
    transformers draws them, from the seed. No paper: a stand-in for a pretrained decoder where there is none to be had.
    """
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast, Qwen3Config, Qwen3ForCausalLM

    raw = Tokenizer(models.BPE())
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    raw.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary, special_tokens=[PAD, END], initial_alphabet=alphabet, show_progress=False
    )
    raw.train_from_iterator(texts, trainer)
    make: Any = PreTrainedTokenizerFast
    tokenizer = make(tokenizer_object=raw, eos_token=END, pad_token=PAD)
    heads = max(width // 16, 1)
    config = Qwen3Config(
        vocab_size=len(tokenizer), hidden_size=width, intermediate_size=4 * width, num_hidden_layers=layers,
        num_attention_heads=heads, num_key_value_heads=heads, head_dim=16, max_position_embeddings=positions,
        tie_word_embeddings=True, eos_token_id=tokenizer.eos_token_id, pad_token_id=tokenizer.pad_token_id,
    )  # fmt: skip
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        Qwen3ForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder
