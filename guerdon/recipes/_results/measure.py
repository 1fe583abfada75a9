"""One data set measured: three seeds, each with its own prompt-wise split, all objectives, baselines and the control."""

from __future__ import annotations

import hashlib
import inspect
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from guerdon.core.build import build, method_class
from guerdon.core.catalog import ROOT
from guerdon.core.contracts import Fit
from guerdon.core.types import Sample
from guerdon.recipes._results.accuracy import STEPWISE, Values, accuracy, best_threshold
from guerdon.recipes._results.arms import ARMS, Spec, methods_of
from guerdon.recipes._results.baselines import baselines
from guerdon.recipes._results.sets import Set, data_folder, place
from guerdon.recipes._training import gap, mean

SEEDS, HELD_OUT, CONTROL = (0, 1, 2), 0.3, "labels at random"
SIZES = {"small": 1, "large": 5}
Rows = list[dict[str, float]]  # accuracy by sample id, seed by seed


def source_hash(found: Set) -> str:
    """A hash of the code that decides the figures of a set: of this package and of the methods trained on it."""
    used = sorted({"models.reward_model", *methods_of(ARMS[found.kind])})
    files = [Path(inspect.getfile(method_class(name))) for name in used]
    own = [p for p in sorted(Path(__file__).parent.glob("*.py")) if p.stem not in ("__main__", "page")]
    digest = hashlib.sha256(repr((found.name, found.small, found.max_length)).encode())
    for path in (*own, *files):
        digest.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def split(samples: Sequence[Sample], seed: int) -> tuple[list[Sample], list[Sample]]:
    """(training, held out): a share of the prompts by a hash of the seed and of the group, or of the first turn."""
    keys = {s.id: _group(s) for s in samples}
    order = sorted(set(keys.values()), key=lambda key: place(f"{seed}\0{key}"))
    held = set(order[: max(1, round(HELD_OUT * len(order)))])
    return [s for s in samples if keys[s.id] not in held], [s for s in samples if keys[s.id] in held]


def _group(sample: Sample) -> str:
    said = sample.context.get("group")
    return " ".join((said if isinstance(said, str) else sample.prompt[0].text).split()).casefold()


def shuffled(kind: str, samples: Sequence[Sample], seed: int) -> list[Sample]:
    """The samples with labels at random: pairs turned by a coin, ratings, step and answer labels permuted among all."""
    rng = np.random.default_rng([seed, 7])
    if kind in ("pairs", "lists"):
        return [
            replace(s, preferences=tuple(
                replace(p, better=p.worse, worse=p.better) if rng.random() < 0.5 else p for p in s.preferences))
            for s in samples
        ]  # fmt: skip
    names = sorted({n.partition(".")[0] for s in samples for r in s.responses for n in r.labels})
    given = {n: rng.permutation([v for s in samples for r in s.responses for m, v in r.labels.items() if m.partition(".")[0] == n])
             for n in names}  # fmt: skip
    drawn = {n: iter(v.tolist()) for n, v in given.items()}
    return [
        replace(s, responses=tuple(replace(r, labels={m: next(drawn[m.partition(".")[0]]) for m in r.labels}) for r in s.responses))
        for s in samples
    ]  # fmt: skip


def trained(
    found: Set, spec: Spec, train: Sequence[Sample], test: Sequence[Sample], seed: int
) -> tuple[Values, Values]:
    """(values on the training samples where a threshold is set by them, values on the held-out ones) of one model."""
    from guerdon.models.backbone import Backbone
    from guerdon.models.fitting import Fitting
    from guerdon.models.training import own_randomness

    whole = {"use": "models.reward_model", "max_length": found.max_length, "seed": seed, "device": "cpu", **spec}
    fit = build(whole, Fit)  # type: ignore[type-abstract]
    with tempfile.TemporaryDirectory() as folder, own_randomness(seed):
        backbone = Backbone("embedded", max_length=found.max_length).load("cpu")
        scorer = Fitting(fit, Path(folder)).in_memory(train, backbone)  # type: ignore[arg-type]
    seen: Values = values(found.kind, scorer, train) if found.kind == "first" else []
    return seen, values(found.kind, scorer, test)


def values(kind: str, scorer: Any, samples: Sequence[Sample]) -> Values:
    """The first output of each response, or of each step."""
    from guerdon.models.referenced import with_reference
    from guerdon.models.steps import marked

    if "reference" in scorer.reading.views:
        samples = [with_reference(s) for s in samples]
    texts = [[(s.prompt, u) for u in (marked(s.responses[0]) if kind in STEPWISE else s.responses)] for s in samples]
    outputs = iter(scorer.score([t for row in texts for t in row]).outputs[:, :, 0].mean(0).tolist())
    return [tuple(next(outputs) for _ in row) for row in texts]


def measure(found: Set, size: str = "small") -> dict[str, Any]:
    """The figures of one set as they are kept: accuracies with 95 % intervals in per cent, differences from baselines."""
    samples = found.load(data_folder(), found.small * SIZES[size])
    arms = ARMS[found.kind]
    rows: dict[str, Rows] = {}
    for seed in SEEDS:
        train, test = split(samples, seed)
        made = baselines(found.kind, train, test)
        for name, spec in arms.items():
            made[name] = trained(found, spec, train, test, seed)
        wrong = shuffled(found.kind, train, seed)
        made[CONTROL] = trained(found, next(iter(arms.values())), wrong, test, seed)
        for name, (seen, given) in made.items():
            limit = best_threshold(found.kind, wrong if name == CONTROL else train, seen)
            rows.setdefault(name, []).append(accuracy(found.kind, test, given, limit))
    return {"size": size, "source": source_hash(found), **_figures(found, samples, rows)}


def _figures(found: Set, samples: Sequence[Sample], rows: Mapping[str, Rows]) -> dict[str, Any]:
    kinds = {
        name: "objective" if name in ARMS[found.kind] else "control" if name == CONTROL else "baseline" for name in rows
    }
    against = [n for n, kind in kinds.items() if kind == "baseline"]
    return {
        "samples": len(samples), "prompts": len({_group(s) for s in samples}), "seeds": list(SEEDS),
        "held_out": [len(r) for r in next(iter(rows.values()))],
        "accuracy": {name: {"kind": kinds[name], "value": mean(_known(r))} for name, r in rows.items()},
        "ahead": {name: {b: _gap(rows[name], rows[b]) for b in against} for name in rows if kinds[name] == "objective"},
    }  # fmt: skip


def _known(rows: Rows) -> Rows:
    return [{k: v for k, v in row.items() if v == v} for row in rows]


def _gap(a: Rows, b: Rows) -> list[float]:
    """The difference on the samples that both have a figure for."""
    both = [{k for k in x if x[k] == x[k] and y[k] == y[k]} for x, y in zip(a, b, strict=True)]
    first, second = ([{k: r[k] for k in keys} for r, keys in zip(rows, both, strict=True)] for rows in (a, b))
    return gap(first, second)
