"""`models.peer_review`: two reward models that choose each other's pairs, batch by batch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from guerdon.core.contracts import Update
from guerdon.core.errors import SpecError, closest
from guerdon.core.types import Sample
from guerdon.data.flips import flips
from guerdon.metrics.selection import largest

Review = Literal["peer", "self", "none"]
REVIEWS: tuple[Review, ...] = ("peer", "self", "none")


@dataclass(frozen=True)
class PeerReview(Update):
    """Peer review: of a batch of n pairs, each model trains on the ⌊ρ·n + ½⌋ (at least 1) that the other finds easiest.

    m_θ = r_θ(x, y_w) − r_θ(x, y_l), ℓ = −log σ(m); kept for B: the pairs of smallest ℓ_A, that is, of largest m_A, and the
    other way round; then one step of each model on the mean loss over its kept pairs. ρ(t) = 1 − η·min(t/T, 1) with η =
    `noise`, the prior estimate of the share of wrong labels, and T = `ramp` reviewed steps; T = 0 is the constant ρ = 1 − η.

    models: two `guerdon.models.learner.Learner`s over the same groups, by any two names. Both margins are taken before
    either model moves, without dropout [inferred]; ties are no pairs. review: "peer"; "self", in which each model chooses its
    own pairs (an ablation: its errors confirm themselves); "none", two independent models that see the same batches (a
    control). Logs by model: `loss_`; `kept_`, the share kept; where flips are known (`context["flipped"]`),
    `kept_precision_`, the share of its kept pairs whose label is right, and `precision`, that of the whole batch.
    Raises SpecError for a noise outside [0, 1), a negative ramp, an unknown review, or any number of models but two.
    Collaborative Reward Modeling (arXiv 2505.10597), after Co-teaching (arXiv 1804.06872), whose ramp this is [inferred].
    """

    noise: float = 0.2
    ramp: int = 0
    review: Review = "peer"

    def __post_init__(self) -> None:
        if not 0 <= self.noise < 1:
            raise SpecError(f"noise is in [0, 1), found {self.noise}")
        if self.ramp < 0:
            raise SpecError(f"ramp is not negative, found {self.ramp}")
        if self.review not in REVIEWS:
            known = ", ".join(REVIEWS)
            raise SpecError(f"review: no '{self.review}'.{closest(self.review, REVIEWS)} Known: {known}.")

    def share(self, step: int) -> float:
        """ρ after `step` reviewed steps."""
        return 1 - self.noise * (min(step / self.ramp, 1.0) if self.ramp else 1.0)

    def step(self, models: Mapping[str, Any], batch: Sequence[Sample]) -> Mapping[str, float]:
        """One step of both models; what each kept is in its `kept`."""
        if len(models) != 2:
            raise SpecError(f"peer review is between two models, found {len(models)}")
        (a, first), (b, second) = models.items()
        decided = _decided(batch)
        logs = {} if (clean := _precision(batch, decided)) is None else {"precision": clean}
        if self.review == "none":
            choices = {a: decided, b: decided}
        else:
            rate = self.share(first.reviewed)
            choices = {name: _easiest(model, batch, decided, rate) for name, model in models.items()}
            if self.review == "peer":
                choices = {a: choices[b], b: choices[a]}
        for name, model in ((a, first), (b, second)):
            model.kept = choices[name]
            logs[f"loss_{name}"] = model.train(batch, model.kept)
            logs[f"kept_{name}"] = len(model.kept) / max(len(decided), 1)
            model.reviewed += self.review != "none"
            if (found := _precision(batch, model.kept)) is not None:
                logs[f"kept_precision_{name}"] = found
        return logs


def _easiest(model: Any, batch: Sequence[Sample], decided: Sequence[int], share: float) -> list[int]:
    """The pairs of largest margin, by their number in the batch."""
    margins = model.margins(batch).tolist()
    return [decided[i] for i in largest([margins[n] for n in decided], share)]


def _decided(batch: Sequence[Sample]) -> list[int]:
    """The numbers of the pairs that are no ties."""
    return [n for n, p in enumerate(p for s in batch for p in s.preferences) if not p.tie]


def _precision(batch: Sequence[Sample], pairs: Sequence[int]) -> float | None:
    """The share of these pairs whose label is known to be right; None where it is not known of all."""
    known: list[bool] = []
    for sample in batch:
        found = flips(sample)
        if found is None and sample.preferences:
            return None
        known += found or ()
    return sum(not known[n] for n in pairs) / len(pairs) if pairs else None
