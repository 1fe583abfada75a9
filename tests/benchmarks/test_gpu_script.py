"""What `benchmarks/gpu.py` counts with: arithmetic and useful tokens, against counts by hand and against torch's own counter."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "benchmarks"


def flops() -> Any:
    """`benchmarks/_flops.py` as a module."""
    found = importlib.util.spec_from_file_location("_flops", FOLDER / "_flops.py")
    assert found is not None and found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


SIZES = {"hidden_size": 8, "intermediate_size": 12, "num_hidden_layers": 2, "num_attention_heads": 2, "num_key_value_heads": 1,
         "head_dim": 4}  # fmt: skip


def test_the_counts_are_those_by_hand() -> None:
    made = flops()
    weights = 2 * (8 * 8 + 8 * 4 + 8 * 4 + 8 * 8 + 3 * 8 * 12)  # q, k, v, o and the three of the MLP, two layers
    assert made.matmul_weights(SIZES) == weights
    groups = [(3, [2, 1])]
    assert made.useful_tokens(groups) == 6
    pairs = (1 + 2 + 3) + (4 + 5) + 4  # whom each token sees, itself too
    assert made.forward_flops(SIZES, groups) == 2 * weights * 6 + 4 * 8 * 2 * pairs
    assert made.training_flops(SIZES, groups) == 3 * made.forward_flops(SIZES, groups)
    assert made.peak_of("NVIDIA H100 80GB HBM3") == 989e12 and made.peak_of("some other device") is None


def test_the_products_are_those_that_torch_counts() -> None:
    """A Qwen3-like decoder on one text: torch counts its products, and full squares where attention is causal."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode
    from transformers import Qwen3Config, Qwen3Model

    model = Qwen3Model(Qwen3Config(**SIZES, vocab_size=20, attn_implementation="eager")).eval()
    n = 16
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        model(torch.arange(n)[None], use_cache=False)
    made = flops()
    causal = made.forward_flops(SIZES, [(n, [])])
    square = 4 * 8 * 2 * (n * n - n * (n + 1) // 2)
    rotary = counter.get_total_flops() - causal - square
    assert 0 <= rotary <= 2 * n * SIZES["head_dim"], "but for the angles of the positions"


@pytest.mark.slow
@pytest.mark.parametrize("tiny", [False, True])
def test_the_script_says_that_there_is_no_gpu_and_runs_at_a_tiny_size(tiny: bool) -> None:
    import torch

    if tiny:
        pytest.importorskip("trl")
    elif torch.cuda.is_available():
        pytest.skip("there is a GPU")
    small = ["--device=cpu", "--size=tiny", "--steps=2", "--pairs=2", "--groups=2"] if tiny else []
    quiet = {"GUERDON_PROGRESS": "off", "OMP_NUM_THREADS": "1", "PYTHONPATH": str(FOLDER.parent)}
    command = [sys.executable, str(FOLDER / "gpu.py"), *small]
    done = subprocess.run(command, env={**os.environ, **quiet}, text=True, capture_output=True, timeout=500)
    assert done.returncode == 0, done.stderr[-2000:]
    said = json.loads(done.stdout.splitlines()[-1])
    if tiny:
        assert said["agree"] is True and said["train"]["ours"]["tokens_per_second"] > 0 and said["ratio_scoring"] > 0
    else:
        assert "no GPU here" in done.stdout and said["skipped"] == "no GPU"
