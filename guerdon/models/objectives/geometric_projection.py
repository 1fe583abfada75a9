"""`models.objectives.geometric_projection`: masked ranking a dimension, with the geometry of the scores constrained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch

from guerdon.core.contracts import Objective
from guerdon.core.errors import SpecError
from guerdon.models.batch import Batch
from guerdon.models.dimensions import supervised
from guerdon.models.pairs import logistic

EPSILON = 1e-8


@dataclass(frozen=True)
class GeometricProjection(Objective):
    """Masked multi-head Bradley-Terry with geometric constraints: L = L_rank + α·L_axis + β·L_perp, means over entries.

    An entry is a (pair, dimension k) that the pair supervises: those of `Preference.dimensions`, else of `context.dimensions`,
    else all K; the other heads get a gradient of exactly zero. With s, ρ and ‖v⊥‖² as `models.heads.geometric_projection` gives them:
    L_rank = −p log σ(Δs_k − m) − (1 − p) log σ(m − Δs_k), Δs_k = s_k(y⁺) − s_k(y⁻) in log-odds;
    L_axis = 1 − cos θ_k(y⁺), cos θ = s/(ρ + 1e-8): a good answer points along the axis;
    L_perp = ½ Σ_{y⁺, y⁻} ‖v⊥‖²/(ρ² + 1e-8) = mean sin² θ_k: scores must not differ by movement off the axis.
    α: `axis`, β: `perpendicular`; 0 and 0 is plain masked multi-head Bradley-Terry. m, p: a pair's margin and soft label; its
    weight multiplies all its terms. Ties are left out and counted. out [N, 1 + 4K]. Raises SpecError for a negative
    coefficient and a head without these outputs, DataError for an unknown dimension.
    MR-RML (arXiv 2511.16139), whose abstract names the three parts; the equations and both 0.1 are [inferred].
    """

    axis: float = 0.1
    perpendicular: float = 0.1

    def __post_init__(self) -> None:
        for name in ("axis", "perpendicular"):
            if not getattr(self, name) >= 0:
                raise SpecError(f"{name} is not negative, found {getattr(self, name)}")

    @property
    def needs(self) -> frozenset[str]:
        return frozenset({"preferences"})

    def items(self, batch: Batch) -> int:
        """How many terms the mean is taken over: supervised (pair, dimension) entries."""
        return int(supervised(batch, dimensions(batch.outputs)).sum())

    def loss(self, out: torch.Tensor, batch: Batch) -> tuple[torch.Tensor, Mapping[str, float]]:
        names = dimensions(batch.outputs)
        if out.shape[1] != 1 + 4 * len(names):
            raise SpecError(f"{self.use}: needs the outputs of models.heads.geometric_projection")
        active = supervised(batch, names)
        ties = float(batch.tie.sum())
        pair, k = torch.nonzero(active, as_tuple=True)
        if not len(pair):
            return out.sum() * 0.0, {"ties": ties}
        better, worse = batch.pairs[pair].unbind(1)
        s, rho, off_axis = out[:, 1 : 1 + len(names)], *out[:, 1 + 2 * len(names) :].chunk(2, dim=1)
        logit, prob, weight = s[better, k] - s[worse, k] - batch.margin[pair], batch.prob[pair], batch.weight[pair]
        rank = logistic(logit, prob)
        axis = 1 - s[better, k] / (rho[better, k] + EPSILON)
        perpendicular = sum(off_axis[i, k] / (rho[i, k] ** 2 + EPSILON) for i in (better, worse)) / 2
        parts = [(weight * term).mean() for term in (rank, axis, perpendicular)]
        logs = {f"{n}_loss": float(t.detach()) for n, t in zip(("rank", "axis", "perpendicular"), parts, strict=True)}
        return parts[0] + self.axis * parts[1] + self.perpendicular * parts[2], {**logs, "ties": ties}


def dimensions(outputs: tuple[str, ...]) -> tuple[str, ...]:
    """The dimensions among a head's outputs: those with a length and a perpendicular part beside them. SpecError for none."""
    found = tuple(n for n in outputs if f"{n}_rho" in outputs and f"{n}_off_axis" in outputs)
    if not found:
        raise SpecError("this objective needs the outputs of models.heads.geometric_projection")
    return found
