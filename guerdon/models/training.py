"""One training: arguments for the trainer, resume, early stopping, and the curve it leaves."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import EarlyStoppingCallback, PrinterCallback, TrainingArguments

from guerdon.core.contracts import Head, Objective
from guerdon.models.backbone import quiet
from guerdon.models.callbacks import Bar, StopAtStep
from guerdon.models.dataset import Groups
from guerdon.models.output import writing
from guerdon.models.processes import PATIENCE, decided, first, world
from guerdon.models.resume import last_whole_checkpoint
from guerdon.models.trainer import RewardTrainer

Curve = list[dict[str, float]]


@dataclass(frozen=True)
class Schedule:
    """How long and how fast: all that the trainer's arguments are made of."""

    learning_rate: float
    head_learning_rate: float | None
    weight_decay: float
    epochs: float
    batch_size: int
    gradient_accumulation: int
    warmup: float
    scheduler: str
    max_grad_norm: float
    early_stopping: int
    evaluations_per_epoch: float
    seed: int
    report_to: tuple[str, ...]
    bf16: bool
    cpu: bool

    def arguments(self, folder: Path, groups: int, validated: bool) -> TrainingArguments:
        """The trainer's arguments: evaluation, log and checkpoint together, `evaluations_per_epoch` times an epoch."""
        steps = math.ceil(groups / (self.batch_size * self.gradient_accumulation * world()))
        every = max(1, math.ceil(steps / self.evaluations_per_epoch))
        return TrainingArguments(
            output_dir=str(folder),
            learning_rate=self.learning_rate,
            weight_decay=self.weight_decay,
            num_train_epochs=self.epochs,
            per_device_train_batch_size=self.batch_size,
            per_device_eval_batch_size=max(self.batch_size, 8),
            gradient_accumulation_steps=self.gradient_accumulation,
            warmup_steps=self.warmup,
            lr_scheduler_type=self.scheduler,
            max_grad_norm=self.max_grad_norm,
            seed=self.seed,
            report_to=list(self.report_to) or "none",
            bf16=self.bf16,
            use_cpu=self.cpu,
            logging_steps=every,
            logging_nan_inf_filter=False,
            eval_strategy="steps" if validated else "no",
            eval_steps=every if validated else None,
            save_strategy="steps",
            save_steps=every,
            save_total_limit=2,
            load_best_model_at_end=validated,
            metric_for_best_model="loss" if validated else None,
            greater_is_better=False if validated else None,
            restore_callback_states_from_checkpoint=True,
            dataloader_pin_memory=not self.cpu,
            ddp_timeout=int(PATIENCE.total_seconds()),
            remove_unused_columns=False,
            disable_tqdm=True,
        )


def train(
    network: torch.nn.Module,
    objective: Objective,
    head: Head,
    data: tuple[Groups, Groups],
    schedule: Schedule,
    folder: Path,
    what: str,
) -> tuple[Curve, dict[str, torch.Tensor] | None]:
    """Trains in place (the best state by validation loss stays) and returns the curve; and, where the processes each hold a
    part of the network only, what was trained, whole, in the first of them. Resumes from what `folder` holds.

    Raises DataError on a NaN loss, OutputError when a checkpoint cannot be written, KeyboardInterrupt after Ctrl-C, when
    the state is saved.
    """
    training, validation = data
    stop = StopAtStep()
    callbacks: list[Any] = [*([Bar(what)] if first() else []), stop]
    if schedule.early_stopping and len(validation):
        callbacks.append(EarlyStoppingCallback(schedule.early_stopping))
    with writing(folder), quiet():
        folder.mkdir(parents=True, exist_ok=True)
        trainer = RewardTrainer(
            model=network,
            args=schedule.arguments(folder, len(training), len(validation) > 0),
            train_dataset=training,
            eval_dataset=validation if len(validation) else None,
            objective=objective,
            head=head,
            head_rate=schedule.head_learning_rate,
            callbacks=callbacks,
        )
        trainer.remove_callback(PrinterCallback)
        with stop.listening():
            trainer.train(resume_from_checkpoint=decided(lambda: last_whole_checkpoint(folder)))
        whole = trainer.gathered()
    network.eval()
    return curve(trainer.state.log_history), whole


def curve(history: Sequence[Mapping[str, float]]) -> Curve:
    """step, epoch, loss, accuracy, eval_loss, eval_accuracy … of every logged step, one row a step."""
    rows: dict[int, dict[str, float]] = {}
    kept = (
        "epoch",
        "loss",
        "accuracy",
        "learning_rate",
        "eval_loss",
        "eval_accuracy",
        "eval_margin",
        "eval_mean_reward",
    )
    for entry in history:
        step = int(entry["step"])
        found = {k: float(entry[k]) for k in kept if k in entry}
        if len(found) > 1:
            rows.setdefault(step, {"step": step}).update(found)
    return [rows[s] for s in sorted(rows)]


@contextmanager
def one_thread(wanted: bool) -> Iterator[None]:
    """One torch thread where only a small head is trained: as fast, and far faster when other programs use the cores."""
    before = torch.get_num_threads()
    torch.set_num_threads(1 if wanted else before)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def own_randomness(seed: int) -> Iterator[None]:
    """Seeds Python, numpy and torch, and gives the caller's states back at the end."""
    python, numbers = random.getstate(), np.random.get_state()
    with torch.random.fork_rng():
        random.seed(seed)
        np.random.seed(seed % 2**32)
        torch.manual_seed(seed)
        try:
            yield
        finally:
            random.setstate(python)
            np.random.set_state(numbers)
