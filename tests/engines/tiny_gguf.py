"""A llama of two layers with random weights as a GGUF file, built from a config: words, digits and bytes as its vocabulary."""

from __future__ import annotations

from pathlib import Path

import numpy as np

WIDTH, LAYERS, HEADS, HIDDEN, CONTEXT = 32, 2, 2, 64, 8192
WORDS = (
    "Yes",
    "No",
    "▁Yes",
    "▁No",
    "▁the",
    "▁is",
    "▁a",
    "{",
    "}",
    '"',
    ":",
    "▁answer",
    "▁good",
    "▁sky",
    "▁blue",
    "score",
)
TEMPLATE = (
    "{% for m in messages %}<|{{ m['role'] }}|>\n{{ m['content'] }}\n{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>\n{% endif %}"
)


def write_model(path: Path, seed: int = 0) -> Path:
    """Writes the file and gives its path."""
    from gguf import GGUFWriter, TokenType

    bytes_ = [f"<0x{b:02X}>" for b in range(256)]
    letters = ["▁", *map(chr, range(33, 127))]
    tokens = ["<unk>", "<s>", "</s>", *bytes_, *dict.fromkeys([*WORDS, *letters])]
    kinds = [TokenType.UNKNOWN, TokenType.CONTROL, TokenType.CONTROL, *[TokenType.BYTE] * 256]
    kinds += [TokenType.NORMAL] * (len(tokens) - len(kinds))
    file = GGUFWriter(str(path), "llama")
    file.add_context_length(CONTEXT)
    file.add_embedding_length(WIDTH)
    file.add_block_count(LAYERS)
    file.add_feed_forward_length(HIDDEN)
    file.add_head_count(HEADS)
    file.add_head_count_kv(HEADS)
    file.add_layer_norm_rms_eps(1e-5)
    file.add_rope_dimension_count(WIDTH // HEADS)
    file.add_vocab_size(len(tokens))
    file.add_tokenizer_model("llama")
    file.add_token_list(tokens)
    file.add_token_scores([-float(i) for i in range(len(tokens))])
    file.add_token_types(kinds)
    file.add_bos_token_id(1)
    file.add_eos_token_id(2)
    file.add_unk_token_id(0)
    file.add_chat_template(TEMPLATE)
    random = np.random.default_rng(seed)

    def weight(name: str, *shape: int, quiet: int = 0) -> None:
        made = (random.standard_normal(shape) * 0.3).astype(np.float32)
        made[:quiet] = 0.0
        file.add_tensor(name, made)

    def ones(name: str) -> None:
        file.add_tensor(name, np.ones(WIDTH, np.float32))

    weight("token_embd.weight", len(tokens), WIDTH)
    weight("output.weight", len(tokens), WIDTH, quiet=3 + len(bytes_))  # never the most probable: no half characters
    ones("output_norm.weight")
    for i in range(LAYERS):
        ones(f"blk.{i}.attn_norm.weight")
        ones(f"blk.{i}.ffn_norm.weight")
        for part in ("attn_q", "attn_k", "attn_v", "attn_output"):
            weight(f"blk.{i}.{part}.weight", WIDTH, WIDTH)
        weight(f"blk.{i}.ffn_gate.weight", HIDDEN, WIDTH)
        weight(f"blk.{i}.ffn_up.weight", HIDDEN, WIDTH)
        weight(f"blk.{i}.ffn_down.weight", WIDTH, HIDDEN)
    file.write_header_to_file()
    file.write_kv_data_to_file()
    file.write_tensors_to_file()
    file.close()
    return path
