"""`models.heads.routed`: several linear rewards of the response, mixed by a gate that reads the prompt alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import nn
from torch.nn.functional import logsigmoid

from guerdon.core.contracts import Head
from guerdon.core.errors import SpecError
from guerdon.models.heads.scalar import Activation, layers
from guerdon.models.pooling import parse_read
from guerdon.models.standardise import Standardise

PENALTIES = ("orthogonality", "unit_norm", "correlation")  # of the rewards' weight vectors, as columns of the outputs


@dataclass(frozen=True)
class Routed(Head):
    """A prompt-gated mixture of rewards: r(x, y) = Σ_k p_k(x) r_k(y), p = softmax(G φ(g(x))), r_k(y) = w_k · z(y).

    z [N, ·] are the terms of `read` side by side, g [N, ·] those of `gate`, with `standardise` less their mean and over their
    deviation on the training responses (buffers, never trained); `input_dropout` acts on both. φ: `gate_hidden` layers, or the
    identity. An empty `gate` gives a static mixture, its p learned and the same for all prompts. `parts` names the K rewards.
    Outputs [N, 1 + 2K (+ 3)]: the reward, r_k, log p_k, and with `penalties` three numbers of the weights w that an objective
    may add: Σ_{i<j} |w_i·w_j|, mean |‖w_i‖ − 1|, Σ_{i<j} |corr(w_i, w_j)|.
    `compares` "reward": log-odds r(x, y_i) − r(x, y_j); "mixture": those of P(y_i ≻ y_j) = Σ_k p_k σ(r_k(y_i) − r_k(y_j)), of which
    judgements then carry the margins. The gate's last layer starts at 0, an even gate; w at N(0, init_std²), None: 1/(width+1).
    init_std = 0 is for parts that labels tell apart; K parts without labels (`models.objectives.mixture_bradley_terry`) need a
    random start, or they stay alike. Where annotators were given different instructions (be helpful, be harmless), one scalar
    must average over contradicting labels; the mixture need not.
    `gate` may only read the prompt (view `prompt:`): a gate that saw the response could tell the preferred one.
    Raises SpecError for no or repeated parts, a gate that reads more than the prompt, hidden layers of no gate, a length feature.
    MiCRo (arXiv 2505.24846): bias-free rewards on the last token, a gate at the prompt's end with one hidden layer of 128
    (paper; its activation is [inferred]) or linear (its released code). Gated objectives: ArmoRM (arXiv 2406.12845).
    """

    parts: tuple[str, ...] = ("helpful", "harmless")
    read: tuple[str, ...] = ("response:mean",)
    gate: tuple[str, ...] = ("prompt:mean",)
    input_dropout: float = 0.0
    standardise: bool = True
    gate_hidden: tuple[int, ...] = ()
    gate_activation: Activation = "relu"
    init_std: float | None = 0.0
    compares: Literal["reward", "mixture"] = "reward"
    penalties: bool = False

    def __post_init__(self) -> None:
        if not self.parts or len(set(self.parts)) < len(self.parts):
            raise SpecError(f"parts names one or more different rewards, found {list(self.parts)}")
        if not 0.0 <= self.input_dropout < 1.0:
            raise SpecError(f"input_dropout is at least 0 and below 1, found {self.input_dropout}")
        if any(h < 1 for h in self.gate_hidden) or (self.gate_hidden and not self.gate):
            raise SpecError("gate_hidden holds sizes of at least 1, and none where gate is empty")
        if self.init_std is not None and self.init_std < 0:
            raise SpecError(f"init_std is not negative, found {self.init_std}")
        reads_prompt_alone(self.read, self.gate)

    @property
    def positions(self) -> tuple[str, ...]:
        return (*self.read, *self.gate)

    @property
    def outputs(self) -> tuple[str, ...]:
        return ("reward", *self.parts, *(f"log_gate_{p}" for p in self.parts), *(PENALTIES if self.penalties else ()))

    @property
    def margins(self) -> bool:
        return self.compares == "mixture"

    def module(self, width: int) -> nn.Module:
        return RoutedModule(self, width)

    def compare(self, out: torch.Tensor, pairs: torch.Tensor) -> torch.Tensor:
        """Log-odds [P] that the first of each pair wins."""
        if self.compares == "reward":
            return super().compare(out, pairs)
        won, lost = mixture(out, pairs, len(self.parts))
        return won - lost


def reads_prompt_alone(read: tuple[str, ...], gate: tuple[str, ...]) -> None:
    """Raises SpecError for lengths, and for a gate that reads more than the prompt."""
    terms = (*parse_read(read), *(parse_read(gate) if gate else ()))
    for number, (text, term) in enumerate(zip((*read, *gate), terms, strict=True)):
        features = [f for f in (term.left, term.right) if f is not None]
        if any(f.position == "log_length" for f in features):
            raise SpecError(f"'{text}': a gated head reads states of one width, no lengths")
        if number >= len(read) and any(f.view != "prompt" for f in features):
            raise SpecError(f"gate reads the prompt alone (prompt:…), found '{text}'")


def mixture(out: torch.Tensor, pairs: torch.Tensor, parts: int) -> tuple[torch.Tensor, torch.Tensor]:
    """(log P(first ≻ second), log P(second ≻ first)) [P], P = Σ_k p_k σ(Δ_k), in log-space, of outputs with so many parts.

    The responses of a prompt share p; where two outputs differ in it after all, their log p is averaged.
    """
    delta = (out[pairs[:, 0]] - out[pairs[:, 1]])[:, 1 : 1 + parts]
    gate = log_gate(out, pairs, parts)
    return (gate + logsigmoid(delta)).logsumexp(-1), (gate + logsigmoid(-delta)).logsumexp(-1)


def log_gate(out: torch.Tensor, pairs: torch.Tensor, parts: int) -> torch.Tensor:
    """log p [P, K] of each pair's prompt, the mean over its two outputs (which share it)."""
    return (out[pairs[:, 0]] + out[pairs[:, 1]])[:, 1 + parts : 1 + 2 * parts] / 2


class RoutedModule(nn.Module):
    """The torch module of a `Routed` head."""

    def __init__(self, head: Routed, width: int) -> None:
        super().__init__()
        self.cut = width // len(head.positions) * len(head.read)
        self.penalties = head.penalties
        self.input = Standardise(width) if head.standardise else nn.Identity()
        self.dropout = nn.Dropout(head.input_dropout)
        self.score = nn.Linear(self.cut, len(head.parts), bias=False)  # a bias cancels in differences
        self.body, inner = layers(head.gate_hidden, head.gate_activation, (0.0, 0.0), width - self.cut)
        self.gate = nn.Linear(max(inner, 1), len(head.parts), bias=bool(head.gate))  # static: weights of a constant 1
        nn.init.normal_(self.score.weight, std=(self.cut + 1) ** -0.5 if head.init_std is None else head.init_std)
        for parameter in self.gate.parameters():
            nn.init.zeros_(parameter)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.dropout(self.input(x.to(self.score.weight.dtype)))
        rewards, log_gate = self.score(x[:, : self.cut]), self._log_gate(x[:, self.cut :])
        extra = [self._penalties().expand(len(x), -1)] if self.penalties else []
        return torch.cat([(log_gate.exp() * rewards).sum(-1, keepdim=True), rewards, log_gate, *extra], dim=-1)

    def log_gate(self, g: torch.Tensor) -> torch.Tensor:
        """log p [N, K] of the gate's own terms g [N, ·], as they are read."""
        whole = torch.cat([g.new_zeros(len(g), self.cut), g], -1).to(self.score.weight.dtype)
        return self._log_gate(self.input(whole)[:, self.cut :])

    def _log_gate(self, g: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = self.gate(self.body(g) if g.shape[1] else g.new_ones(len(g), 1))
        return found.log_softmax(-1)

    def _penalties(self) -> torch.Tensor:
        w = self.score.weight
        above = torch.triu(torch.ones(len(w), len(w), device=w.device), diagonal=1)
        centred = w - w.mean(1, keepdim=True)
        unit = centred / centred.norm(dim=1, keepdim=True).clamp(min=1e-12)
        norms = w.norm(dim=1)
        return torch.stack(
            [((w @ w.T).abs() * above).sum(), (norms - 1).abs().mean(), ((unit @ unit.T).abs() * above).sum()]
        )
