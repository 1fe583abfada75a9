"""`models.probe`: linear probing, one ridge regression a rating on the states of a frozen backbone, in closed form."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch

from guerdon.core.build import spec_of
from guerdon.core.contracts import Fit
from guerdon.core.errors import DataError, SpecError, closest
from guerdon.core.types import Sample
from guerdon.data.split import prompt_key
from guerdon.models.amend import finish, must_be_free
from guerdon.models.backbone import Backbone, Dtype, LoadedBackbone, settled
from guerdon.models.checkpoint import Checkpoint, write_weights
from guerdon.models.collate import TOKENS
from guerdon.models.groups import Intake
from guerdon.models.heads.ratings import Ratings, RatingsModule
from guerdon.models.network import Reading
from guerdon.models.output import locked
from guerdon.models.prepare import Rows, encode
from guerdon.models.start import Start
from guerdon.models.template import Truncation

log = logging.getLogger("guerdon.models")
ALPHAS = tuple(10.0**i for i in range(-4, 5))


@dataclass(frozen=True)
class Probe(Fit):
    """Linear probes of ratings: w_k = (ZᵀZ + α_k I)⁻¹ Zᵀ y_k over responses rated by k, no bias; r_k(x, y) = w_k · z(x, y).

    z [N, H]: the terms of `read` on a frozen backbone · y: `Response.labels[k]` for every k of `labels`, missing ones left out by
    attribute, mapped by `scales[k] = (offset, divisor)` to (y + offset)/divisor: (0.5, 5) is HelpSteer's 0 … 4 → 0.1 … 0.9.
    α_k is the one of `alphas` with the least squared error on `validation` of the prompts (drawn by `seed`; the least α among
    equals), w_k that of the other prompts. An attribute without a validation rating takes α = 1 [inferred] and says so.
    The checkpoint has the head `models.heads.ratings`, bias 0, `reward` (default: the first) its value, and tells each α
    and error under "result". backbone: as in `models.reward_model` · init: a checkpoint whose backbone is read instead, such as
    a Bradley-Terry reward model with tuning "full".
    Raises SpecError for no or repeated labels, an empty grid; DataError naming the field for an attribute that nobody rated, for
    a rating that is not finite (row and field); OutputError for a folder in use.
    ArmoRM (arXiv 2406.12845): 19 attributes, the grid 1e-4 … 1e4, 80/20 with seed 42, on the last token of a trained reward model.
    """

    labels: tuple[str, ...] = ("helpfulness", "correctness", "coherence", "complexity", "verbosity")
    reward: str = ""
    backbone: str = "embedded"
    init: str = ""
    read: tuple[str, ...] = ("last",)
    scales: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    alphas: tuple[float, ...] = ALPHAS
    validation: float = 0.2
    seed: int = 42
    max_length: int | None = None
    truncation: Truncation = "prompt"
    dtype: Dtype = "float32"
    batch_tokens: int = TOKENS
    device: str = "auto"

    def __post_init__(self) -> None:
        self.head()
        if not self.alphas or any(not a > 0 for a in self.alphas):
            raise SpecError(f"alphas holds numbers above 0, found {list(self.alphas)}")
        if not 0.0 <= self.validation < 1.0:
            raise SpecError(f"validation is a share in [0, 1), found {self.validation}")
        for name, (_, divisor) in self.scales.items():
            if name not in self.labels:
                raise SpecError(f"scales: no '{name}' among the labels.{closest(name, self.labels)}")
            if divisor == 0:
                raise SpecError(f"scales: the divisor of '{name}' is not 0")

    @classmethod
    def example(cls) -> Self:
        return cls(labels=("helpfulness",), scales={"helpfulness": (0.5, 5.0)})

    def head(self) -> Ratings:
        """The head the checkpoint has."""
        return Ratings(names=self.labels, reward=self.reward, read=self.read)

    def fit(self, samples: Iterable[Sample], out: Path) -> Path:
        """Solves for the probes and returns `out`, the checkpoint."""
        out = Path(out)
        reader = Backbone(self.backbone, max_length=self.max_length, truncation=self.truncation, dtype=self.dtype)
        start = Start.of(self.init, "frozen", reader)
        with locked(out):
            must_be_free(out)
            rows, intake = self._rated(samples)
            backbone = (reader if start is None else start.reader(reader, 0)).load(self.device)
            reading = Reading.of(self.head(), backbone.hidden_size)
            backbone.trim(reading.features)
            kept, texts = encode(backbone, rows, list(reading.views), intake)
            found = Rows.of(backbone, texts, reading.views, self.batch_tokens)
            z = reading.gather(reading.split(torch.from_numpy(found.rows))).double().numpy()
            weights, result = self._solve(z, self._targets(kept), _drawn(kept, self.validation, self.seed))
            return self._save(out, backbone, reading.width, weights, {"result": result, "data": _told(intake)})

    def _rated(self, samples: Iterable[Sample]) -> tuple[list[Sample], Intake]:
        """One sample a rated response, so that a text that cannot be read takes no neighbour along."""
        intake, made, there = Intake(), [], set[str]()
        for row, sample in enumerate(samples):
            intake.samples += 1
            there.update(n for r in sample.responses for n in r.labels)
            rated = [r for r in sample.responses if any(n in r.labels for n in self.labels)]
            for r in rated:
                wrong = next((n for n in self.labels if not np.isfinite(r.labels.get(n, 0.0))), None)
                if wrong is not None:
                    said = f"the rating of '{sample.id}' is {r.labels[wrong]}"
                    raise DataError(said, row=row, field=f"responses.labels.{wrong}")
            filled = [r for r in rated if r.text.strip()]
            if len(filled) < len(rated):
                intake.leave_out("empty", sample.id, len(rated) - len(filled))
            if not rated:
                intake.leave_out("lacking", sample.id)
            made += [replace(sample, responses=(r,), preferences=()) for r in filled]
        given = {n for s in made for n in s.responses[0].labels}
        for name in self.labels:
            if name not in given:
                raise DataError(f"nobody rated '{name}'.{closest(name, there)}", field=f"responses.labels.{name}")
        return made, intake

    def _targets(self, rows: Sequence[Sample]) -> np.ndarray:
        """y [N, K], NaN where unrated."""
        values = [[s.responses[0].labels.get(n, np.nan) for n in self.labels] for s in rows]
        scales = [self.scales.get(n, (0.0, 1.0)) for n in self.labels]
        found: np.ndarray = (np.array(values) + [o for o, _ in scales]) / np.array([d for _, d in scales])
        return found

    def _solve(self, z: np.ndarray, y: np.ndarray, held: np.ndarray) -> tuple[np.ndarray, dict[str, Any]]:
        """W [K, H], and by name the α, the validation error and how many ratings there were."""
        weights, result = [], {}
        for k, name in enumerate(self.labels):
            rated = np.isfinite(y[:, k])
            train, test = rated & ~held, rated & held
            if not train.any():
                train, test = rated, test & False
            solved = ridge(z[train], y[train, k], self.alphas if test.any() else (1.0,))
            errors = [float(((z[test] @ w - y[test, k]) ** 2).mean()) if test.any() else None for w in solved]
            best = min(range(len(solved)), key=lambda i: errors[i] or 0.0)
            if not test.any():
                log.warning("%s: no rating of '%s' to choose α by; it is 1", self.use, name)
            alpha = self.alphas[best] if test.any() else 1.0
            weights.append(solved[best])
            result[name] = {"alpha": alpha, "validation_mse": errors[best], "ratings": int(rated.sum())}
        return np.stack(weights), result

    def _save(
        self, out: Path, backbone: LoadedBackbone, width: int, weights: np.ndarray, about: dict[str, Any]
    ) -> Path:
        head = self.head()
        module = RatingsModule(head, width)
        with torch.no_grad():
            module.score.weight.copy_(torch.from_numpy(weights))
        config = replace(backbone.config, path=settled(backbone.config.path), max_length=backbone.max_length)
        write_weights(out, [module])
        like = Checkpoint(out, "frozen", config, head, width, 1, {})
        finish(like, out, {"fit": spec_of(self), "seed": self.seed, **about}, self.device)
        return out


def ridge(z: np.ndarray, y: np.ndarray, alphas: Sequence[float]) -> list[np.ndarray]:
    """w [H] = (ZᵀZ + αI)⁻¹ Zᵀy for every α, of one decomposition."""
    values, vectors = np.linalg.eigh(z.T @ z)
    inner = vectors.T @ (z.T @ y)
    return [vectors @ (inner / (np.maximum(values, 0.0) + alpha)) for alpha in alphas]


def _drawn(rows: Sequence[Sample], share: float, seed: int) -> np.ndarray:
    """Which rows are held out [N]: a share of the prompts, so that no prompt is on both sides."""
    keys = [prompt_key(s) for s in rows]
    prompts = sorted(set(keys))
    order = np.random.default_rng(seed).permutation(len(prompts))
    held = {prompts[i] for i in order[: round(share * len(prompts))]}
    return np.array([k in held for k in keys], dtype=bool)


def _told(intake: Intake) -> dict[str, Any]:
    return {"samples": intake.samples, "left_out": dict(intake.left_out), "left_out_lines": intake.lines()}
