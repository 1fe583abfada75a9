"""`models.heads.gated`: fixed linear objectives of the response, weighed by a gate that reads the prompt alone."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn

from guerdon.core.contracts import Head
from guerdon.core.errors import SpecError, closest
from guerdon.models.heads.routed import reads_prompt_alone
from guerdon.models.heads.scalar import layers
from guerdon.models.pooling import parse_read
from guerdon.models.standardise import Standardise


@dataclass(frozen=True)
class Gated(Head):
    """Gated objectives: R(x, y) = Σ_k g_k(x) r'_k(y), r' = r M, r = W z(y), g = scale · softmax(MLP(prompt)/temperature).

    W [K, H], its bias and M are fixed (no gradients): `models.gating` takes W from a linear probe (`models.probe`) and finds
    M = I − e_v λᵀ, which takes λ_k times the objective `verbosity` (v) from each other one; λ_v = 1, so that v itself is 0.
    Without `verbosity` M = I. Only the gate is trained: `gate_hidden` layers with ReLU and `gate_dropout`, with `standardise`
    on inputs less their mean and over their deviation; an empty `gate` learns one weighting for all prompts. `scale` is a learned
    number that starts at 1 (`learn_scale`). `read`: terms of z; `gate`: terms of the prompt (view `prompt:`).
    Outputs [N, 1 + 3K]: the reward, r_k by name, gate_<name> (not negative, their sum is the scale), coefficient_<name>:
    c = g Mᵀ, with R = Σ_k c_k r_k: the objectives of largest |c| explain a score, and are the same for all answers to a prompt.
    Raises SpecError for no or repeated names, a verbosity that is none of them, a temperature not above 0, a gate that reads
    more than the prompt, or a length feature.
    ArmoRM (arXiv 2406.12845): z at the last token, the gate at the end of the prompt, three hidden layers of 1024; dropout 0.2
    and temperature 10 are defaults of its script.
    """

    names: tuple[str, ...] = ("coherence", "verbosity")
    verbosity: str = ""
    read: tuple[str, ...] = ("last",)
    gate: tuple[str, ...] = ("prompt:last",)
    gate_hidden: tuple[int, ...] = (1024, 1024, 1024)
    gate_dropout: float = 0.2
    temperature: float = 10.0
    learn_scale: bool = True
    standardise: bool = False

    def __post_init__(self) -> None:
        if not self.names or len(set(self.names)) < len(self.names):
            raise SpecError(f"names are one or more different objectives, found {list(self.names)}")
        if self.verbosity and self.verbosity not in self.names:
            raise SpecError(f"verbosity: no '{self.verbosity}' among the names.{closest(self.verbosity, self.names)}")
        if any(h < 1 for h in self.gate_hidden) or not 0.0 <= self.gate_dropout < 1.0:
            raise SpecError("gate_hidden holds sizes of at least 1, and gate_dropout is at least 0 and below 1")
        if not self.temperature > 0:
            raise SpecError(f"temperature is above 0, found {self.temperature}")
        parse_read(self.read)
        reads_prompt_alone(self.read, self.gate)

    @classmethod
    def example(cls) -> Gated:
        return cls(gate_hidden=(8,), verbosity="verbosity")

    @property
    def positions(self) -> tuple[str, ...]:
        return (*self.read, *self.gate)

    @property
    def outputs(self) -> tuple[str, ...]:
        return ("reward", *self.names, *(f"gate_{n}" for n in self.names), *(f"coefficient_{n}" for n in self.names))

    def module(self, width: int) -> nn.Module:
        return GatedModule(self, width)


class GatedModule(nn.Module):
    """The torch module of a `Gated` head."""

    penalty: torch.Tensor

    def __init__(self, head: Gated, width: int) -> None:
        super().__init__()
        self.cut = width // len(head.positions) * len(head.read)
        self.temperature = head.temperature
        self.place = head.names.index(head.verbosity) if head.verbosity else None
        self.score = nn.Linear(self.cut, len(head.names))
        nn.init.normal_(self.score.weight, std=(self.cut + 1) ** -0.5)
        nn.init.zeros_(self.score.bias)
        self.score.requires_grad_(False)
        self.register_buffer("penalty", torch.zeros(len(head.names)))
        if self.place is not None:
            self.penalty[self.place] = 1.0
        self.input = Standardise(width - self.cut) if head.standardise and head.gate else nn.Identity()
        hidden = head.gate_hidden if head.gate else ()
        self.body, inner = layers(hidden, "relu", (0.0, head.gate_dropout), width - self.cut)
        self.gate = nn.Linear(max(inner, 1), len(head.names), bias=bool(head.gate))
        nn.init.zeros_(self.gate.weight)
        if self.gate.bias is not None:
            nn.init.zeros_(self.gate.bias)
        self.scale = nn.Parameter(torch.ones(()), requires_grad=head.learn_scale)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = x.to(self.score.weight.dtype)
        rewards, g = self.score(x[:, : self.cut]), x[:, self.cut :]
        logits = self.gate(self.body(self.input(g)) if g.shape[1] else g.new_ones(len(g), 1))
        weights = self.scale * (logits / self.temperature).softmax(-1)
        coefficients = weights
        if self.place is not None:
            taken = (weights * self.penalty).sum(-1, keepdim=True)
            coefficients = weights - taken * nn.functional.one_hot(
                torch.tensor(self.place, device=x.device), len(self.penalty)
            ).to(weights.dtype)
        return torch.cat([(coefficients * rewards).sum(-1, keepdim=True), rewards, weights, coefficients], dim=-1)
