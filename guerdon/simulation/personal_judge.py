"""`simulation.personal_judge`: users with one taste each, and an engine that judges by the history it is shown."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from guerdon.core.contracts import Engine
from guerdon.core.errors import SpecError
from guerdon.core.types import Completion, Part, Preference, Request, Sample, Status, Usage, sample
from guerdon.simulation.cyclic import PHRASES, QUESTIONS, TOPICS
from guerdon.simulation.judge import texts_of

VIRTUES = tuple(PHRASES)
ANALYSIS = "This user prefers {}."


def virtues(text: str) -> np.ndarray:
    """How many phrases of each virtue a text holds."""
    return np.array([sum(p in text for p in PHRASES[v]) for v in VIRTUES], dtype=np.float64)


def taste(block: str) -> np.ndarray:
    """What a history shows: virtues of the chosen answers minus those of the rejected ones."""
    chosen = [line for line in block.splitlines() if line.startswith("Chosen: ")]
    rejected = [line for line in block.splitlines() if line.startswith("Rejected: ")]
    shown: np.ndarray = virtues("\n".join(chosen)) - virtues("\n".join(rejected))
    return shown


@dataclass(frozen=True)
class PersonalJudge(Engine):
    """A simulated personal judge: score of a response = 5 + 2·(taste · virtues of the response) + noise, in [1, 10].

    The taste is read from the history in the prompt, so a short or empty history leaves the judge guessing: noise is drawn with
    standard deviation `noise` / (1 + events) by a hash of the seed, the texts and the number of the reply. Replies are
    evaluation chains of one criterion a virtue. embed gives the taste of a history, or the virtues of another text, with one
    dimension for neither. Raises SpecError for a negative noise. No paper: the construction is ours.
    """

    noise: float = 4.0
    seed: int = 0

    def __post_init__(self) -> None:
        if self.noise < 0:
            raise SpecError(f"noise is not negative, found {self.noise}")

    @property
    def capabilities(self) -> frozenset[str] | None:
        return frozenset({"generate", "embed"})

    async def generate(self, requests: Sequence[Request]) -> list[list[Completion]]:
        return [[self._reply(r, number) for number in range(r.n)] for r in requests]

    async def embed(self, parts: Sequence[Part]) -> np.ndarray:
        rows = [taste(p.value) if "Chosen: " in p.value else virtues(p.value) + self._named(p.value) for p in parts]
        return np.array([[*row, 0.1] for row in rows], dtype=np.float64).reshape(len(parts), len(VIRTUES) + 1)

    def _named(self, text: str) -> np.ndarray:
        return np.array([float(ANALYSIS.format(v) in text) for v in VIRTUES])

    def _reply(self, request: Request, number: int) -> Completion:
        shown = texts_of(request)
        if len(shown) < 4:
            return Completion(status=Status.FAILED, error="the request shows no history, query and responses")
        block, answers = shown[0], shown[-self._count(request) :]
        liked = taste(block)
        scale = self.noise / (1 + block.count("Chosen: "))
        rng = np.random.default_rng(self._hash(number, *shown))
        unit = liked / max(float(np.abs(liked).sum()), 1.0)
        merits = [float(np.clip(5 + 2 * unit @ virtues(a) + scale * rng.standard_normal(), 1, 10)) for a in answers]
        final = {f"response_{i + 1}": round(m, 3) for i, m in enumerate(merits)}
        criteria = [{"name": "taste", "weight": 100, "scores": final}]
        said = json.dumps({"rationale": {"criteria": criteria, "weighted_sums": final}, "better_response": final})
        text = f"{ANALYSIS.format(VIRTUES[int(np.argmax(liked))])}\n<JSON_START>{said}<JSON_END>"
        return Completion(text=text, usage=Usage(calls=1, output_tokens=len(text.split())))

    def _count(self, request: Request) -> int:
        return sum(f"<<response_{i + 1} " in m.text for m in request.messages for i in range(64))

    def _hash(self, number: int, *texts: str) -> int:
        digest = hashlib.blake2b(
            "\0".join([str(self.seed), str(number), *texts]).encode("utf-8", "replace"), digest_size=8
        )
        return int.from_bytes(digest.digest(), "big")


@dataclass(frozen=True)
class PersonalWorld:
    """Users who each prefer one virtue: a history of `events` choices, a query, and two answers of different virtues.

    `tastes` are the virtues that users have, in turn; the taste stands in `context.taste`. Raises SpecError for an unknown taste.
    """

    tastes: tuple[str, ...] = ("costs", "warmth")
    events: int = 3
    seed: int = 0

    def __post_init__(self) -> None:
        odd = [t for t in self.tastes if t not in VIRTUES]
        if odd or not self.tastes:
            raise SpecError(f"tastes are among {', '.join(VIRTUES)}, found {list(self.tastes)}")

    def samples(self, count: int, part: int = 0) -> list[Sample]:
        """`count` users; other parts have others."""
        rng = np.random.default_rng([self.seed, part])
        return [
            self._user(rng, self.tastes[i % len(self.tastes)], f"user:{self.seed}:{part}:{i}") for i in range(count)
        ]

    def _user(self, rng: np.random.Generator, liked: str, id: str) -> Sample:
        history = []
        for _ in range(self.events):
            good, bad = self._answers(rng, liked)
            history.append({"query": self._question(rng), "chosen": good, "rejected": bad})
        good, bad = self._answers(rng, liked)
        first = bool(rng.integers(2))
        texts = (good, bad) if first else (bad, good)
        preference = Preference(better=0 if first else 1, worse=1 if first else 0)
        context = {"history": history, "taste": liked, "analysis": ANALYSIS.format(liked)}
        return sample(self._question(rng), *texts, id=id, preferences=(preference,), context=context)

    def _answers(self, rng: np.random.Generator, liked: str) -> tuple[str, str]:
        others = [v for v in self.tastes if v != liked] or [v for v in VIRTUES if v != liked]
        other = others[rng.integers(len(others))]
        good, bad = (" ".join(str(p) for p in rng.permutation(PHRASES[v])[:2]) for v in (liked, other))
        return good, bad

    def _question(self, rng: np.random.Generator) -> str:
        return QUESTIONS[rng.integers(len(QUESTIONS))].format(TOPICS[rng.integers(len(TOPICS))])
