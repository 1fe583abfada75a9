"""`models.heads.geometric_projection`: one score a quality, read along its own axis from the prompt's state to the response's."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Self

import torch
from torch import nn
from torch.nn.functional import normalize

from guerdon.core.contracts import Head
from guerdon.core.errors import SpecError
from guerdon.models.batch import Batch
from guerdon.models.dimensions import supervised
from guerdon.models.pooling import parse_read
from guerdon.models.running import RunningStandardise
from guerdon.models.standardise import Standardise

RHO, OFF_AXIS, Z = "_rho", "_off_axis", "_z"


@dataclass(frozen=True)
class GeometricProjection(Head):
    """Scores of K dimensions: s_k = ⟨v_k, a_k⟩ = ρ_k cos θ_k with the displacement v_k = P_k h_xy − P_k h_x, ‖a_k‖ = 1.

    h_xy, h_x [N, width]: the terms of `read` and of `origin`, the prompt; an empty `origin` puts the origin at 0 (for
    ablation; a constant added to all states then moves the scores). P_k = W_k/√width [size, width], no bias, so that a step of
    Adam moves s alike at every width; a_k [size]: the learned axis, renormalised in every pass, at first the mean
    displacement of the responses preferred on dimension k (a random direction where the data has none). `standardise`
    divides h_xy − h_x by its deviation over the training responses (buffers; no mean is taken off: the prompt stays the
    origin). Reward: R = Σ_k z(s_k)/K, z the running standardisation with `momentum`; `rewards.compose.weighted_parts` gives
    the outputs named `…_z` other weights, by cell. Outputs [N, 1 + 4K]: reward, s_k under the dimension's name, z(s_k)
    (`…_z`), ρ_k = ‖v_k‖ (`…_rho`) and the squared perpendicular part ‖v_k − s_k a_k‖² (`…_off_axis`), for
    `models.objectives.geometric_projection`. s in log-odds. W starts at N(0, 1/size), so that ρ starts near 1 for standardised
    states, unless `init_std` is given.
    Raises SpecError for no, repeated or reserved dimensions, a size below 1, lengths in what it reads, an `origin` with
    another number of terms than `read`, a momentum outside (0, 1].
    MR-RML (arXiv 2511.16139) names the prompt-anchored polar decomposition; this definition, size = 256, the scale and the
    start of W and the momentum 0.001 are [inferred].
    """

    dimensions: tuple[str, ...]
    read: tuple[str, ...] = ("last",)
    origin: tuple[str, ...] = ("prompt_last",)
    size: int = 256
    standardise: bool = False
    momentum: float = 0.001
    init_std: float | None = None

    def __post_init__(self) -> None:
        if not self.dimensions or len(set(self.outputs)) < len(self.outputs):
            raise SpecError(
                f"dimensions are one or more different names, none of them 'reward', found {list(self.dimensions)}"
            )
        if self.size < 1:
            raise SpecError(f"size is at least 1, found {self.size}")
        if not 0.0 < self.momentum <= 1.0:
            raise SpecError(f"momentum is above 0 and at most 1, found {self.momentum}")
        if self.init_std is not None and self.init_std <= 0:
            raise SpecError(f"init_std is above 0, found {self.init_std}")
        terms = [*parse_read(self.read), *(parse_read(self.origin) if self.origin else ())]
        if any(f is not None and f.position == "log_length" for t in terms for f in (t.left, t.right)):
            raise SpecError("a displacement is between states, not lengths")
        if self.origin and len(self.origin) != len(self.read):
            raise SpecError(f"origin has {len(self.origin)} terms for the {len(self.read)} of read: give one for each")

    @classmethod
    def example(cls) -> Self:
        return cls(dimensions=("accuracy", "empathy"), size=8)

    @property
    def positions(self) -> tuple[str, ...]:
        return (*self.read, *self.origin)

    @property
    def outputs(self) -> tuple[str, ...]:
        return ("reward", *(f"{d}{kind}" for kind in ("", Z, RHO, OFF_AXIS) for d in self.dimensions))

    def module(self, width: int) -> nn.Module:
        return GeometricProjectionModule(self, width)


class Spread(Standardise):
    """x / scale: a displacement in units of its deviation, its origin where it was."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x / self.scale


class GeometricProjectionModule(nn.Module):
    """The torch module of a `GeometricProjection` head."""

    def __init__(self, head: GeometricProjection, width: int) -> None:
        super().__init__()
        self.names, self.anchored = head.dimensions, bool(head.origin)
        width = width // 2 if self.anchored else width
        k, m = len(head.dimensions), head.size
        self.input = Spread(width) if head.standardise else nn.Identity()
        self.projector = nn.Parameter(torch.empty(k, m, width))
        nn.init.normal_(self.projector, std=m**-0.5 if head.init_std is None else head.init_std)
        self.axis = nn.Parameter(normalize(torch.randn(k, m), dim=-1))
        self.z = RunningStandardise(k, head.momentum)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        v, axis = self.displacement(x), normalize(self.axis, dim=-1)
        s = torch.einsum("nkm,km->nk", v, axis)
        off_axis = ((v - s[..., None] * axis) ** 2).sum(-1)
        z = self.z(s)
        return torch.cat([z.mean(-1, keepdim=True), s, z, v.norm(dim=-1), off_axis], dim=-1)

    def displacement(self, x: torch.Tensor) -> torch.Tensor:
        """v [N, K, size] of what the head reads, x [N, width]."""
        x = x.to(self.projector.dtype)
        if self.anchored:
            x = x[:, : x.shape[1] // 2] - x[:, x.shape[1] // 2 :]
        v: torch.Tensor = torch.einsum("nd,kmd->nkm", self.input(x), self.projector)
        return v / math.sqrt(self.projector.shape[-1])

    @torch.no_grad()
    def begin(self, x: torch.Tensor, batch: Batch) -> None:
        """Puts each axis where the preferred training responses lie on average. Raises DataError for an unknown dimension."""
        v, active = self.displacement(x), supervised(batch, self.names)
        for k in range(len(self.names)):
            preferred = torch.unique(batch.pairs[active[:, k], 0])
            mean = v[preferred, k].mean(0) if len(preferred) else v.new_zeros(v.shape[-1])
            if float(mean.norm()) > 0:
                self.axis[k] = normalize(mean, dim=0)
