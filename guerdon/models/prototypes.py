"""`models.prototypes`: user prototypes by k-means over preference analyses, refined on preferences."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from safetensors.numpy import load_file, save_file

from guerdon.core.build import spec_of
from guerdon.core.concurrency import run_sync
from guerdon.core.contracts import Engine, Fit
from guerdon.core.errors import CheckpointError, DataError, SpecError
from guerdon.core.types import Part, Sample
from guerdon.data.histories import Event, events_of, history_block
from guerdon.models.output import locked, replacing, write_json
from guerdon.models.prototype_refiner import Refiner, User, refine

ABOUT, TENSORS, MEMBERS = "prototypes.json", "prototypes.safetensors", "members.jsonl"
FORMAT = 1


@dataclass(frozen=True)
class PrototypesFit(Fit):
    """Prototypes of users: a_j = normalised k-means centroids of the users' analyses, then refined by −log σ(z·(r⁺ − r⁻)).

    Each sample is one user: `context.history`, a query, one preference between two responses, and `context.analysis` (the
    free text of a personal judge; the history itself where it is absent), embedded by `embedder` and normalised. k-means with
    `restarts` starts; a member belongs to the prototype of the largest cosine. Refinement, `epochs` over each prototype's
    members in batches: o_i = tanh(W_h[h_i; r_i⁺ − r_i⁻]), α = softmax_i((o_i·a + ρ o_i·q)/√d), s = Σ α_i o_i (0 without history),
    z = a + λ_q W_q q + λ_s W_s s, loss −log σ(z·r⁺ − z·r⁻) + `to_centroid`·mean((a − μ)²) + `to_average`·mean((a − ā)²), ā an
    average of decay `decay`; a is normalised after every step; then everyone is assigned anew. Leaves a folder that
    `rewards.judges.evaluation_chain` takes as `prototypes`. Raises SpecError on a bad field, DataError for fewer users than
    prototypes or a user without a preference. P-GenRM (arXiv 2602.12116): 50 prototypes, ρ 0.5, λ 1, 1e-3, 0.98, AdamW 1e-3, batch 16.
    """

    embedder: Engine
    prototypes: int = 50
    restarts: int = 10
    epochs: int = 1
    batch_size: int = 16
    learning_rate: float = 1e-3
    rho: float = 0.5
    lambda_query: float = 1.0
    lambda_history: float = 1.0
    to_centroid: float = 1e-3
    to_average: float = 1e-3
    decay: float = 0.98
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("prototypes", "restarts", "batch_size"):
            if getattr(self, name) < 1:
                raise SpecError(f"{name} is at least 1, found {getattr(self, name)}")
        if self.epochs < 0 or self.learning_rate <= 0 or not 0 <= self.decay < 1:
            raise SpecError("epochs is not negative, learning_rate is above 0 and decay is in [0, 1)")

    @classmethod
    def example(cls) -> Self:
        from guerdon.core.build import build

        vectors = {"a": (1.0, 0.0), "b": (0.0, 1.0)}
        return cls(embedder=build({"use": "engines.scripted", "vectors": vectors}, Engine), prototypes=1)  # type: ignore[type-abstract]

    @property
    def requires(self) -> Mapping[str, frozenset[str]]:
        return {"embedder": frozenset({"embed"})}

    def fit(self, samples: Iterable[Sample], out: Path) -> Path:
        """Clusters, refines, assigns anew and writes the folder."""
        from sklearn.cluster import KMeans

        people = list(samples)
        if len(people) < self.prototypes:
            raise DataError(f"{self.prototypes} prototypes need as many users at least, found {len(people)}")
        users, analyses = self._embedded(people)
        found = KMeans(self.prototypes, n_init=self.restarts, random_state=self.seed).fit(analyses)
        centroids = normalised(found.cluster_centers_)
        assigned = np.argmax(analyses @ centroids.T, axis=1)
        refiner = Refiner(
            self.rho, self.lambda_query, self.lambda_history, self.to_centroid, self.to_average, self.decay
        )
        schedule = (self.epochs, self.batch_size, self.learning_rate, self.seed)
        refined = refine(
            torch.from_numpy(centroids), [users[i] for i in range(len(users))], assigned, refiner, schedule
        )
        vectors = normalised(refined.numpy())
        return self._write(Path(out), people, vectors, analyses, np.argmax(analyses @ vectors.T, axis=1))

    def _embedded(self, people: Sequence[Sample]) -> tuple[list[User], np.ndarray]:
        texts: dict[str, int] = {}

        def place(text: str) -> int:
            return texts.setdefault(text, len(texts))

        rows = [self._texts(s, number) for number, s in enumerate(people)]
        numbers = [tuple([place(t) for t in part] for part in row) for row in rows]
        parts = [Part(kind="text", value=t) for t in texts]
        vectors = normalised(np.asarray(run_sync(self.embedder.embed(parts)), dtype=np.float64))
        made = [
            User(*(torch.from_numpy(vectors[index].copy()).reshape(len(index), -1) for index in row[1:]))
            for row in numbers
        ]
        return made, np.stack([vectors[row[0][0]] for row in numbers])

    def _texts(self, sample: Sample, number: int) -> tuple[list[str], ...]:
        """Analysis · query, chosen, rejected · histories' queries · their chosen · their rejected."""
        decided = [p for p in sample.preferences if not p.tie]
        if len(decided) != 1:
            raise DataError(f"user '{sample.id}' has not one preference", row=number, field="preferences")
        events = events_of(sample)
        analysis = str(sample.context.get("analysis") or history_block(events))
        pair = (sample.responses[decided[0].better].text, sample.responses[decided[0].worse].text)
        history = ([e.query for e in events], [e.chosen for e in events], [e.rejected for e in events])
        return ([analysis], [sample.prompt_text, *pair], *history)

    def _write(
        self, out: Path, people: Sequence[Sample], a: np.ndarray, members: np.ndarray, assigned: np.ndarray
    ) -> Path:
        with locked(out):
            with replacing(out / TENSORS) as aside:
                save_file({"prototypes": a, "members": members, "assigned": assigned.astype(np.int64)}, aside)
            rows = [{"id": s.id, "history": [vars_of(e) for e in events_of(s)]} for s in people]
            with replacing(out / MEMBERS) as aside:
                Path(aside).write_text(
                    "".join(json.dumps(r, ensure_ascii=False) + "\n" for r in rows), encoding="utf-8"
                )
            write_json(out / ABOUT, {"format": FORMAT, "spec": spec_of(self), "users": len(people)})
        return out


@dataclass(frozen=True)
class Prototypes:
    """Prototypes [K, D] and members [N, D] of unit length, whose prototype each is, and their histories."""

    prototypes: np.ndarray
    members: np.ndarray
    assigned: np.ndarray
    histories: tuple[tuple[Event, ...], ...]

    def neighbours(self, vector: np.ndarray, count: int) -> list[list[Event]]:
        """The histories of the `count` members of the nearest prototype (dot product) with the largest cosine to `vector`."""
        v = normalised(np.asarray(vector, dtype=np.float64))
        nearest = int(np.argmax(self.prototypes @ v))
        inside = np.flatnonzero(self.assigned == nearest)
        order = inside[np.argsort(-(self.members[inside] @ v), kind="stable")]
        return [list(self.histories[i]) for i in order[:count]]


def load_prototypes(path: str | Path) -> Prototypes:
    """The prototypes of a folder. Raises CheckpointError."""
    folder = Path(path).expanduser()
    if not (folder / ABOUT).is_file():
        raise CheckpointError(f"{folder}: no prototypes: {ABOUT} is missing")
    try:
        tensors = load_file(folder / TENSORS)
        rows = [json.loads(text) for text in (folder / MEMBERS).read_text(encoding="utf-8").splitlines()]
        histories = tuple(tuple(Event(**event) for event in row["history"]) for row in rows)
        found = Prototypes(tensors["prototypes"], tensors["members"], tensors["assigned"], histories)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CheckpointError(f"{folder}: the prototypes cannot be read: {error}") from None
    if len(found.members) != len(found.histories) or len(found.members) != len(found.assigned):
        raise CheckpointError(f"{folder}: members, assignments and histories do not belong together")
    return found


def normalised(rows: Any) -> np.ndarray:
    """Rows of unit length; a row of zeros stays."""
    found = np.asarray(rows, dtype=np.float64)
    length = np.linalg.norm(found, axis=-1, keepdims=True)
    unit: np.ndarray = np.divide(found, length, out=np.zeros_like(found), where=length > 0)
    return unit


def vars_of(event: Event) -> dict[str, str]:
    """An event as JSON."""
    return {"query": event.query, "chosen": event.chosen, "rejected": event.rejected}
