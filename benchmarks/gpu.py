"""A randomly initialised decoder of a billion weights in bfloat16 on a GPU: tokens per second and model FLOPs utilisation.

    python benchmarks/gpu.py [--steps 12] [--pairs 16] [--groups 16] [--tokens 32768] [--peak 989e12]

Training: pairs of a prompt of 256 to 768 random tokens and two responses of 64 to 256, ours against TRL's RewardTrainer, both with
weights and AdamW states in bfloat16, without gradient checkpointing, the same pairs in the same order. Scoring: prompts of 512
tokens with 8 responses of 64, ours against TRL's model (a sequence classifier) over padded batches of 8, as its trainer evaluates.
Only useful tokens are counted, on both sides alike: each prompt once, every response once; utilisation is their arithmetic
(`_flops.py`) over the GPU's peak. Packed rows go through flex attention; TRL's model has its default (sdpa). The first three steps
(compilation) are left out. `ratio`: TRL's seconds over ours in training; `agree`: losses of the first step within 0.05.
Without a GPU it says so and measures nothing; `--device cpu --size tiny` runs every line at a size for tests.
Needs Python 3.12, torch 2.11 or later, transformers and trl.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
from pathlib import Path
from typing import Any

from _decoder import CHATML, Paced, Side, in_turn, ratios
from _flops import forward_flops, peak_of, training_flops, useful_tokens

WARM, AGREE = 3, 0.05
SIDES = ("ours", "trl")
BILLION: dict[str, Any] = {
    "vocab_size": 32_000, "hidden_size": 2048, "intermediate_size": 8192, "num_hidden_layers": 16, "num_attention_heads": 16,
    "num_key_value_heads": 8, "head_dim": 128, "max_position_embeddings": 2048,
}  # fmt: skip
TINY = {**BILLION, "vocab_size": 300, "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2,
        "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 16}  # fmt: skip
MODELS = {"1b": BILLION, "tiny": TINY}
Row = dict[str, Any]


def drawn(size: str, count: int, task: str) -> list[Row]:
    """Groups of random ids: a prompt and its responses."""
    draw = random.Random(0)
    less = 16 if size == "tiny" else 1

    def some(low: int, high: int) -> list[int]:
        return draw.choices(range(10, MODELS[size]["vocab_size"]), k=max(2, draw.randint(low, high) // less))

    if task == "score":
        return [{"prompt": some(512, 512), "responses": [some(64, 64) for _ in range(8)]} for _ in range(count)]
    return [{"prompt": some(256, 768), "responses": [some(64, 256) for _ in range(2)]} for _ in range(count)]


def make(folder: Path, size: str) -> None:
    """The decoder and a tokenizer (which only says what pads) as a model folder."""
    import torch
    from tokenizers import Tokenizer, models
    from transformers import PreTrainedTokenizerFast, Qwen3Config, Qwen3Model

    raw = Tokenizer(models.WordLevel({"<pad>": 0, "<eos>": 1}, unk_token="<pad>"))
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=raw, pad_token="<pad>", eos_token="<eos>")
    tokenizer.chat_template = CHATML
    torch.manual_seed(0)
    model = Qwen3Model(Qwen3Config(**MODELS[size], pad_token_id=0, eos_token_id=1)).to(torch.bfloat16)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def head_weight(width: int) -> Any:
    """The linear head's weight [1, width], seed 1."""
    import torch

    return torch.randn(1, width, generator=torch.Generator().manual_seed(1)) / width**0.5


class Clocked(Paced):
    """Waits for the GPU before it reads the clock."""

    def ready(self, **more: Any) -> None:
        import torch

        if torch.cuda.is_available():
            torch.cuda.synchronize()
        super().ready(**more)


def trainer_of(kind: Any, given: dict[str, Any]) -> Any:
    """A trainer of this kind, in the order of its data, that says the loss of every step and waits for the next."""
    import torch
    from transformers import TrainerCallback

    class Timed(kind):  # type: ignore[misc]
        latest: Any = None

        def _get_train_sampler(self, train_dataset: Any = None) -> Any:
            return torch.utils.data.SequentialSampler(self.train_dataset)

        def training_step(self, *some: Any, **named: Any) -> Any:
            self.latest = super().training_step(*some, **named)
            return self.latest

    class Pacing(TrainerCallback):
        def __init__(self) -> None:
            self.paced, self.trainer = Clocked(), None

        def on_step_begin(self, *_: Any, **__: Any) -> None:
            latest = getattr(self.trainer, "latest", None)
            self.paced.ready(loss=None if latest is None else float(latest))

        def on_train_end(self, *_: Any, **__: Any) -> None:
            self.on_step_begin()

    pacing = Pacing()
    pacing.trainer = Timed(callbacks=[pacing], **given)
    return pacing.trainer


def arguments(kind: Any, asked: argparse.Namespace, **more: Any) -> Any:
    return kind(
        output_dir=str(Path(asked.work) / asked.side), per_device_train_batch_size=asked.pairs, max_steps=asked.steps,
        learning_rate=1e-5, bf16=False, gradient_checkpointing=False, save_strategy="no", logging_strategy="no", report_to="none",
        use_cpu=asked.device == "cpu", disable_tqdm=True, dataloader_pin_memory=False, seed=42, **more,
    )  # fmt: skip


def our_network(asked: argparse.Namespace) -> tuple[Any, Any, Any, str]:
    """(network, head, reading, packing) with the decoder set to packed rows."""
    import torch
    from transformers import AutoModel

    from guerdon.models.heads.scalar import Scalar
    from guerdon.models.network import Reading, RewardNetwork
    from guerdon.models.packing_check import takes_packed_rows

    model = AutoModel.from_pretrained(Path(asked.work) / "model", dtype=torch.bfloat16).to(asked.device)
    head = Scalar(read=("last",))
    width = MODELS[asked.size]["hidden_size"]
    module = head.module(width)
    with torch.no_grad():
        module.score.weight.copy_(head_weight(width))  # type: ignore[union-attr, operator]
    reading = Reading.of(head, width)
    if not takes_packed_rows(model):
        raise SystemExit("the decoder does not take packed rows here")
    return RewardNetwork(module.to(asked.device), reading, model), head, reading, "shared"


def encoded(rows: list[Row]) -> list[Any]:
    """The texts of all groups, flat."""
    from guerdon.models.template import Encoded

    wholes = [(r["prompt"], r["prompt"] + a) for r in rows for a in r["responses"]]
    return [Encoded(tuple(ids), (0,) * len(ids), len(p), False, len(ids) - len(p)) for p, ids in wholes]


def train_ours(asked: argparse.Namespace, rows: list[Row]) -> None:
    from transformers import TrainingArguments

    from guerdon.core.types import Preference, sample
    from guerdon.models.objectives.bradley_terry import BradleyTerry
    from guerdon.models.prepare import Texts, dataset
    from guerdon.models.trainer import RewardTrainer

    network, head, _, packing = our_network(asked)
    texts = encoded(rows)
    prefer = (Preference(better=0, worse=1),)
    groups = [sample("pair", "chosen", "rejected", id=str(i), preferences=prefer) for i in range(len(rows))]
    source = Texts({"": texts}, 0, asked.tokens, packing)  # type: ignore[arg-type]
    data = dataset(groups, {id(g): 2 * i for i, g in enumerate(groups)}, [len(t.ids) for t in texts], source)
    given = {
        "model": network,
        "args": arguments(TrainingArguments, asked, remove_unused_columns=False),
        "train_dataset": data,
    }
    trainer_of(RewardTrainer, {**given, "objective": BradleyTerry(), "head": head}).train()


def classifier(asked: argparse.Namespace) -> Any:
    """TRL's model: the decoder as a sequence classifier with the same head."""
    import torch
    from transformers import AutoModelForSequenceClassification

    folder = Path(asked.work) / "model"
    model = AutoModelForSequenceClassification.from_pretrained(folder, num_labels=1, dtype=torch.bfloat16)
    with torch.no_grad():
        model.score.weight.copy_(head_weight(MODELS[asked.size]["hidden_size"]))
    return model.to(asked.device)


def train_trl(asked: argparse.Namespace, rows: list[Row]) -> None:
    from datasets import Dataset
    from transformers import AutoTokenizer
    from trl import RewardConfig, RewardTrainer

    pairs = [
        {"chosen_ids": r["prompt"] + r["responses"][0], "rejected_ids": r["prompt"] + r["responses"][1]} for r in rows
    ]
    given = {"model": classifier(asked), "args": arguments(RewardConfig, asked, max_length=1024)}
    tokenizer = AutoTokenizer.from_pretrained(Path(asked.work) / "model")
    trainer_of(
        RewardTrainer, {**given, "train_dataset": Dataset.from_list(pairs), "processing_class": tokenizer}
    ).train()


def score_ours(asked: argparse.Namespace, rows: list[Row]) -> Any:
    import torch

    from guerdon.models.network import view_texts

    network, _, _, packing = our_network(asked)
    texts = view_texts(encoded(rows), 0, asked.tokens, packing)  # type: ignore[arg-type]
    with torch.inference_mode():
        return lambda: network.eval()({"": texts.to(asked.device)})[:, 0].float().tolist()


def score_trl(asked: argparse.Namespace, rows: list[Row]) -> Any:
    from guerdon.models.collate import pad

    model, texts = classifier(asked).eval(), encoded(rows)
    batches = [pad(texts, range(i, i + 8), 0).to(asked.device) for i in range(0, len(texts), 8)]
    return lambda: [x for b in batches for x in model(b.ids, attention_mask=b.mask).logits[:, 0].float().tolist()]


def side(asked: argparse.Namespace) -> None:
    """One side of one task in this process."""
    import torch

    if asked.task == "train":
        rows = drawn(asked.size, asked.pairs * asked.steps, "train")
        (train_ours if asked.side == "ours" else train_trl)(asked, rows)
        return
    work = (score_ours if asked.side == "ours" else score_trl)(asked, drawn(asked.size, asked.groups, "score"))
    paced, scores = Clocked(), None
    with torch.inference_mode():
        for _ in range(asked.steps):
            paced.ready(scores=scores)
            scores = work()
        paced.ready(scores=scores)


def figures(asked: argparse.Namespace, task: str, side: Side, warm: int, peak: float | None) -> dict[str, Any]:
    """Useful tokens a second and utilisation of one side."""
    if task == "train":
        rows = drawn(asked.size, asked.pairs * asked.steps, "train")[asked.pairs * warm :]
        flops = training_flops
    else:
        rows, flops = drawn(asked.size, asked.groups, "score") * (asked.steps - warm), forward_flops
    groups = [(len(r["prompt"]), [len(a) for a in r["responses"]]) for r in rows]
    seconds = sum(side.of("seconds", warm))
    utilisation = None if peak is None else round(flops(MODELS[asked.size], groups) / seconds / peak, 4)
    return {"tokens_per_second": round(useful_tokens(groups) / seconds), "utilisation": utilisation}


def main() -> None:
    """Runs both sides of both tasks and prints one JSON object as the last line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, usual in (("steps", 12), ("pairs", 16), ("groups", 16), ("tokens", 32_768)):
        parser.add_argument(f"--{name}", type=int, default=usual)
    parser.add_argument("--peak", type=float, default=None, help="FLOP/s, where the device's name is not known")
    parser.add_argument("--size", default="1b", choices=tuple(MODELS))
    parser.add_argument("--device", default="cuda", choices=("cuda", "cpu"))
    for name in ("side", "task", "work"):
        parser.add_argument(f"--{name}", default="")
    asked = parser.parse_args()
    if asked.side:
        side(asked)
        return
    import torch

    if asked.device == "cuda" and not torch.cuda.is_available():
        print("no GPU here: nothing was measured")
        print(
            json.dumps(
                {"name": "gpu", "ratio": None, "ratio_min": None, "ratio_max": None, "agree": None, "skipped": "no GPU"}
            )
        )
        return
    device = torch.cuda.get_device_name() if asked.device == "cuda" else "cpu"
    peak, warm = asked.peak or peak_of(device), min(WARM, asked.steps - 1)
    found: dict[str, dict[str, Side]] = {}
    with tempfile.TemporaryDirectory() as folder:
        make(Path(folder) / "model", asked.size)
        names = ("steps", "pairs", "groups", "tokens", "size", "device")
        given = [f"--{n}={getattr(asked, n)}" for n in names] + [f"--work={folder}"]
        for task in ("train", "score"):
            found[task] = in_turn(__file__, SIDES, asked.steps, f"--task={task}", *given)
    measured = {t: {n: figures(asked, t, s, warm, peak) for n, s in sides.items()} for t, sides in found.items()}
    losses = [s.steps[0]["loss"] for s in found["train"].values()]
    times = {t: [sides[n].of("seconds", warm) for n in ("trl", "ours")] for t, sides in found.items()}
    ratio, low, high = ratios(*times["train"])
    result = {
        "name": "gpu", "ratio": ratio, "ratio_min": low, "ratio_max": high, "agree": abs(losses[0] - losses[1]) <= AGREE,
        "unit": "tokens/s", "ratio_scoring": ratios(*times["score"])[0], "device": device, "peak_flops": peak, **measured,
        "first_losses": losses, "torch": torch.__version__, "steps": asked.steps, "size": asked.size,
    }  # fmt: skip
    print(json.dumps(result))


if __name__ == "__main__":
    main()
