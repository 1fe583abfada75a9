"""The trainer: a thin `transformers.Trainer` over groups, for frozen, LoRA and full tuning alike.

It changes only what groups need: the loss is the mean over all terms of the effective batch (so 8 × 1 and 1 × 8 take the
same path), batches are of similar length, evaluation reports the field's metrics, checkpoints hold what is trained.
FSDP, DeepSpeed, trackers, resuming and early stopping are the base class's own.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import save_file
from torch.nn.parallel import DistributedDataParallel
from transformers import Trainer

from guerdon.core.contracts import Head, Objective
from guerdon.core.errors import DataError, OutputError
from guerdon.models.batch import Batch
from guerdon.models.dataset import Groups, GroupSampler, Share, items
from guerdon.models.output import write_json
from guerdon.models.processes import largest, summed
from guerdon.models.resume import WEIGHTS, load_trained, trained_tensors
from guerdon.models.views import forward


class RewardTrainer(Trainer):
    """Trains a `RewardNetwork` on `Groups` with an `Objective`; `head_rate` is the head's own learning rate."""

    model: Any
    train_dataset: Any
    objective: Objective

    def __init__(self, *, objective: Objective, head: Head, head_rate: float | None = None, **rest: Any) -> None:
        self.objective, self.head, self.head_rate = objective, head, head_rate
        self.seen: dict[str, float] = defaultdict(float)
        self.step, self.under_way, self.kept = -1, list[Share](), dict[str, float]()  # of the step now made
        super().__init__(data_collator=self._collate, **rest)
        self.model_accepts_loss_kwargs = True  # our loss is already a mean over the whole effective batch
        self.loss_is_scaled_for_ga = True

    def _collate(self, picked: Sequence[tuple[Groups, int]]) -> dict[str, Share]:
        return {"share": Share(picked[0][0], [number for _, number in picked], self.head)}

    def training_step(self, model: Any, inputs: dict[str, Any], num_items_in_batch: Any = None) -> torch.Tensor:
        """Forward and backward part by part, so that memory is bounded by the token budget; gradients and loss add up to
        those of the whole micro-batch. Where memory runs out, the step is done anew, from its first micro-batch on, with
        half the budget."""
        share: Share = inputs["share"]
        if self.step != self.state.global_step:
            self.step, self.under_way, self.kept = self.state.global_step, [], dict(self.seen)
        self.under_way.append(share)

        def again() -> torch.Tensor:
            model.zero_grad()
            self.seen = defaultdict(float, self.kept)
            return [self._passes(model, s, num_items_in_batch) for s in self.under_way][-1]

        return share.data.memory.attempt(
            share.data.budget,
            lambda: self._passes(model, share, num_items_in_batch),
            again,
            alone=self.args.world_size == 1,
        )

    def _passes(self, model: Any, share: Share, count: Any) -> torch.Tensor:
        """Forward and backward of every part. Processes exchange gradients in the last one (sharded ones in each)."""
        state, syncs = self.accelerator.gradient_state, self.accelerator.gradient_state.sync_gradients
        parts, losses = share.evened(), []
        for number, (batch, counts) in enumerate(parts):
            last = number + 1 == len(parts)
            state._set_sync_gradients(syncs and last)  # DeepSpeed steps where it is set
            alone = isinstance(model, DistributedDataParallel) and not last
            with model.no_sync() if alone else nullcontext():
                losses.append(super().training_step(model, {"batch": batch, "counts": counts}, count))
        return torch.stack(losses).sum()

    def _multiple(self, size: int) -> int:
        """What the length of an order is a multiple of, so that all processes have as many batches."""
        return size * self.args.world_size if self.args.world_size > 1 else 1

    def _get_train_sampler(self, train_dataset: Any = None) -> GroupSampler:
        own = self.args.train_batch_size
        size = own * self.args.gradient_accumulation_steps * max(1, self.args.world_size)
        dataset = self.train_dataset if train_dataset is None else train_dataset
        return GroupSampler(dataset.lengths, size, self.args.seed, self._multiple(own), dataset.set_epoch)

    def _get_eval_sampler(self, eval_dataset: Any) -> GroupSampler:
        return GroupSampler(eval_dataset.lengths, 1, None, self._multiple(self.args.eval_batch_size))

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

    def _get_num_items_in_batch(self, batch_samples: list[dict[str, Share]], device: torch.device) -> torch.Tensor:
        """The terms of the effective batch, over all processes; they agree here on the passes of each micro-batch too."""
        shares = [picked["share"] for picked in batch_samples]
        count = torch.tensor(float(sum(items(self.objective, b) for s in shares for b in s.batches)), device=device)
        self._agree(shares)
        return self.accelerator.gather(count).sum() if self.args.world_size > 1 else count

    def _agree(self, shares: Sequence[Share]) -> None:
        for share, passes in zip(shares, largest([len(s.batches) for s in shares], self.args.device), strict=True):
            share.passes = max(1, passes)

    def compute_loss(
        self, model: Any, inputs: dict[str, Any], return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        """This micro-batch's share of the mean over the effective batch. NaN stops the run and saves the batch's ids."""
        batch = inputs["batch"].to(self.args.device)
        out, batch = forward(model, self.objective, batch)
        if not inputs.get("counts", True):
            return out.sum() * 0.0
        loss, logs = self.objective.loss(out, batch)
        if not torch.isfinite(loss):
            self._stop_at(batch, float(loss.detach()))
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
        if "loss" in logs:
            total = summed(self.seen)
            logs |= {k: v for k, v in means(total).items() if k != "loss"} if total else {}
            self.seen.clear()
        super().log(logs, start_time)

    @torch.no_grad()
    def evaluate(
        self, eval_dataset: Any = None, ignore_keys: Any = None, metric_key_prefix: str = "eval"
    ) -> dict[str, float]:
        """eval_loss, eval_accuracy, eval_margin, eval_mean_reward over all pairs and responses of the validation groups."""
        self.model.eval()
        total: dict[str, float] = defaultdict(float)
        for inputs in self.get_eval_dataloader(eval_dataset):
            share: Share = inputs["share"]
            self._agree([share])
            work = partial(self._measured, share)
            for name, value in share.data.memory.attempt(share.data.budget, work, alone=self.args.world_size == 1):
                total[name] += value
        total = summed(total)
        metrics = {f"{metric_key_prefix}_{k}": v for k, v in means(total).items()}
        if not math.isfinite(metrics[f"{metric_key_prefix}_loss"]):
            raise DataError(
                f"the validation loss is {metrics[f'{metric_key_prefix}_loss']} at step {self.state.global_step}"
            )
        self.log(dict(metrics))
        self.control = self.callback_handler.on_evaluate(self.args, self.state, self.control, metrics)
        return metrics

    def _measured(self, share: Share) -> list[tuple[str, float]]:
        """The parts of the metrics over one micro-batch of validation groups."""
        found: list[tuple[str, float]] = []
        for part, counts in share.evened():
            batch = part.to(self.args.device)
            out, batch = forward(self.model, self.objective, batch)
            if counts:
                loss, logs = self.objective.loss(out, batch)
                found += sums(loss, out, batch, items(self.objective, batch), logs).items()
        return found

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

    def gathered(self) -> dict[str, torch.Tensor] | None:
        """What was trained, whole, in the first process, where every process holds only a part (FSDP, DeepSpeed); else None."""
        if not (self.is_fsdp_enabled or self.is_deepspeed_enabled):
            return None
        return trained_tensors(self.accelerator.get_state_dict(self.model_wrapped)) or None

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: Any = None) -> None:
        load_trained(model or self.model, Path(resume_from_checkpoint) / WEIGHTS, sharded=self.is_fsdp_enabled)

    def _load_best_model(self) -> None:
        best = Path(str(self.state.best_model_checkpoint)) / WEIGHTS
        load_trained(self.model, best, sharded=self.is_fsdp_enabled)


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
