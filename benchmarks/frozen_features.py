"""Training a head on cached features of a frozen backbone, side by side with a plain loop that reads the texts in every epoch.

    python benchmarks/frozen_features.py [--pairs 128] [--epochs 4] [--threads 2]

Both sides: the embedded backbone (6 layers, width 384, float32), the same HH-RLHF pairs cut to 256 tokens, a linear head on the
mean of the states, AdamW with TRL's and transformers' default arguments, the same start, 16 pairs a step in the same order.
`loop`: a hand-written loop in torch over padded batches, the backbone without gradients. `cached`: our trainer; its first pass
over the texts, which fills the cache, is told apart (`fill_seconds`) and is not in the epochs. Each side runs in a process of its
own, epoch by epoch in turn; the first epoch (warm-up) is left out. `ratio`: the loop's seconds over ours; `breakeven_epochs`: from
how many epochs on the cache pays. `agree`: the mean losses of every epoch agree within 1e-4. The cache's size is that of its files.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from pathlib import Path
from typing import Any

from _decoder import Paced, in_turn, multi_turn, oriented, ratios

SIDES = ("loop", "cached")
LONGEST, PAIRS_A_STEP, RATE, AGREE = 256, 16, 1e-3, 1e-4


def head_weight(width: int) -> Any:
    """The linear head's weight [1, width], seed 1."""
    import torch

    return torch.randn(1, width, generator=torch.Generator().manual_seed(1)) / width**0.5


def opened(count: int) -> tuple[Any, list[Any]]:
    """The backbone, and the texts of the pairs, chosen before rejected."""
    from guerdon.models.backbone import Backbone

    backbone = Backbone(max_length=LONGEST).load("cpu")
    pairs = [(s.prompt, r) for s in multi_turn()[1][:count] for r in oriented(s)]
    return backbone, [backbone.template.encode(prompt, response) for prompt, response in pairs]


def loop(asked: argparse.Namespace) -> None:
    """What one writes by hand: pad a batch, run the frozen backbone, pool, score, step."""
    import torch
    from torch.nn.functional import logsigmoid

    backbone, texts = opened(asked.pairs)
    head = torch.nn.Linear(backbone.hidden_size, 1, bias=False)
    with torch.no_grad():
        head.weight.copy_(head_weight(backbone.hidden_size))
    total = asked.epochs * -(-asked.pairs // PAIRS_A_STEP)
    optimiser = torch.optim.AdamW(head.parameters(), lr=RATE, weight_decay=0.0)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: max(0.0, 1 - step / total))
    paced, loss = Paced(), None
    for _ in range(asked.epochs):
        paced.ready(loss=loss)
        losses = []
        for begin in range(0, len(texts), 2 * PAIRS_A_STEP):
            some = texts[begin : begin + 2 * PAIRS_A_STEP]
            longest = max(len(t.ids) for t in some)
            ids = torch.tensor([[*t.ids, *[backbone.pad] * (longest - len(t.ids))] for t in some])
            segments = torch.tensor([[*t.segments, *[0] * (longest - len(t.ids))] for t in some])
            mask = (torch.arange(longest) < torch.tensor([len(t.ids) for t in some])[:, None]).long()
            with torch.no_grad():
                states = backbone.model(input_ids=ids, attention_mask=mask, token_type_ids=segments).last_hidden_state
            rewards = head((states * mask[..., None]).sum(1) / mask.sum(1, keepdim=True))[:, 0]
            found = -logsigmoid(rewards[0::2] - rewards[1::2]).mean()
            found.backward()
            torch.nn.utils.clip_grad_norm_(head.parameters(), 1.0)
            optimiser.step()
            schedule.step()
            optimiser.zero_grad()
            losses.append(float(found.detach()))
        loss = sum(losses) / len(losses)
    paced.ready(loss=loss)


def cached(asked: argparse.Namespace) -> None:
    """Our trainer on rows of the features cache."""
    import torch
    from transformers import TrainerCallback, TrainingArguments

    from guerdon.core.types import Preference, sample
    from guerdon.models.collate import TOKENS
    from guerdon.models.heads.scalar import Scalar
    from guerdon.models.network import Reading, RewardNetwork
    from guerdon.models.objectives.bradley_terry import BradleyTerry
    from guerdon.models.prepare import Rows, dataset
    from guerdon.models.trainer import RewardTrainer

    backbone, texts = opened(asked.pairs)
    head = Scalar(read=("mean",))
    reading, module = Reading.of(head, backbone.hidden_size), head.module(backbone.hidden_size)
    with torch.no_grad():
        module.score.weight.copy_(head_weight(backbone.hidden_size))  # type: ignore[union-attr, operator]
    started = time.perf_counter()
    source = Rows.of(backbone, {"": texts}, reading.views, TOKENS)
    filled = time.perf_counter() - started
    prefer = (Preference(better=0, worse=1),)
    groups = [sample("pair", "chosen", "rejected", id=str(i), preferences=prefer) for i in range(asked.pairs)]
    paced = Paced()

    class Ordered(RewardTrainer):
        losses: list[float] = []

        def _get_train_sampler(self, train_dataset: Any = None) -> Any:
            return torch.utils.data.SequentialSampler(self.train_dataset)

        def training_step(self, *given: Any, **named: Any) -> Any:
            found = super().training_step(*given, **named)
            self.losses.append(float(found.detach()))
            return found

    class Pacing(TrainerCallback):
        def on_epoch_begin(self, *_: Any, **__: Any) -> None:
            done = Ordered.losses
            paced.ready(loss=sum(done) / len(done) if done else None, fill=filled)
            Ordered.losses.clear()

        def on_train_end(self, *_: Any, **__: Any) -> None:
            self.on_epoch_begin()

    settings = TrainingArguments(
        output_dir=str(Path(asked.work) / "out"), per_device_train_batch_size=PAIRS_A_STEP, num_train_epochs=asked.epochs,
        learning_rate=RATE, save_strategy="no", logging_strategy="no", report_to="none", use_cpu=True, disable_tqdm=True,
        dataloader_pin_memory=False, remove_unused_columns=False, weight_decay=0.0, seed=42,
    )  # fmt: skip
    data = dataset(groups, {id(g): 2 * i for i, g in enumerate(groups)}, [len(t.ids) for t in texts], source)
    network = RewardNetwork(module, reading)
    Ordered(
        model=network, args=settings, train_dataset=data, objective=BradleyTerry(), head=head, callbacks=[Pacing()]
    ).train()


def main() -> None:
    """Runs both sides and prints one JSON object as the last line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, usual in (("pairs", 128), ("epochs", 4), ("threads", 2)):
        parser.add_argument(f"--{name}", type=int, default=usual)
    parser.add_argument("--side", default="")
    parser.add_argument("--work", default="")
    asked = parser.parse_args()
    if asked.side:
        import torch

        torch.set_num_threads(asked.threads)
        (loop if asked.side == "loop" else cached)(asked)
        return
    with tempfile.TemporaryDirectory() as folder:
        os.environ["GUERDON_CACHE"] = folder
        given = [f"--{n}={getattr(asked, n)}" for n in ("pairs", "epochs", "threads")]
        found = in_turn(__file__, SIDES, asked.epochs, *given, f"--work={folder}")
        size = sum(f.stat().st_size for f in Path(folder, "features").rglob("*") if f.is_file())
    slow, fast = found["loop"].of("seconds"), found["cached"].of("seconds")
    ratio, low, high = ratios(slow, fast)
    off = max(abs(a - b) for a, b in zip(found["loop"].of("loss", 0), found["cached"].of("loss", 0), strict=True))
    fill = found["cached"].of("fill", 0)[0]
    saved = (sum(slow) - sum(fast)) / len(slow)
    result = {
        "name": "frozen_features", "ratio": ratio, "ratio_min": low, "ratio_max": high, "agree": off <= AGREE, "unit": "epochs/s",
        "value": round(len(fast) / sum(fast), 3), "loop": round(len(slow) / sum(slow), 4), "fill_seconds": round(fill, 2),
        "breakeven_epochs": round(fill / saved, 2), "loss_difference": off, "cache_bytes": size,
        "cache_bytes_a_text": round(size / (2 * asked.pairs)), "pairs": asked.pairs, "epochs": asked.epochs, "threads": asked.threads,
        "peak_mib": {n: s.peak_mib for n, s in found.items()},
    }  # fmt: skip
    print(json.dumps(result))


if __name__ == "__main__":
    main()
