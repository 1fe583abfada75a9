"""`models.hedge`: teaches the gate of a trained mixture which rewards a context asks for, from a few pairs (Hedge)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import torch

from guerdon.core.build import spec_of
from guerdon.core.contracts import Fit
from guerdon.core.errors import DataError, SpecError
from guerdon.core.progress import Progress
from guerdon.core.types import Sample
from guerdon.data.context import in_context
from guerdon.models.amend import amended, must_be_free
from guerdon.models.checkpoint import load_checkpoint
from guerdon.models.groups import Intake
from guerdon.models.heads.routed import RoutedModule
from guerdon.models.output import locked
from guerdon.models.routing import Losses, losses, prompt_rows, routed_checkpoint, usable


@dataclass(frozen=True)
class Hedge(Fit):
    """Hedge update of a router: minimise Σ_k f_k(x, c) L_k + τ·KL(f ‖ ω) over f alone, the rewards frozen.

    L_k = −log σ(r_k(x, y_w) − r_k(x, y_l)); c: the words of `context[field]`, put before the prompt for the gate
    (`guerdon.data.context`). ω: the router as it stands. Once an epoch the closed-form target is computed in log-space,
    log ω*_k = log f_k − L_k/τ − log Σ_j f_j exp(−L_j/τ), and kept fixed within the epoch, in which the router follows it
    by the cross-entropy −Σ_k ω*_k log f_k (AdamW). τ → ∞ leaves f as it is, τ → 0 is one-hot on the best reward.

    init: a checkpoint with `models.heads.routed` · context: the field · tau: 1e-3 in the paper (HelpSteer2), 1e-4 for RPR ·
    heads_read_context: whether the rewards too are computed behind the context [inferred: no; their inputs are x and y] ·
    learning_rate: that of stage 1 [inferred]; no weight decay [inferred]. Score with
    `rewards.compose.in_context`, which reads both texts as they were trained, or put the context into the prompts.
    Samples without the context are left out and counted. Raises SpecError for another head or a static mixture, a tau or
    rate not above 0; DataError where no pair is left; OutputError for a folder in use.
    MiCRo (arXiv 2505.24846): batch 32, 10 epochs, 50 pairs an attribute. What of the text the router reads is [inferred]: the
    gate's own terms, of context and prompt. The released code has no such stage.
    """

    init: Path
    context: str = "criterion"
    tau: float = 1e-3
    epochs: int = 10
    batch_size: int = 32
    learning_rate: float = 2e-3
    heads_read_context: bool = False
    seed: int = 0
    device: str = "auto"

    def __post_init__(self) -> None:
        for name in ("tau", "epochs", "batch_size", "learning_rate"):
            if not getattr(self, name) > 0:
                raise SpecError(f"{name} is above 0, found {getattr(self, name)}")
        if not self.context:
            raise SpecError("context names a field of the samples' context, such as criterion")

    @classmethod
    def example(cls) -> Self:
        return cls(init=Path("stage-1"))

    def fit(self, samples: Iterable[Sample], out: Path) -> Path:
        """Trains the gate and returns `out`, a checkpoint like `init`."""
        out = Path(out)
        checkpoint, head = routed_checkpoint(str(self.init), gated=True)
        with locked(out):
            must_be_free(out)
            groups, intake = usable(samples)
            plain, asked = self._asked(groups, intake)
            scorer = load_checkpoint(self.init, device=self.device, cached=True)
            found = losses(scorer, head, asked if self.heads_read_context else plain)
            curves: list[dict[str, Any]] = []
            for i, member in enumerate(scorer.members):
                if not isinstance(member.head, RoutedModule):
                    raise SpecError(f"init: {self.init} has no gate to train")
                rows = prompt_rows(scorer, member, head.gate, asked)
                curve = self._train(i, member.head, rows, found)
                curves += [{"member": i, **row} for row in curve] if len(scorer.members) > 1 else curve
            data = {"samples": intake.samples, "pairs": int(found.loss.shape[1]), "left_out": dict(intake.left_out)}
            about = {"fit": spec_of(self), "seed": self.seed, "data": {**data, "left_out_lines": intake.lines()}}
            modules = [m.head for m in scorer.members]
            return amended(checkpoint, out, head, modules, about, curves=curves, device=self.device)

    def _asked(self, groups: list[Sample], intake: Intake) -> tuple[list[Sample], list[Sample]]:
        """The samples that have the context, without and with it before the prompt."""
        plain, asked = [], []
        for sample in groups:
            try:
                asked.append(in_context(sample, self.context))
                plain.append(sample)
            except DataError:
                intake.leave_out("lacking", sample.id)
        if not plain:
            raise DataError(f"no sample has a context.{self.context}", field=f"context.{self.context}")
        return plain, asked

    def _train(self, number: int, module: RoutedModule, rows: torch.Tensor, found: Losses) -> list[dict[str, Any]]:
        """The epochs of one member; `rows` are the gate's inputs, a row a sample."""
        device = module.score.weight.device
        loss, weight = found.loss[number].float().to(device), found.weight.float().to(device)
        inputs = rows.to(device)[found.group.to(device)]
        trained = [p for part in (module.body, module.gate) for p in part.parameters()]
        optimiser = torch.optim.AdamW(trained, lr=self.learning_rate, weight_decay=0.0)
        order = torch.Generator().manual_seed(self.seed + number)
        module.eval()
        curve: list[dict[str, Any]] = []
        with Progress("routing", self.epochs, "epochs") as bar:
            for epoch in range(1, self.epochs + 1):
                with torch.no_grad():
                    target = hedge(module.log_gate(inputs), loss, self.tau).exp()
                total = 0.0
                for batch in torch.split(torch.randperm(len(loss), generator=order).to(device), self.batch_size):
                    entropy = -(target[batch] * module.log_gate(inputs[batch])).sum(-1)
                    value = (weight[batch] * entropy).mean()
                    optimiser.zero_grad()
                    value.backward()  # type: ignore[no-untyped-call]
                    optimiser.step()
                    total += float(value.detach()) * len(batch)
                steps = epoch * -(-len(loss) // self.batch_size)
                curve.append({"step": steps, "epoch": float(epoch), "loss": total / len(loss)})
                bar.advance(1)
        return curve


def hedge(log_gate: torch.Tensor, loss: torch.Tensor, tau: float) -> torch.Tensor:
    """log ω* [N, K] = log_softmax(log f − L/τ), of log f and L [N, K]: Σ_k f_k L_k + τ·KL(f ‖ ω) is least there."""
    return (log_gate - loss / tau).log_softmax(-1)
