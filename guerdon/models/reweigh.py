"""`models.reweigh`: fixed weights for the rewards of a trained mixture, from how well each fits a few labelled pairs (HyRe)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

import torch

from guerdon.core.build import spec_of
from guerdon.core.contracts import Fit
from guerdon.core.errors import SpecError
from guerdon.core.types import Sample
from guerdon.models.amend import amended, must_be_free
from guerdon.models.checkpoint import load_checkpoint
from guerdon.models.heads.routed import Routed, RoutedModule
from guerdon.models.output import locked
from guerdon.models.routing import losses, routed_checkpoint, usable


@dataclass(frozen=True)
class Reweigh(Fit):
    """Hypothesis reweighting: w_k ∝ exp(−Σ_i L_ik / temperature), L_ik = −log σ(Δ_k) of reward k on labelled pair i.

    The gate is replaced by these weights, the same for all prompts, so a model is made for each user or attribute whose pairs
    are at hand; nothing is trained. Where the init is an ensemble, each member has its own weights. init: a checkpoint with
    `models.heads.routed`, best trained with `mix = "ensemble"` · temperature: 1 is the posterior from an even prior.
    Raises SpecError for another head or a temperature not above 0; DataError where no pair is usable; OutputError.
    HyRe (arXiv 2412.08812), as MiCRo (arXiv 2505.24846) compares itself with it; the sum, not the mean, over pairs is [inferred].
    """

    init: Path
    temperature: float = 1.0
    device: str = "auto"

    def __post_init__(self) -> None:
        if not self.temperature > 0:
            raise SpecError(f"temperature is above 0, found {self.temperature}")

    @classmethod
    def example(cls) -> Self:
        return cls(init=Path("stage-1"))

    def fit(self, samples: Iterable[Sample], out: Path) -> Path:
        """Weighs the rewards and returns `out`, a checkpoint with a static mixture."""
        out = Path(out)
        checkpoint, head = routed_checkpoint(str(self.init), gated=False)
        with locked(out):
            must_be_free(out)
            groups, intake = usable(samples)
            scorer = load_checkpoint(self.init, device=self.device, cached=True)
            found = losses(scorer, head, groups)
            summed = (found.loss * found.weight[:, None]).sum(1)
            weights = (-summed / self.temperature).log_softmax(-1)
            static = replace(head, gate=(), gate_hidden=())
            modules = [without_gate(static, m.head, w.float()) for m, w in zip(scorer.members, weights, strict=True)]
            about = {
                "fit": spec_of(self), "data": {"samples": intake.samples, "pairs": int(found.loss.shape[1])},
                "result": {"weights": [[float(w) for w in row] for row in weights.exp()]},
            }  # fmt: skip
            width = checkpoint.width // len(head.positions) * len(head.read)
            return amended(replace(checkpoint, width=width), out, static, modules, about, device=self.device)


def without_gate(head: Routed, module: torch.nn.Module, log_weights: torch.Tensor) -> RoutedModule:
    """A static mixture [K] of the rewards of another module."""
    if not isinstance(module, RoutedModule):
        raise SpecError("there is no gate to replace")
    made = RoutedModule(head, module.cut)
    state = made.state_dict()
    for name, value in module.state_dict().items():
        if name.startswith("input."):
            state[name] = value[: module.cut]
        elif name == "score.weight":
            state[name] = value
    state["gate.weight"] = log_weights[:, None]
    made.load_state_dict(state)
    return made.to(module.score.weight.device).eval()
