"""The self-check of a loaded model: boundary tokens, the same scores whatever the batch, the scores it was saved with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from guerdon.core.errors import CheckpointError, DataError, SpecError
from guerdon.core.types import answer, user
from guerdon.models.checkpoint import load_checkpoint, read_checkpoint
from guerdon.models.scorer import Scorer, Text

READ: dict[Any, torch.Tensor] = {}  # the probes' features by backbone, reading and batch: some megabytes
TOLERANCE = {
    "float32": 1e-5,
    "bfloat16": 5e-2,
    "float16": 1e-2,
}  # × max(1, |score|); the rounding of each type [inferred]
# Fixed texts of differing lengths and scripts; a checkpoint keeps its outputs on them.
PROBES: tuple[tuple[str, str], ...] = (
    ("Hi", "Hello!"),
    ("What is the capital of France?", "The capital of France is Paris."),
    ("What is the capital of France?", "I would rather not say."),
    ("Explain why the sky is blue.", "Air scatters short wavelengths of sunlight more than long ones. " * 6),
    ("Wie heißt du? 你叫什么名字?", "Ich heiße Ada. 我叫艾达。 🙂"),
    ("Write a haiku.\n\nMake it about autumn.", "Leaves let go, one breath\nof wind carries them past me —\nthe path turns to gold."),
    ("List three primes.", "2, 3, 5"),
    ("Give me advice on sleeping better. " * 20, "Go to bed at the same time each day. " * 20),
)  # fmt: skip
PROBES_FIRST = answer("That depends.")  # what stands before each in a joint layout


@dataclass(frozen=True)
class SelfCheck:
    """What was found. `batches`: largest difference of a score between batch compositions, relative to max(1, |score|);
    `reloaded`: likewise against the outputs saved with the checkpoint (None when it keeps none)."""

    boundaries: str
    batches: float
    reloaded: float | None
    tolerance: float

    @property
    def ok(self) -> bool:
        return self.batches <= self.tolerance and (self.reloaded is None or self.reloaded <= self.tolerance)

    def lines(self) -> list[str]:
        """The report for people."""
        saved = "no saved scores" if self.reloaded is None else f"{self.reloaded:.1e} from the saved scores"
        return [
            f"boundary tokens: {self.boundaries}",
            f"scores differ by {self.batches:.1e} between batches and {saved} (allowed {self.tolerance:.0e})",
        ]


def probe_texts(scorer: Scorer) -> list[Text]:
    """The probes as prompt and response, without those that the model's `truncation` refuses."""
    texts: list[Text] = [(user(prompt), answer(response)) for prompt, response in PROBES]
    views = [scorer.template.encode_many(texts, v) for v in scorer.reading.views]
    kept = [t for t, *seen in zip(texts, *views, strict=True) if not any(isinstance(e, DataError) for e in seen)]
    if not kept:
        raise SpecError(f"max_length {scorer.template.max_length} holds not even '{PROBES[0][0]}' and its answer")
    return kept


def probe_outputs(scorer: Scorer) -> list[Any]:
    """Outputs [members][probes][outputs] as plain numbers, for guerdon.json."""
    found: list[Any] = _scores(scorer, probe_texts(scorer), len(PROBES)).tolist()
    return found


@contextmanager
def reading_once(scorer: Scorer, frozen: bool) -> Iterator[None]:
    """Inside, the probes' features are taken from earlier checks of this process, batched the same way, where the backbone is
    `frozen`: they depend on no head. Every head is still run on every batch; a check that somebody asks for reads them anew."""
    scorer.kept = READ if frozen else None
    try:
        yield
    finally:
        scorer.kept = None


def distance(a: np.ndarray, b: np.ndarray) -> float:
    """Largest |a − b| / max(1, |b|)."""
    return float(np.max(np.abs(a - b) / np.maximum(1.0, np.abs(b)), initial=0.0))


def self_check(path: str | Path, scorer: Scorer | None = None, **options: Any) -> SelfCheck:
    """Checks a checkpoint: scores in batches of 1, 3 and 8 and in reverse order agree, and equal those it was saved with."""
    scorer = scorer or load_checkpoint(path, **options)
    texts = probe_texts(scorer)
    alone = _scores(scorer, texts, 1)
    others = [_scores(scorer, texts, size) for size in (3, 8)] + [_scores(scorer, texts[::-1], 8)[:, ::-1]]
    batches = max(distance(o, alone) for o in others)
    saved = read_checkpoint(path).about.get("probes")
    reloaded = None if saved is None else distance(alone, np.asarray(saved))
    first = scorer.template.encode(*texts[0])
    tolerance = TOLERANCE[scorer.members[0].backbone.config.dtype]
    return SelfCheck(scorer.template.show(first), batches, reloaded, tolerance)


def _scores(scorer: Scorer, texts: Sequence[Text], size: int) -> np.ndarray:
    cached, scorer.cached = scorer.cached, False
    try:
        parts = [_outputs(scorer, texts[i : i + size]) for i in range(0, len(texts), size)]
    finally:
        scorer.cached = cached
    return np.concatenate(parts, axis=1)


def _outputs(scorer: Scorer, texts: Sequence[Text]) -> np.ndarray:
    """Of each text; with a joint layout after another response of its group (of that one, where it does not fit)."""
    if scorer.head.layout == "apart":
        return scorer.score(texts).outputs
    found = scorer.score_groups([(prompt, (PROBES_FIRST, response)) for prompt, response in texts]).outputs
    return np.where(np.isnan(found[:, 1::2]), found[:, ::2], found[:, 1::2])


def must_hold(check: SelfCheck, folder: Path) -> None:
    """Raises CheckpointError when a freshly saved model does not give its own scores back."""
    if not check.ok:
        raise CheckpointError(
            f"{folder}: the saved model does not give its own scores back: {'; '.join(check.lines())}"
        )
