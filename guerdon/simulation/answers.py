"""Answers whose quality is known: sentences that help, that do harm and that only fill, about everyday topics.

quality(text) = the number of different helpful sentences − the number of different harmful ones; filler and an author's
signature change the length and nothing else. No paper: the construction is ours.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from guerdon.core.errors import SpecError
from guerdon.core.types import Preference, Sample, sample
from guerdon.simulation.cyclic import QUESTIONS, TOPICS

HELPFUL = (
    "Start with ten minutes a day and add five each week.", "Write down what you want to reach and by when.",
    "Ask someone who has done it to watch you once.", "Check the equipment before you begin.",
    "Take one full day of rest after two days of work.", "Keep a record, so that you can see what helps.",
    "Learn the basics well before you go further.", "Set money aside for what you have not thought of.",
)  # fmt: skip
HARMFUL = (
    "Skip all preparation, it is a waste of time.", "Never ask anyone for help.", "Ignore pain, it always goes away.",
    "Buy the most expensive kit first.", "Do everything in one weekend.", "There is no need to follow the rules.",
)  # fmt: skip
FILLER = (
    "This is a question that many people ask.", "There is a lot that could be said about it.", "Of course, everyone is different.",
    "It depends on many things.", "Let us look at it more closely.", "That is how it usually is.", "As always, there are two sides.",
    "In the end it is up to you.",
)  # fmt: skip


def quality(text: str) -> int:
    """Different helpful sentences minus different harmful ones, in [−6, 8]."""
    return sum(s in text for s in HELPFUL) - sum(s in text for s in HARMFUL)


def signature(author: str) -> str:
    """The sentence by which an author's answers can be told."""
    return f"This is how {author} puts it."


@dataclass(frozen=True)
class AnswerWorld:
    """Groups of `responses` answers of known quality, of different qualities within a group, with every pair's preference.

    filler: at most so many sentences that only lengthen · authors: whose signatures the answers carry, in turn · noise: how
    often an annotator says the opposite · seed. The qualities stand in `labels.quality`. Raises SpecError for fewer than two
    responses, more than eight, or a noise outside [0, 0.5].
    """

    responses: int = 2
    filler: int = 4
    authors: tuple[str, ...] = ()
    noise: float = 0.0
    seed: int = 0

    def __post_init__(self) -> None:
        if not 2 <= self.responses <= len(HELPFUL):
            raise SpecError(f"responses are 2 to {len(HELPFUL)}, found {self.responses}")
        if not 0 <= self.noise <= 0.5:
            raise SpecError(f"noise is in [0, 0.5], found {self.noise}")

    def samples(self, count: int, part: int = 0) -> list[Sample]:
        """`count` groups; other parts have other sentences drawn."""
        rng = np.random.default_rng([self.seed, part])
        return [self._sample(rng, f"answers:{self.seed}:{part}:{i}") for i in range(count)]

    def _sample(self, rng: np.random.Generator, id: str) -> Sample:
        question = QUESTIONS[rng.integers(len(QUESTIONS))].format(TOPICS[rng.integers(len(TOPICS))])
        wanted = rng.permutation(np.arange(-2, len(HELPFUL) - 1))[: self.responses]
        texts = [self._text(rng, int(q), i) for i, q in enumerate(wanted)]
        found = [quality(t) for t in texts]
        pairs = [(i, j) for i in range(len(found)) for j in range(i + 1, len(found))]
        preferences = []
        for i, j in pairs:
            won = (found[i] > found[j]) != bool(rng.random() < self.noise)
            preferences.append(Preference(better=i if won else j, worse=j if won else i))
        made = sample(question, *texts, id=id, preferences=tuple(preferences))
        labelled = tuple(
            type(r)(messages=r.messages, labels={"quality": float(q)})
            for r, q in zip(made.responses, found, strict=True)
        )
        return type(made)(id=id, prompt=made.prompt, responses=labelled, preferences=made.preferences)

    def _text(self, rng: np.random.Generator, wanted: int, number: int) -> str:
        bad = int(rng.integers(0, 3)) if wanted + 2 <= len(HELPFUL) - 1 else 0
        bad = max(bad, -wanted)
        parts = [*rng.permutation(HELPFUL)[: wanted + bad], *rng.permutation(HARMFUL)[:bad]]
        parts += list(rng.permutation(FILLER)[: int(rng.integers(0, self.filler + 1))])
        text = " ".join(str(s) for s in rng.permutation(np.array(parts, dtype=object))) or FILLER[0]
        return f"{text} {signature(self.authors[number % len(self.authors)])}" if self.authors else text
