"""`models.reward_model`: trains a reward model on preferences and leaves a checkpoint that `rewards.trained` loads."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Self

from guerdon.core.contracts import Fit, Head, Objective
from guerdon.core.errors import SpecError, closest
from guerdon.core.types import Sample
from guerdon.models.backbone import Backbone, Dtype, pick_device
from guerdon.models.collate import TOKENS
from guerdon.models.heads.scalar import Scalar
from guerdon.models.joint import SEPARATOR
from guerdon.models.objectives.bradley_terry import BradleyTerry
from guerdon.models.packing import PACKINGS, Packing
from guerdon.models.reads import views_of
from guerdon.models.template import Truncation
from guerdon.models.tuning import Lora
from guerdon.models.weights import EMBEDDED

Tuning = Literal["frozen", "lora", "full"]
# Where a field is not given: (learning rate, epochs, batch size) [inferred: usual values of each kind of tuning]
USUAL: dict[str, tuple[float, int, int]] = {"frozen": (1e-3, 20, 64), "lora": (1e-4, 2, 8), "full": (1e-5, 1, 8)}
SCHEDULERS = ("linear", "cosine", "constant", "constant_with_warmup")


@dataclass(frozen=True)
class RewardModel(Fit):
    """A backbone with a head, trained on groups: r(x, y) = head(states of prompt x and response y at the head's positions).

    minimise E[objective(r)] over the pairs of the samples (with the default objective −log σ(r_better − r_worse));
    AdamW, the mean taken over all pairs of `batch_size` × `gradient_accumulation` groups a step.

    backbone: "embedded", a folder or a hub id · tuning: "frozen" caches the backbone's features and trains the head alone,
    "lora" adds adapters, "full" trains everything · learning_rate, epochs, batch_size: None takes the usual value of the
    tuning (frozen 1e-3, 20, 64; lora 1e-4, 2, 8; full 1e-5, 1, 8 [inferred]) · head_learning_rate: the head's own, where the
    backbone is tuned too · warmup: a share of the steps below 1, else steps · validation: the share of prompts held out (by a
    hash of the first turn) · early_stopping: evaluations without a better validation loss before it stops, 0 for never; the
    state with the best validation loss is kept · ensemble: trainings from seed, seed+1, …, averaged, whose standard deviation
    is the score's `std` · init: a checkpoint folder to go on from, head included (a later stage); a head's standardising stays
    as it was there · dtype: of a frozen or adapted backbone's weights; "bfloat16" tunes under autocast, and full tuning
    keeps float32 weights · report_to: trackers of transformers · batch_tokens: tokens a forward pass (and, where the backbone
    is tuned, a backward pass too), halved once when memory runs out · packing: "shared" encodes the prompt of a group once where
    the backbone is a decoder, exactly as if each response were encoded alone; "unshared" only leaves out padding; "padded" does
    neither. Of several processes (torchrun) batch_size is each one's own, and the result is that of one process.
    Pairs whose chosen equals the rejected, with an empty response or a text that cannot be encoded are counted and left out.

    Raises SpecError on a bad field; DataError when nothing usable is left or the loss is NaN (the ids of the batch are
    saved); CheckpointError for a backbone that is no model; OutputError when `out` is in use, full, or holds another run;
    ResourceError when half of batch_tokens is still too much for the memory.
    The recipe of InstructGPT's reward model (arXiv 2203.02155) with the head of arXiv 2009.01325.
    """

    backbone: str = "embedded"
    tuning: Tuning = "frozen"
    head: Head = field(
        default_factory=lambda: Scalar(read=("mean", "response_mean"), hidden=(256,), dropout=0.1, standardise=True)
    )
    objective: Objective = field(default_factory=BradleyTerry)
    max_length: int | None = None
    max_prompt_length: int | None = None
    truncation: Truncation = "prompt"
    learning_rate: float | None = None
    head_learning_rate: float | None = None
    weight_decay: float = 0.01
    epochs: float | None = None
    batch_size: int | None = None
    gradient_accumulation: int = 1
    warmup: float = 0.05
    scheduler: str = "cosine"
    max_grad_norm: float = 1.0
    early_stopping: int = 3
    evaluations_per_epoch: int = 1
    validation: float = 0.1
    ensemble: int = 1
    seed: int = 0
    init: str = ""
    lora: Lora = field(default_factory=Lora)
    dtype: Dtype = "float32"
    attention: str = "sdpa"
    packing: Packing = "shared"
    gradient_checkpointing: bool = False
    batch_tokens: int = TOKENS
    report_to: tuple[str, ...] = ()
    device: str = "auto"

    def __post_init__(self) -> None:
        positive = ("learning_rate", "head_learning_rate", "epochs", "batch_size", "gradient_accumulation", "ensemble",
                    "evaluations_per_epoch", "batch_tokens", "max_length", "max_prompt_length")  # fmt: skip
        for name in positive:
            value = getattr(self, name)
            if value is not None and value <= 0:
                raise SpecError(f"{name} is above 0, found {value}")
        for name in ("weight_decay", "warmup", "max_grad_norm", "early_stopping", "seed"):
            if getattr(self, name) < 0:
                raise SpecError(f"{name} is not negative, found {getattr(self, name)}")
        if not 0.0 <= self.validation < 1.0:
            raise SpecError(f"validation is a share in [0, 1), found {self.validation}")
        if self.scheduler not in SCHEDULERS:
            known = ", ".join(SCHEDULERS)
            raise SpecError(f"scheduler: no '{self.scheduler}'.{closest(self.scheduler, SCHEDULERS)} Known: {known}.")
        if self.packing not in PACKINGS:
            known = ", ".join(PACKINGS)
            raise SpecError(f"packing: no '{self.packing}'.{closest(self.packing, PACKINGS)} Known: {known}.")
        if self.head_learning_rate is not None and self.tuning == "frozen":
            raise SpecError("head_learning_rate is for a tuned backbone; with tuning = 'frozen' set learning_rate")
        _steps_with_steps(self.head, self.objective)
        if self.dtype == "float16" and self.tuning != "frozen":
            raise SpecError("dtype: float16 is for a frozen backbone; to tune one take bfloat16 or float32")
        self._check_tokens()

    def _check_tokens(self) -> None:
        """Whether head, objective and backbone can read texts the way they ask to."""
        if self.objective.tokens and getattr(self.objective, "views", 1) > 1:
            raise SpecError("objective: the language model's loss and contrastive terms cannot be trained in one pass")
        if self.objective.tokens and (self.tuning == "frozen" or self.head.layout == "joint"):
            raise SpecError(
                f"objective: {self.objective.use} trains the language model on each response: tune the backbone (lora, full), with "
                "a head that reads responses apart"
            )
        if self.head.layout == "joint" and self.backbone == EMBEDDED:
            raise SpecError(
                f"head: {self.head.use} reads the responses of a group in one text, each after those before it; the embedded "
                "backbone is an encoder: name a decoder as backbone"
            )

    @classmethod
    def example(cls) -> Self:
        return cls(epochs=2, ensemble=1, validation=0.0)

    def reader(self) -> Backbone:
        """The backbone as this fit loads it."""
        return Backbone(
            self.backbone,
            max_length=self.max_length,
            max_prompt_length=self.max_prompt_length,
            truncation=self.truncation,
            dtype="float32" if self.tuning == "full" else self.dtype,
            attention=self.attention,
            packing=self.packing,
            separator=SEPARATOR if self.head.layout == "joint" else "",
        )

    def fit(self, samples: Iterable[Sample], out: Path) -> Path:
        """Trains and returns `out`, the checkpoint. The same call again resumes what was interrupted."""
        from guerdon.models.fitting import Fitting
        from guerdon.models.processes import held, join
        from guerdon.models.training import own_randomness

        out = Path(out)
        join(cpu=pick_device(self.device) == "cpu")
        with held(out), own_randomness(self.seed):
            return Fitting(self, out).run(samples)


def _steps_with_steps(head: Head, objective: Objective) -> None:
    """SpecError where one of them is about steps and the other about whole responses."""
    reads = "step" in views_of(head)
    if reads and "preferences" in objective.needs:
        raise SpecError(f"objective: {objective.use} compares responses, and the head reads their steps (step:)")
    if not reads and "responses.steps" in objective.needs:
        raise SpecError(f'objective: {objective.use} trains steps; the head reads none: give it read = ["step:last"]')
