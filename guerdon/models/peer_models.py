"""`models.peer_models`: trains two reward models on noisy preferences by peer review, and leaves both as one checkpoint."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from guerdon.core.contracts import Fit
from guerdon.core.errors import SpecError, closest
from guerdon.core.types import Sample
from guerdon.models.curriculum import ORDERS, Order
from guerdon.models.peer_review import PeerReview
from guerdon.models.reward_model import RewardModel


@dataclass(frozen=True)
class PeerModels(Fit):
    """Collaborative reward modelling: samples → two reward models A and B, each trained on what the other finds credible.

    A step is `update` (`models.peer_review`: kept for B are the ρ·n pairs of largest margin under A, and the other way round).
    Before an epoch the groups are put in `order` of the mean of the two models' margins, easy first: "random", "sorted" (the
    paper's wording), "bucketed" (`bins` parts, shuffled inside) or "interleaved" (dealt so that each batch spans easy to
    hard). A strict sort piles the wrong labels into the last batches, of which a share ρ must still be kept. The first
    `warmup_epochs` take all pairs, at random [inferred].

    model: backbone, tuning, head, objective, rates, epochs, batch size, seed of both, as `models.reward_model` reads them;
    A starts from its seed, B from the next one, each with dropout of its own, on the same batches, which a review needs.
    `batch_size` × `gradient_accumulation` groups make one step; early_stopping and report_to are not used: the last state is
    kept. The checkpoint is an ensemble of two: `rewards.trained` gives their mean, `member = 0` or 1 either one. Its
    `steps/epoch-N.jsonl` say which pairs each model was given at each step, its curves how many of them have the right label
    where flips are known (`curation.label_noise`). The same call again goes on after the last whole epoch.
    `update = {use = "models.peer_review", review = "none"}` trains two independent models on the same batches, the control; so does noise 0.

    Raises SpecError for an ensemble in `model`, fewer than two pairs a step, an unknown order, and as `models.reward_model`.
    Collaborative Reward Modeling (arXiv 2505.10597).
    """

    model: RewardModel = field(default_factory=RewardModel)
    update: PeerReview = field(default_factory=PeerReview)
    order: Order = "random"
    bins: int = 10
    warmup_epochs: int = 1

    def __post_init__(self) -> None:
        if self.model.ensemble != 1:
            raise SpecError(f"model.ensemble is 1 here, found {self.model.ensemble}: peers are always two")
        if self.model.batch_size == 1:
            raise SpecError("model.batch_size is at least 2: a review chooses among the pairs of a batch")
        if not self.model.head.scalar:
            raise SpecError(f"model.head: {self.model.head.use} gives no reward to review by")
        if "preferences" not in self.model.objective.needs:
            raise SpecError(f"model.objective: {self.model.objective.use} reads no preferences to review")
        if self.order not in ORDERS:
            known = ", ".join(ORDERS)
            raise SpecError(f"order: no '{self.order}'.{closest(self.order, ORDERS)} Known: {known}.")
        if self.bins < 1 or self.warmup_epochs < 0:
            raise SpecError(
                f"bins is at least 1 and warmup_epochs not negative, found {self.bins}, {self.warmup_epochs}"
            )

    @classmethod
    def example(cls) -> Self:
        return cls(model=RewardModel(epochs=2, validation=0.0))

    def fit(self, samples: Iterable[Sample], out: Path) -> Path:
        """Trains both and returns `out`, the checkpoint. The same call again resumes what was interrupted."""
        from guerdon.models.output import locked
        from guerdon.models.peers import Peers
        from guerdon.models.training import own_randomness

        out = Path(out)
        with locked(out), own_randomness(self.model.seed):
            return Peers(self, out).run(samples)
