"""Tiny language models for examples, recipes and tests: a config's random weights, a word or byte vocabulary, training in seconds.

They know nothing until `train` has shown them texts. The families differ where it matters to an engine: Qwen3 (norms of queries and
keys), Llama, Gemma 3 (sliding windows, two rotary bases, scaled embeddings).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from guerdon.core.errors import SpecError, closest

FAMILIES = ("qwen3", "llama", "gemma3")
SPECIAL = ("<|pad|>", "<|start|>", "<|end|>", "<|unknown|>")
TEMPLATE = (
    "{% for m in messages %}<|start|>{{ m['role'] }}\n{{ m['content'] }}<|end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|start|>assistant\n{% endif %}"
)


def byte_tokenizer() -> Any:
    """One token a byte, and the special ones; with a chat template."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers

    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    raw = Tokenizer(models.BPE(vocab={c: i for i, c in enumerate((*SPECIAL, *letters))}, merges=[]))
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    raw.decoder = decoders.ByteLevel()
    return _wrapped(raw)


def word_tokenizer(texts: Sequence[str]) -> Any:
    """One token a word of the texts (blanks go with the word after them) and a character of its punctuation."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers

    cut = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    roles = [f"{role}\n" for role in ("user", "assistant", "system")]
    pieces = {p for t in (*texts, *roles) for p in re.split("|".join(map(re.escape, SPECIAL)), t) if p}
    words = sorted({w for p in pieces for w, _ in cut.pre_tokenize_str(p)})
    vocabulary = {w: i for i, w in enumerate((*SPECIAL, *words))}
    raw = Tokenizer(models.WordLevel(vocabulary, unk_token="<|unknown|>"))
    raw.pre_tokenizer = cut
    raw.decoder = decoders.ByteLevel()
    return _wrapped(raw)


def _wrapped(raw: Any) -> Any:
    from transformers import PreTrainedTokenizerFast

    raw.add_special_tokens(list(SPECIAL))
    kind: Any = PreTrainedTokenizerFast
    made = kind(
        tokenizer_object=raw, pad_token=SPECIAL[0], bos_token=SPECIAL[1], eos_token=SPECIAL[2], unk_token=SPECIAL[3]
    )
    made.chat_template = TEMPLATE
    return made


def toy_model(tokenizer: Any, family: str = "llama", seed: int = 0, **sizes: Any) -> Any:
    """A random causal language model over the tokenizer's vocabulary; `sizes` go over the default ones of its config."""
    import transformers as hf

    if family not in FAMILIES:
        raise SpecError(f"no family '{family}'.{closest(family, FAMILIES)} Known: {', '.join(FAMILIES)}.")
    kinds: dict[str, tuple[Any, Any]] = {
        "qwen3": (hf.Qwen3Config, hf.Qwen3ForCausalLM),
        "llama": (hf.LlamaConfig, hf.LlamaForCausalLM),
        "gemma3": (hf.Gemma3TextConfig, hf.Gemma3ForCausalLM),
    }
    config, model = kinds[family]
    wanted: dict[str, Any] = {
        "hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2,
        "head_dim": 16, "max_position_embeddings": 2048, "tie_word_embeddings": True, "initializer_range": 0.1,
    }  # fmt: skip
    ids = {f"{n}_token_id": getattr(tokenizer, f"{n}_token_id") for n in ("bos", "eos", "pad")}
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return model(config(vocab_size=len(tokenizer), **{**wanted, **sizes}, **ids)).eval()


def train(
    model: Any,
    tokenizer: Any,
    texts: Sequence[str],
    steps: int,
    *,
    batch_size: int = 32,
    learning_rate: float = 3e-3,
    seed: int = 0,
) -> float:
    """Next-token training on whole texts (no special tokens added); gives the mean loss of the last tenth of the steps."""
    ids = [tokenizer(t, add_special_tokens=False)["input_ids"] for t in texts]
    draws = torch.Generator().manual_seed(seed)
    optimiser = torch.optim.AdamW(model.parameters(), lr=learning_rate, weight_decay=0.0)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, learning_rate, total_steps=max(steps, 2))
    losses = []
    model.train()
    for _ in range(steps):
        rows = [ids[i] for i in torch.randint(len(ids), (batch_size,), generator=draws).tolist()]
        longest = max(map(len, rows))
        fed = torch.tensor([r + [0] * (longest - len(r)) for r in rows])
        there = torch.tensor([[1] * len(r) + [0] * (longest - len(r)) for r in rows])
        logits = model(input_ids=fed, attention_mask=there, use_cache=False).logits[:, :-1]
        wanted = fed[:, 1:].masked_fill(there[:, 1:] == 0, -100)
        loss: Any = torch.nn.functional.cross_entropy(logits.flatten(0, 1), wanted.flatten())
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        losses.append(float(loss.detach()))
    model.eval()
    last = losses[-max(1, steps // 10) :]
    return sum(last) / max(1, len(last))


def save(model: Any, tokenizer: Any, folder: Path) -> Path:
    """The model folder that an engine opens."""
    from guerdon.models.backbone import quiet

    with quiet():
        model.save_pretrained(folder)
        tokenizer.save_pretrained(folder)
    return folder


def example_folder(family: str = "llama") -> Path:
    """A random byte-level model in the cache folder, made on first use: for examples that run offline."""
    import shutil
    import uuid

    from guerdon.models.features import cache_folder

    folder: Path = cache_folder() / "examples" / f"toy-{family}-2"
    if not (folder / "config.json").is_file():
        aside = folder.with_name(f".{folder.name}-{uuid.uuid4().hex}")
        tokenizer = byte_tokenizer()
        save(toy_model(tokenizer, family, hidden_size=32, intermediate_size=64), tokenizer, aside)
        try:
            aside.rename(folder)
        except OSError:  # another process was first
            shutil.rmtree(aside)
    return folder
