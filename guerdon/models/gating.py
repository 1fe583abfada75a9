"""`models.gating`: debiases the objectives of a linear probe by verbosity and trains a gate over them on preferences."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import torch

from guerdon.core.build import plain, spec_of
from guerdon.core.contracts import Fit
from guerdon.core.errors import DataError, OutputError, SpecError, closest
from guerdon.core.specfile import CHECKPOINT_FILE
from guerdon.core.types import Sample
from guerdon.metrics.debias import GRID, penalties
from guerdon.models.amend import amended
from guerdon.models.checkpoint import Checkpoint, load_checkpoint, read_checkpoint
from guerdon.models.groups import fingerprint, split, take
from guerdon.models.heads.gated import Gated, GatedModule
from guerdon.models.heads.ratings import Ratings, RatingsModule
from guerdon.models.network import Reading
from guerdon.models.objectives.bradley_terry import BradleyTerry
from guerdon.models.output import locked
from guerdon.models.reward_model import RewardModel
from guerdon.models.routing import prompt_rows
from guerdon.models.scorer import Scorer

START = "start"  # the folder in `out` with the debiased objectives and an even gate, from which the training goes on


@dataclass(frozen=True)
class Gating(Fit):
    """A gate over fixed objectives: least −log σ(R_better − R_worse) over g alone, R = g(x)ᵀ r'(y) (`models.heads.gated`).

    init: a probe (`models.probe`, or any linear `models.heads.ratings` on a frozen or tuned backbone) of one member · verbosity: the
    objective taken from the others ("" for none): λ_k is the least of `grid` with Spearman(r_k − λ_k r_v, r_v) ≤ `limit`
    over all responses of the samples, 1 where none reaches it (`guerdon.metrics.debias`) · gate, gate_hidden, gate_dropout,
    temperature, learn_scale, standardise: the head's · steps, batch_size: of groups, AdamW without decay, cosine to 0;
    `validation` of the prompts is held out. The rest is `models.reward_model`, which resumes, checks and tells; `out`/start has λ
    under "penalties". Raises SpecError for another head or several members, DataError without a usable pair, OutputError for a folder that is in use or
    holds another run.
    ArmoRM (arXiv 2406.12845): 2,000 steps of 1,024 pairs, rate 1e-3, 80/20. Its released script takes the softmax over the pair
    and trains on rewards that are not debiased; here it is over objectives, on debiased ones, as the paper says.
    """

    init: Path
    verbosity: str = ""
    limit: float = 0.03
    grid: tuple[float, ...] = GRID
    gate: tuple[str, ...] = ("prompt:last",)
    gate_hidden: tuple[int, ...] = (1024, 1024, 1024)
    gate_dropout: float = 0.2
    temperature: float = 10.0
    learn_scale: bool = True
    standardise: bool = False
    learning_rate: float = 1e-3
    weight_decay: float = 0.0
    steps: int = 2000
    batch_size: int = 1024
    validation: float = 0.2
    early_stopping: int = 0
    seed: int = 0
    device: str = "auto"

    def __post_init__(self) -> None:
        for name in ("learning_rate", "steps", "batch_size"):
            if not getattr(self, name) > 0:
                raise SpecError(f"{name} is above 0, found {getattr(self, name)}")
        if list(self.grid) != sorted(self.grid) or not self.grid:
            raise SpecError(f"grid holds numbers from the least to the largest, found {list(self.grid)}")
        self.head(Ratings(names=("one", self.verbosity) if self.verbosity else ("one",)))

    @classmethod
    def example(cls) -> Self:
        return cls(init=Path("probe"), verbosity="verbosity")

    def head(self, ratings: Ratings) -> Gated:
        """The gated head over the objectives of a probe."""
        return Gated(
            names=ratings.names, verbosity=self.verbosity, read=ratings.read, gate=self.gate, gate_hidden=self.gate_hidden,
            gate_dropout=self.gate_dropout, temperature=self.temperature, learn_scale=self.learn_scale, standardise=self.standardise,
        )  # fmt: skip

    def fit(self, samples: Iterable[Sample], out: Path) -> Path:
        """Debiases, trains the gate and returns `out`, the checkpoint."""
        out = Path(out)
        checkpoint, ratings = self._probe()
        groups, _ = take(samples, BradleyTerry())
        start = self._start(checkpoint, ratings, groups, out / START)
        training = len(split(groups, self.validation)[0])
        read = checkpoint.backbone
        return RewardModel(
            backbone=read.path if checkpoint.tuning == "frozen" else "embedded", tuning="frozen", head=self.head(ratings),
            objective=BradleyTerry(), init=str(start), max_length=read.max_length, max_prompt_length=read.max_prompt_length,
            truncation=read.truncation, dtype=read.dtype, attention=read.attention, packing=read.packing,
            learning_rate=self.learning_rate, weight_decay=self.weight_decay, batch_size=self.batch_size, warmup=0.0,
            epochs=self.steps / math.ceil(training / self.batch_size), early_stopping=self.early_stopping,
            validation=self.validation, seed=self.seed, device=self.device,
        ).fit(groups, out)  # fmt: skip

    def _probe(self) -> tuple[Checkpoint, Ratings]:
        found = read_checkpoint(self.init)
        head = found.head
        if not isinstance(head, Ratings) or head.hidden or head.standardise:
            raise SpecError(f"init: {self.init} has the head {head.use}; a gate goes over linear models.heads.ratings")
        if found.members != 1 or found.tuning == "lora":
            raise SpecError(f"init: {self.init} has several members or adapters; take one probe of a whole backbone")
        if self.verbosity and self.verbosity not in head.names:
            raise SpecError(f"verbosity: no '{self.verbosity}' in {self.init}.{closest(self.verbosity, head.names)}")
        return found, head

    def _start(self, checkpoint: Checkpoint, ratings: Ratings, groups: Sequence[Sample], out: Path) -> Path:
        """The checkpoint with the debiased objectives and an even gate; that of an interrupted call is taken again."""
        mark = plain({"fit": spec_of(self), "of": fingerprint(groups)})
        if (out / CHECKPOINT_FILE).is_file():
            if read_checkpoint(out).about.get("start") != mark:
                raise OutputError(f"{out.parent}: holds a run with another spec or other data; take another folder")
            return out
        scorer = load_checkpoint(self.init, device=self.device, cached=True)
        probe, head = scorer.members[0].head, self.head(ratings)
        if not isinstance(probe, RatingsModule):
            raise SpecError(f"init: {self.init} is no linear probe")
        found = self._penalties(scorer, ratings, groups)
        width = Reading.of(head, scorer.members[0].backbone.hidden_size).width
        module = GatedModule(head, width)
        module.score.load_state_dict(probe.score.state_dict())
        module.penalty.copy_(found)
        if head.standardise and head.gate:
            side = split(groups, self.validation)[0]
            rows = prompt_rows(scorer, scorer.members[0], head.gate, side)
            module.input.adapt(rows)  # type: ignore[operator,union-attr]
        about: dict[str, Any] = {"start": mark, "penalties": dict(zip(ratings.names, found.tolist(), strict=True))}
        with locked(out):
            return amended(replace(checkpoint, width=width), out, head, [module.eval()], about, device=self.device)

    def _penalties(self, scorer: Scorer, ratings: Ratings, groups: Sequence[Sample]) -> torch.Tensor:
        """λ [K] in the order of `names`, over every response that can be read."""
        if not self.verbosity:
            return torch.zeros(len(ratings.names))
        outputs = scorer.score([(g.prompt, r) for g in groups for r in g.responses]).outputs[0]
        rewards = outputs[:, [ratings.outputs.index(n) for n in ratings.names]]
        rewards = rewards[torch.from_numpy(rewards).isfinite().all(1).numpy()]
        if not len(rewards):
            raise DataError("no response can be read")
        return torch.tensor(penalties(rewards, ratings.names.index(self.verbosity), self.limit, self.grid))
