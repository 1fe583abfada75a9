"""`models.parts_model`: a small network over another reward's named parts, trained on a few comparisons."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from guerdon.core.build import build
from guerdon.core.contracts import Fit, Head, Reward
from guerdon.core.errors import SpecError, closest
from guerdon.core.types import Sample
from guerdon.models.heads.perceptron import Perceptron
from guerdon.models.output import locked
from guerdon.models.reward_model import SCHEDULERS

# The features of opinion summaries, larger is better for all (arXiv 2402.15473, released data).
OPINIONS = (
    "aspect-coverage", "opinion-faithfulness", "opinion-coverage", "conciseness", "relevance", "hallucination",
    "language-correctness",
)  # fmt: skip


@dataclass(frozen=True)
class PartsModel(Fit):
    """A reward φ = σ(g(h)), h = the named parts of `reward` over `scale`, in the order of `features`; g a small network.

    minimise mean log(1 + exp(g_worse − g_better)) over the pairs; AdamW. g has about 1 to 100 parameters, so that some
    hundred comparisons are enough, and its weights can be read: the checkpoint's `weights` are the mean of ∂g/∂h_k over the
    training responses, the weights themselves where g is linear.

    reward: any whose scores have the parts · features: their names; the order is fixed by them, not by the reward · head: g,
    any head on `width = len(features)` numbers · resample: how often a response that lacks a part is asked again before it
    is left out, with its pairs, and counted; it is never 0 · warmup: a share of the steps below 1, else steps · validation: the
    share of prompts held out; the state of least validation loss is kept, of `evaluations` looks · early_stopping: looks
    without a better one before it stops, 0 for never. The folder loads as a Reward, `rewards.compose.parts_network`.

    Raises SpecError on a bad field; DataError when no pair with all features is left or the loss is NaN; OutputError when `out`
    holds another model.
    Opinion summaries (arXiv 2402.15473), from the authors' code: features over 5, weight decay 0.05, batch 32, clip 1.0, cosine;
    epochs, learning rate and warm-up are from within their search space, the winning trial is not published [inferred].
    """

    reward: Reward
    features: tuple[str, ...] = OPINIONS
    head: Head = field(default_factory=Perceptron)
    scale: float = 5.0
    resample: int = 1
    learning_rate: float = 0.02
    weight_decay: float = 0.05
    epochs: float = 100.0
    batch_size: int = 32
    gradient_accumulation: int = 1
    warmup: float = 0.3
    scheduler: str = "cosine"
    max_grad_norm: float = 1.0
    validation: float = 0.15
    evaluations: int = 20
    early_stopping: int = 0
    seed: int = 0

    def __post_init__(self) -> None:
        if not self.features or len(set(self.features)) < len(self.features):
            raise SpecError(f"features names one or more different parts, found {list(self.features)}")
        for name in ("scale", "learning_rate", "epochs", "batch_size", "gradient_accumulation", "evaluations"):
            if not getattr(self, name) > 0:
                raise SpecError(f"{name} is above 0, found {getattr(self, name)}")
        for name in ("resample", "weight_decay", "warmup", "max_grad_norm", "early_stopping", "seed"):
            if not getattr(self, name) >= 0:
                raise SpecError(f"{name} is not negative, found {getattr(self, name)}")
        if not 0.0 <= self.validation < 1.0:
            raise SpecError(f"validation is a share in [0, 1), found {self.validation}")
        if self.scheduler not in SCHEDULERS:
            raise SpecError(f"scheduler: no '{self.scheduler}'.{closest(self.scheduler, SCHEDULERS)}")
        if not self.head.scalar:
            raise SpecError(f"head: {self.head.use} gives no reward, it only compares")

    @classmethod
    def example(cls) -> Self:
        reward = build({"use": "rewards.labels", "names": list(OPINIONS)}, Reward)  # type: ignore[type-abstract]
        return cls(reward=reward, epochs=2.0, validation=0.0)

    def fit(self, samples: Iterable[Sample], out: Path) -> Path:
        """Asks the reward for the features, trains and returns `out`, the checkpoint."""
        from guerdon.models.parts_fitting import fit_rows
        from guerdon.models.parts_rows import parts_rows

        out = Path(out)
        with locked(out):
            found = parts_rows(self.reward, self.features, self.scale, samples, self.resample)
            return fit_rows(self, found, out)
