"""A fit whose models are trained together, step by step, by an `Update`: the epochs, their curves, resuming after each.

Everything before and after (taking groups, encoding, features, evaluation, checkpoint, self-check) is `Fitting`'s.
"""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from transformers import Trainer, get_scheduler

from guerdon.core.errors import OutputError, SpecError
from guerdon.core.progress import Progress
from guerdon.core.types import Sample
from guerdon.models.backbone import LoadedBackbone
from guerdon.models.dataset import Groups, items
from guerdon.models.fitting import Fitting
from guerdon.models.learner import Learner
from guerdon.models.network import Reading, RewardNetwork
from guerdon.models.output import replacing, writing
from guerdon.models.prepare import Prepared, adapt
from guerdon.models.processes import world
from guerdon.models.resume import trained_tensors
from guerdon.models.trainer import means, sums
from guerdon.models.training import Curve, one_thread
from guerdon.models.tuning import save_backbone

STATE = "state.pt"


class Updating(Fitting):
    """A `Fitting` whose members learn side by side. `names` are the models' names in the update, one a member."""

    names: tuple[str, ...] = ("model",)

    def batches(self, learners: Mapping[str, Learner], epoch: int) -> Sequence[Sequence[Sample]]:
        """The batches of an epoch, from 0."""
        raise TypeError(f"{type(self).__name__} does not say what its batches are")

    def step(self, learners: Mapping[str, Learner], batch: Sequence[Sample], epoch: int) -> Mapping[str, float]:
        """One step of the update, and what to log."""
        raise TypeError(f"{type(self).__name__} does not say what its steps are")

    def record(self, learners: Mapping[str, Learner], batch: Sequence[Sample]) -> dict[str, Any] | None:
        """What to keep of a step beside the logs, for `steps/epoch-N.jsonl`."""
        return None

    def steps_an_epoch(self, data: Prepared) -> int:
        """How many batches an epoch has."""
        return math.ceil(len(data.training) / self.batch_size)

    @property
    def epochs(self) -> int:
        """Whole epochs; a part of one counts as one."""
        from guerdon.models.reward_model import USUAL

        return math.ceil(self.fit.epochs or USUAL[self.fit.tuning][1])

    @property
    def batch_size(self) -> int:
        """Groups a step."""
        from guerdon.models.reward_model import USUAL

        return (self.fit.batch_size or USUAL[self.fit.tuning][2]) * self.fit.gradient_accumulation

    def _members(
        self, backbone: LoadedBackbone, reading: Reading, data: Prepared
    ) -> tuple[list[RewardNetwork], Curve, LoadedBackbone]:
        if world() > 1:
            raise SpecError(f"{self.asked.use} trains its models side by side in one process, not in {world()}")
        learners = {}
        for i, name in enumerate(self.names):
            if i and self.fit.tuning != "frozen":
                backbone = self._backbone(i)
            network = self._network(i, backbone, reading)
            if self.start is None:
                adapt(network, data.training)
            learners[name] = self._learner(i, network, data)
        with one_thread(self.fit.tuning == "frozen"):
            curves = self._train(learners, data)
        for i, learner in enumerate(learners.values()):
            learner.network.eval()
            if self.fit.tuning != "frozen":
                name = "adapter" if self.fit.tuning == "lora" else "backbone"
                with writing(self.out):
                    save_backbone(learner.network.backbone, backbone, self.out / f"{name}-{i}", self.fit.tuning)
        return [learner.network for learner in learners.values()], curves, backbone

    def _learner(self, i: int, network: RewardNetwork, data: Prepared) -> Learner:
        fit = self.fit
        steps = self.steps_an_epoch(data) * self.epochs
        warmup = fit.warmup * steps if fit.warmup < 1 else fit.warmup
        optimizer = self._optimizer(network)
        return Learner(
            network, fit.head, fit.objective, data.training, optimizer, seed=fit.seed + i, max_grad_norm=fit.max_grad_norm,
            schedule=get_scheduler(fit.scheduler, optimizer, math.ceil(warmup), steps),
            bf16=fit.dtype == "bfloat16" and fit.tuning != "frozen",
        )  # fmt: skip

    def _optimizer(self, network: RewardNetwork) -> torch.optim.Optimizer:
        """AdamW as the trainer's: no decay of biases and norms, the head at its own rate where it has one."""
        from guerdon.models.reward_model import USUAL

        fit = self.fit
        rate = fit.learning_rate or USUAL[fit.tuning][0]
        decayed = set(Trainer.get_decay_parameter_names(None, network))  # type: ignore[arg-type]
        groups: dict[tuple[bool, bool], list[torch.nn.Parameter]] = defaultdict(list)
        for name, parameter in network.named_parameters():
            if parameter.requires_grad:
                groups[name in decayed, name.startswith("head.")].append(parameter)
        return torch.optim.AdamW(
            [
                {"params": p, "weight_decay": fit.weight_decay * decay, "lr": head and fit.head_learning_rate or rate}
                for (decay, head), p in groups.items()
            ],
            lr=rate,
        )

    def _train(self, learners: Mapping[str, Learner], data: Prepared) -> Curve:
        curves, begin = self._resume(learners)
        total = self.steps_an_epoch(data) * self.epochs
        with Progress(f"training {' and '.join(self.names)}", total, "steps") as bar:
            bar.resume(begin * self.steps_an_epoch(data))
            for epoch in range(begin, self.epochs):
                seen: dict[str, float] = defaultdict(float)
                told: dict[str, int] = defaultdict(int)
                lines: list[dict[str, Any]] = []
                for batch in self.batches(learners, epoch):
                    for name, value in self.step(learners, batch, epoch).items():
                        seen[name] += value
                        told[name] += 1
                    if (line := self.record(learners, batch)) is not None:
                        lines.append({"step": next(iter(learners.values())).steps, **line})
                    bar.advance(1)
                steps = max(learner.steps for learner in learners.values())
                row = {"step": steps, "epoch": epoch + 1.0, **{n: v / told[n] for n, v in seen.items()}}
                curves.append(row | self._evaluated(learners, data.validation, row))
                self._mark(learners, curves, epoch, lines)
        return curves

    def _evaluated(self, learners: Mapping[str, Learner], groups: Groups, row: Mapping[str, float]) -> dict[str, float]:
        """Validation figures by model where there are several, and their means, the loss among them."""
        if len(learners) == 1:
            return evaluated(next(iter(learners.values())), groups)
        each = {name: evaluated(learner, groups) for name, learner in learners.items()}
        found = {f"{k}_{name}": v for name, figures in each.items() for k, v in figures.items()}
        both = {**row, **found}
        wanted = ("loss", *next(iter(each.values())))
        shown = {k: [both[f"{k}_{name}"] for name in learners if f"{k}_{name}" in both] for k in wanted}
        return found | {k: sum(v) / len(v) for k, v in shown.items() if v}

    def _mark(self, learners: Mapping[str, Learner], curves: Curve, epoch: int, lines: Sequence[Any]) -> None:
        """Keeps the state after an epoch, which a later call of the same fit goes on from."""
        if lines:
            place = self.out / "steps"
            place.mkdir(parents=True, exist_ok=True)
            with replacing(place / f"epoch-{epoch}.jsonl") as aside:
                aside.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
        states = {n: {**m.state(), "tensors": trained_tensors(m.network)} for n, m in learners.items()}
        with replacing(self.work / STATE) as aside:
            try:
                torch.save({"epoch": epoch + 1, "curves": curves, "models": states}, aside)
            except RuntimeError as error:  # torch tells a full disk so
                reason = str(error).splitlines()[0]
                raise OutputError(f"{self.work}: the training state cannot be written: {reason}") from error

    def _resume(self, learners: Mapping[str, Learner]) -> tuple[Curve, int]:
        place = self.work / STATE
        if not place.is_file():
            return [], 0
        found = torch.load(place, map_location="cpu", weights_only=True)
        for name, learner in learners.items():
            state = found["models"][name]
            learner.network.load_state_dict(state["tensors"], strict=False)
            learner.restore(state)
        return list(found["curves"]), int(found["epoch"])

    def _save(self, *given: Any) -> None:
        super()._save(*given)
        (self.work / STATE).unlink(missing_ok=True)


@torch.no_grad()
def evaluated(learner: Learner, groups: Groups) -> dict[str, float]:
    """eval_loss, eval_accuracy, eval_margin and eval_mean_reward of one model on the validation groups; none without any."""
    total: dict[str, float] = defaultdict(float)
    learner.network.eval()
    for begin in range(0, len(groups), 64):
        batch = groups.batch(range(begin, min(begin + 64, len(groups))), learner.head).to(learner.device)
        out = learner.network(batch.inputs)
        loss, logs = learner.objective.loss(out, batch)
        for name, value in sums(loss, out, batch, items(learner.objective, batch), logs).items():
            total[name] += value
    return {f"eval_{k}": v for k, v in means(total).items()} if total else {}
