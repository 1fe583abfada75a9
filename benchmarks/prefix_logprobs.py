"""Log-probabilities of many continuations of one prompt: `engines.local` beside the usual loop that encodes the prompt each time.

A Llama-like decoder with random weights (8 layers, width 512, 32,000 tokens, float32), one prompt of 1,024 tokens and 16
continuations of 32. Both sides go through the same weights in the same process, in turn:

    unshared   for each continuation one forward pass of transformers over prompt + continuation, the log-softmax of the 32 places
               before its tokens (only those go through the output head, as a careful loop does)
    batched    the same 16 texts as one padded batch, for comparison: it saves calls, no tokens
    shared     CausalModel.logprobs, what the engine calls: the prompt once, the continuations behind it

Figures: the ratio of total seconds over the repeats, its smallest and largest by repeat, in wall time and in CPU time (which other
work on the machine moves less), and the largest difference of a log-probability. Exit 1 when the ratio of CPU time is
under 4 or a difference over 1e-5.

    python benchmarks/prefix_logprobs.py [--repeats 5]
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

import torch
from _decoder import SIZES, ratios

PROMPT, CONTINUATIONS, LENGTH = 1024, 16, 32
Rows = list[list[float]]


def decoder() -> Any:
    """The decoder with random weights (seed 0) in the engine's own wrapping."""
    from transformers import LlamaConfig, LlamaForCausalLM

    from guerdon.models.causal import CausalModel
    from guerdon.models.toy_lm import byte_tokenizer

    torch.manual_seed(0)
    model = LlamaForCausalLM(LlamaConfig(**SIZES)).eval()
    found = CausalModel.of(model, byte_tokenizer())
    assert found.head_fits() and found.backbone.packing == "shared"
    return found


def texts() -> tuple[list[int], list[list[int]]]:
    """Prompt ids and continuation ids, seed 1."""
    draw = torch.Generator().manual_seed(1)
    prompt = torch.randint(SIZES["vocab_size"], (PROMPT,), generator=draw).tolist()
    rows = torch.randint(SIZES["vocab_size"], (CONTINUATIONS, LENGTH), generator=draw).tolist()
    return prompt, rows


@torch.inference_mode()
def unshared(model: Any, prompt: Sequence[int], rows: Sequence[Sequence[int]]) -> Rows:
    with model.attention("sdpa"):
        return [_values(model.model, [(*prompt, *row)], [row])[0] for row in rows]


@torch.inference_mode()
def batched(model: Any, prompt: Sequence[int], rows: Sequence[Sequence[int]]) -> Rows:
    with model.attention("sdpa"):
        return _values(model.model, [(*prompt, *row) for row in rows], rows)


def _values(model: Any, texts: Sequence[Sequence[int]], rows: Sequence[Sequence[int]]) -> Rows:
    logits = model(input_ids=torch.tensor(texts), use_cache=False, logits_to_keep=LENGTH + 1).logits[:, :-1]
    found: Rows = logits.log_softmax(-1).gather(2, torch.tensor(rows)[..., None])[..., 0].tolist()
    return found


def shared(model: Any, prompt: Sequence[int], rows: Sequence[Sequence[int]]) -> Rows:
    return model.logprobs([(prompt, row) for row in rows])  # type: ignore[no-any-return]


def main() -> int:
    parser = argparse.ArgumentParser(description="Shared-prefix log-probabilities against the unshared loop.")
    parser.add_argument("--repeats", type=int, default=5)
    repeats = parser.parse_args().repeats
    model, (prompt, rows) = decoder(), texts()
    sides: dict[str, Callable[..., Rows]] = {"unshared": unshared, "batched": batched, "shared": shared}
    taken: dict[str, list[float]] = {name: [] for name in sides}
    busy: dict[str, list[float]] = {name: [] for name in sides}
    found: dict[str, Rows] = {}
    for step in range(repeats + 1):
        for name, side in sides.items():
            began, cpu = time.perf_counter(), time.process_time()
            found[name] = side(model, prompt, rows)
            if step:  # the first turn warms up
                taken[name].append(time.perf_counter() - began)
                busy[name].append(time.process_time() - cpu)
    differences = {
        n: max(abs(a - b) for x, y in zip(found["shared"], found[n], strict=True) for a, b in zip(x, y, strict=True))
        for n in ("unshared", "batched")
    }
    report = {
        "prompt": PROMPT, "continuations": CONTINUATIONS, "length": LENGTH, "threads": torch.get_num_threads(),
        "seconds": {n: [round(s, 3) for s in t] for n, t in taken.items()},
        "cpu seconds": {n: [round(s, 3) for s in t] for n, t in busy.items()},
        "wall, to the unshared loop": ratios(taken["unshared"], taken["shared"]),
        "cpu, to the unshared loop": ratios(busy["unshared"], busy["shared"]),
        "cpu, to the padded batch": ratios(busy["batched"], busy["shared"]),
        "largest difference": {n: float(f"{d:.2e}") for n, d in differences.items()},
    }  # fmt: skip
    print(json.dumps(report, indent=2))
    return int(report["cpu, to the unshared loop"][0] < 4 or max(differences.values()) > 1e-5)  # type: ignore[index]


if __name__ == "__main__":
    sys.exit(main())
