"""The trainer: a thin `transformers.Trainer` over groups, for frozen, LoRA and full tuning alike.

It changes only what groups need: the loss is the mean over all terms of the effective batch (so 8 × 1 and 1 × 8 take the
same path), batches are of similar length, evaluation reports the field's metrics, checkpoints hold what is trained.
FSDP, DeepSpeed, trackers, resuming and early stopping are the base class's own.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import save_file
from transformers import Trainer

from guerdon.core.contracts import Head, Objective
from guerdon.core.errors import DataError, OutputError
from guerdon.core.types import Sample
from guerdon.models.batch import Batch
from guerdon.models.collate import batches_of
from guerdon.models.output import write_json
from guerdon.models.resume import WEIGHTS, load_trained, trained_tensors

ReadInputs = Callable[[Sequence[int]], Any]  # numbers of groups → what the network reads


class Groups(torch.utils.data.Dataset[tuple["Groups", int]]):
    """Groups by number, their lengths, and how their inputs are read; the collator turns numbers into Batches. Where `costs`
    says how many tokens of each group go through the model, a Batch has at most `budget` (a group alone may have more)."""

    def __init__(
        self,
        groups: Sequence[Sample],
        lengths: Sequence[int],
        read: ReadInputs,
        costs: Sequence[int] = (),
        budget: int = 0,
    ) -> None:
        self.groups, self.lengths, self.read = groups, lengths, read
        self.costs, self.budget = costs, budget

    def __len__(self) -> int:
        return len(self.groups)

    def __getitem__(self, number: int) -> tuple[Groups, int]:
        return self, number

    def set_epoch(self, epoch: int) -> None:
        """Told before each epoch, for groups that are read differently from one to the next; these are not."""

    def parts(self, numbers: Sequence[int]) -> list[list[int]]:
        """The groups, in order, in parts within the budget."""
        made: list[list[int]] = []
        filled = 0
        for number in numbers:
            cost = self.costs[number] if self.costs else 0
            if made and filled + cost <= self.budget:
                made[-1].append(number)
                filled += cost
            else:
                made.append([number])
                filled = cost
        return made

    def batch(self, numbers: Sequence[int], head: Head) -> Batch:
        """The batch of these groups, compared as the head compares."""
        made = Batch.of([self.groups[n] for n in numbers], self.read(numbers))
        return replace(made, compare=head.compare, outputs=head.outputs, scalar=head.scalar)


class GroupSampler(torch.utils.data.Sampler[int]):
    """The order of `batches_of`, anew each epoch, the same for the same seed; `begin` is told the epoch."""

    def __init__(
        self, lengths: Sequence[int], size: int, seed: int, begin: Callable[[int], None] = lambda epoch: None
    ) -> None:
        self.lengths, self.size, self.seed, self.begin, self.epoch = lengths, size, seed, begin, 0

    def __len__(self) -> int:
        return len(self.lengths)

    def set_epoch(self, epoch: int) -> None:
        self.epoch = epoch

    def __iter__(self) -> Iterator[int]:
        self.begin(self.epoch)
        return iter(batches_of(self.lengths, self.size, self.seed, self.epoch))


class RewardTrainer(Trainer):
    """Trains a `RewardNetwork` on `Groups` with an `Objective`; `head_rate` is the head's own learning rate."""

    model: Any
    train_dataset: Any
    objective: Objective

    def __init__(self, *, objective: Objective, head: Head, head_rate: float | None = None, **rest: Any) -> None:
        self.objective, self.head, self.head_rate = objective, head, head_rate
        self.seen: dict[str, float] = defaultdict(float)
        super().__init__(data_collator=self._collate, **rest)
        self.model_accepts_loss_kwargs = True  # our loss is already a mean over the whole effective batch
        self.loss_is_scaled_for_ga = True

    def _collate(self, picked: Sequence[tuple[Groups, int]]) -> dict[str, list[Batch]]:
        data, numbers = picked[0][0], [number for _, number in picked]
        whole = self.args.world_size > 1  # processes meet in every backward pass, so each has the same number of them
        return {"batches": [data.batch(n, self.head) for n in ([numbers] if whole else data.parts(numbers))]}

    def training_step(self, model: Any, inputs: dict[str, Any], num_items_in_batch: Any = None) -> torch.Tensor:
        """Forward and backward part by part, so that memory is bounded by the token budget; gradients and loss add up to
        those of the whole micro-batch."""
        losses = [
            super(RewardTrainer, self).training_step(model, {"batch": b}, num_items_in_batch) for b in inputs["batches"]
        ]
        return torch.stack(losses).sum()

    def _get_train_sampler(self, train_dataset: Any = None) -> GroupSampler:
        size = self.args.train_batch_size * self.args.gradient_accumulation_steps * max(1, self.args.world_size)
        dataset = self.train_dataset if train_dataset is None else train_dataset
        return GroupSampler(dataset.lengths, size, self.args.seed, dataset.set_epoch)

    def create_optimizer(self, model: Any = None) -> torch.optim.Optimizer:
        """The base class's groups, the head's parameters apart where they have a learning rate of their own."""
        if self.optimizer is None and self.head_rate is not None:
            named = [(n, p) for n, p in self.model.named_parameters() if p.requires_grad]
            decayed = set(self.get_decay_parameter_names(self.model))
            split: dict[tuple[bool, bool], list[torch.nn.Parameter]] = defaultdict(list)
            for name, parameter in named:
                split[name in decayed, name.startswith("head.")].append(parameter)
            rates = {True: self.head_rate, False: self.args.learning_rate}
            kind, options = self.get_optimizer_cls_and_kwargs(self.args, self.model)
            groups = [
                {"params": p, "weight_decay": self.args.weight_decay if decay else 0.0, "lr": rates[head]}
                for (decay, head), p in split.items()
            ]
            self.optimizer = kind(groups, **options)
        return super().create_optimizer(model)

    def _get_num_items_in_batch(
        self, batch_samples: list[dict[str, list[Batch]]], device: torch.device
    ) -> torch.Tensor:
        counts = [items(self.objective, b) for picked in batch_samples for b in picked["batches"]]
        count = torch.tensor(float(sum(counts)), device=device)
        return self.accelerator.gather(count).sum() if self.args.world_size > 1 else count

    def compute_loss(
        self, model: Any, inputs: dict[str, Any], return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        """This micro-batch's share of the mean over the effective batch. NaN stops the run and saves the batch's ids."""
        batch = inputs["batch"].to(self.args.device)
        out, batch = outputs(model, self.objective, batch)
        loss, logs = self.objective.loss(out, batch)
        if not torch.isfinite(loss):
            self._stop_at(batch, float(loss))
        self._note(loss, out, batch, logs)
        if num_items_in_batch is not None:
            share = items(self.objective, batch) / max(float(num_items_in_batch), 1.0)
            loss = loss * share * max(1, self.args.world_size)
        return (loss, out) if return_outputs else loss

    def _stop_at(self, batch: Batch, loss: float) -> None:
        place = Path(str(self.args.output_dir)) / "bad_batch.json"
        write_json(place, {"step": self.state.global_step, "loss": str(loss), "ids": list(batch.ids)})
        raise DataError(f"the loss is {loss} at step {self.state.global_step}; the ids of its batch are in {place}")

    def _note(self, loss: torch.Tensor, out: torch.Tensor, batch: Batch, logs: Mapping[str, float]) -> None:
        for name, value in sums(loss.detach(), out.detach(), batch, items(self.objective, batch), logs).items():
            self.seen[name] += value

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        """Adds accuracy, margin and mean_reward since the last log to what the base class logs while training."""
        if "loss" in logs and self.seen:
            logs |= {k: v for k, v in means(self.seen).items() if k != "loss"}
            self.seen.clear()
        super().log(logs, start_time)

    @torch.no_grad()
    def evaluate(
        self, eval_dataset: Any = None, ignore_keys: Any = None, metric_key_prefix: str = "eval"
    ) -> dict[str, float]:
        """eval_loss, eval_accuracy, eval_margin, eval_mean_reward over all pairs and responses of the validation groups."""
        self.model.eval()
        total: dict[str, float] = defaultdict(float)
        for part in (b for inputs in self.get_eval_dataloader(eval_dataset) for b in inputs["batches"]):
            batch = part.to(self.args.device)
            out, batch = outputs(self.model, self.objective, batch)
            loss, logs = self.objective.loss(out, batch)
            for name, value in sums(loss, out, batch, items(self.objective, batch), logs).items():
                total[name] += value
        if self.args.world_size > 1:
            names = sorted(total)
            summed = self.accelerator.reduce(torch.tensor([total[n] for n in names], device=self.args.device), "sum")
            total = dict(zip(names, summed.tolist(), strict=True))
        metrics = {f"{metric_key_prefix}_{k}": v for k, v in means(total).items()}
        if not math.isfinite(metrics[f"{metric_key_prefix}_loss"]):
            raise DataError(
                f"the validation loss is {metrics[f'{metric_key_prefix}_loss']} at step {self.state.global_step}"
            )
        self.log(dict(metrics))
        self.control = self.callback_handler.on_evaluate(self.args, self.state, self.control, metrics)
        return metrics

    def _save_checkpoint(self, model: Any, trial: Any) -> None:
        """As the base class; a full disk is an OutputError (torch tells it as a RuntimeError of its archive writer)."""
        try:
            super()._save_checkpoint(model, trial)
        except (OSError, SafetensorError, RuntimeError) as error:
            reason = str(error).splitlines()[0]
            raise OutputError(
                f"{self.args.output_dir}: the training state cannot be written (is the disk full?): {reason}"
            ) from error

    def _save(self, output_dir: str | None = None, state_dict: Any = None) -> None:
        if self.args.should_save:
            folder = Path(str(output_dir or self.args.output_dir))
            folder.mkdir(parents=True, exist_ok=True)
            save_file(trained_tensors(self.model if state_dict is None else state_dict), folder / WEIGHTS)

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: Any = None) -> None:
        load_trained(model or self.model, Path(resume_from_checkpoint) / WEIGHTS)

    def _load_best_model(self) -> None:
        load_trained(self.model, Path(str(self.state.best_model_checkpoint)) / WEIGHTS)


def outputs(model: Any, objective: Objective, batch: Batch) -> tuple[torch.Tensor, Batch]:
    """What a network makes of a batch; the batch with the loss on its tokens, where the objective asks for it."""
    if not objective.tokens:
        return model(batch.inputs), batch
    out, nll = model(batch.inputs, tokens=True)
    return out, replace(batch, nll=nll)


def items(objective: Objective, batch: Batch) -> int:
    """The number of terms an objective's mean is over: its own `items(batch)`, else the responses."""
    counted = getattr(objective, "items", None)
    return int(counted(batch)) if counted is not None else len(batch.group)


def sums(
    loss: torch.Tensor, out: torch.Tensor, batch: Batch, count: int, logs: Mapping[str, float]
) -> dict[str, float]:
    """Additive parts of the metrics of one batch, so that batches and processes can be summed. Ties count in no accuracy."""
    kept = batch.decided
    margins = batch.margins(out)[kept].float() if len(kept) else out.new_zeros(0)
    return {
        "loss": float(loss) * count, "items": float(count),
        "right": float((margins > 0).sum()), "margin": float(margins.sum()), "pairs": float(len(kept)),
        "reward": float(out[:, 0].float().sum()), "responses": float(len(out)),
        **{f"log_{k}": float(v) * count for k, v in logs.items() if k != "ties"}, "ties": float(logs.get("ties", 0.0)),
    }  # fmt: skip


def means(total: Mapping[str, float]) -> dict[str, float]:
    """Metrics from summed parts. Equal scores count as wrong."""
    pairs, count = max(total["pairs"], 1.0), max(total["items"], 1.0)
    found = {"loss": total["loss"] / count, "mean_reward": total["reward"] / max(total["responses"], 1.0)}
    if total["pairs"]:
        found |= {"accuracy": total["right"] / pairs, "margin": total["margin"] / pairs}
    return found | {k.removeprefix("log_"): v / count for k, v in total.items() if k.startswith("log_")}
