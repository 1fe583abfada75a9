"""`models.meta_reward_model`: trains a reward model that goes along with a policy's shifting answers (MetaRM)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from guerdon.core.contracts import Fit
from guerdon.core.errors import SpecError
from guerdon.core.types import Sample
from guerdon.models.meta_update import MetaUpdate
from guerdon.models.reward_model import RewardModel


@dataclass(frozen=True)
class MetaRewardModel(Fit):
    """MetaRM: samples → a reward model by `models.meta_update`, θ ← θ − α·∇_{θ'} L_{θ'}(X_t) at θ' = θ + η·∇_θ J_θ(X_s).

    X_t: the samples with preferences. X_s: those without, each a prompt with two or more unlabelled responses sampled from the
    current policy; their order of arrival is mixed, and each step takes `shifted` of them in turn [inferred: 8]. After a round of
    policy training call it again with fresh samples, from the last checkpoint (`init` of `model`).
    model: backbone, tuning, head, objective, rates, epochs, batch size, seed, validation, as `models.reward_model` reads them;
    one member, `batch_size` × `gradient_accumulation` groups of X_t a step; early_stopping and report_to are not used: the last
    state is kept. The checkpoint is one of `rewards.trained`. The same call again goes on after the last whole epoch.

    Raises SpecError for an ensemble, a head without a reward or fewer than one shifted sample a step; DataError where there are
    no preferences or no samples without them.
    MetaRM (arXiv 2405.00438), also in Secrets of RLHF II (arXiv 2401.06080), section 4.
    """

    model: RewardModel = field(default_factory=RewardModel)
    update: MetaUpdate = field(default_factory=MetaUpdate)
    shifted: int = 8

    def __post_init__(self) -> None:
        if self.model.ensemble != 1:
            raise SpecError(f"model.ensemble is 1 here, found {self.model.ensemble}")
        if not self.model.head.scalar:
            raise SpecError(f"model.head: {self.model.head.use} gives no reward whose differences could grow")
        if "preferences" not in self.model.objective.needs:
            raise SpecError(f"model.objective: {self.model.objective.use} reads no preferences")
        if self.shifted < 1:
            raise SpecError(f"shifted is at least 1, found {self.shifted}")

    @classmethod
    def example(cls) -> Self:
        return cls(model=RewardModel(epochs=2, validation=0.0))

    def fit(self, samples: Iterable[Sample], out: Path) -> Path:
        """Trains and returns `out`, the checkpoint. The same call again resumes what was interrupted."""
        from guerdon.models.meta import Meta
        from guerdon.models.output import locked
        from guerdon.models.training import own_randomness

        out = Path(out)
        with locked(out), own_randomness(self.model.seed):
            return Meta(self, out).run(samples)
