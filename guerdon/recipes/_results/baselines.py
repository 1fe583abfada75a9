"""What a trained reward must beat: length, words, position, and for verifiers string matching. All but the last are logistic
regressions of scikit-learn, fitted on the training samples: on differences where there are pairs, on labels otherwise."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from guerdon.core.types import Sample
from guerdon.data.formats.stepwise import step_labels
from guerdon.recipes._results.accuracy import STEPWISE, Values

Features = Callable[[Sequence[Sequence[str]]], Any]  # texts of a sample's units, sample by sample → rows, one a unit


def baselines(kind: str, train: Sequence[Sample], test: Sequence[Sample]) -> dict[str, tuple[Values, Values]]:
    """(values on the training samples, on the held-out ones) by name of the baseline."""
    found = {
        "length": _fitted(kind, train, test, _lengths),
        "bag of words": _fitted(kind, train, test, _words(kind, train)),
    }
    if kind in STEPWISE:
        found["position of the step"] = _fitted(kind, train, test, _positions)
    if kind == "verify":
        rules: Mapping[str, Callable[[str, str], bool]] = {
            "exact match": lambda said, gold: said == gold,
            "a gold answer stands in it": lambda said, gold: f" {gold} " in f" {said} ",
            "always right": lambda said, gold: True,
        }
        found |= {name: (_matches(train, rule), _matches(test, rule)) for name, rule in rules.items()}
    return found


def units(kind: str, sample: Sample) -> list[str]:
    """What a value is given for: the texts of the steps of its response, or of its responses."""
    if kind in STEPWISE:
        response = sample.responses[0]
        return [response.step_text(s) for s in response.steps]
    return [r.text for r in sample.responses]


def _lengths(texts: Sequence[Sequence[str]]) -> Any:
    return np.log1p([[len(t)] for row in texts for t in row])


def _positions(texts: Sequence[Sequence[str]]) -> Any:
    return np.array([[t, t / len(row)] for row in texts for t in range(len(row))], dtype=float)


def _words(kind: str, train: Sequence[Sample]) -> Features:
    from sklearn.feature_extraction.text import TfidfVectorizer

    vectors = TfidfVectorizer(min_df=2, sublinear_tf=True).fit([t for s in train for t in units(kind, s)])
    return lambda texts: vectors.transform([t for row in texts for t in row])


def _fitted(kind: str, train: Sequence[Sample], test: Sequence[Sample], features: Features) -> tuple[Values, Values]:
    rows, held = ([units(kind, s) for s in samples] for samples in (train, test))
    x = features(rows)
    give = _classifier(kind, train, x) if kind in (*STEPWISE, "verify") else _ranker(train, rows, x)
    return _by_sample(give(x), rows), _by_sample(give(features(held)), held)


def _classifier(kind: str, train: Sequence[Sample], x: Any) -> Callable[[Any], Any]:
    """P(right) from features, fitted on the labelled units."""
    from sklearn.linear_model import LogisticRegression

    labels = np.array([y for s in train for y in _labels(kind, s)])
    known = np.flatnonzero(~np.isnan(labels))
    model = LogisticRegression(max_iter=1000).fit(x[known], labels[known] > 0.5)
    return lambda z: model.predict_proba(z)[:, 1]


def _ranker(train: Sequence[Sample], rows: Sequence[Sequence[str]], x: Any) -> Callable[[Any], Any]:
    """A linear score from features, fitted on their differences over the pairs, each both ways round."""
    from scipy.sparse import issparse, vstack
    from sklearn.linear_model import LogisticRegression

    begins = np.cumsum([0, *(len(r) for r in rows)])
    pairs = [
        (b + p.better, b + p.worse) for b, s in zip(begins, train, strict=False) for p in s.preferences if not p.tie
    ]
    better, worse = np.array(pairs).T
    apart = x[better] - x[worse]
    both = vstack([apart, -apart]).tocsr() if issparse(x) else np.concatenate([apart, -apart])
    model = LogisticRegression(fit_intercept=False, max_iter=1000).fit(both, np.repeat([1, 0], len(pairs)))
    return lambda z: z @ model.coef_[0]


def _labels(kind: str, sample: Sample) -> list[float]:
    if kind == "verify":
        return [r.labels["correct"] for r in sample.responses]
    return [float("nan") if y is None else y for y in step_labels(sample.responses[0])]


def _by_sample(flat: Any, rows: Sequence[Sequence[str]]) -> Values:
    values = iter(np.asarray(flat, dtype=float).tolist())
    return [tuple(next(values) for _ in row) for row in rows]


def _matches(samples: Sequence[Sample], rule: Callable[[str, str], bool]) -> Values:
    return [
        tuple(float(any(rule(_plain(r.text), _plain(g)) for g in (s.reference or "").split("/"))) for r in s.responses)
        for s in samples
    ]


def _plain(text: str) -> str:
    """Lower case, no punctuation, no articles, single blanks: SQuAD's normalisation (arXiv 1606.05250)."""
    kept = "".join(
        " " if unicodedata.category(c).startswith("P") else c for c in unicodedata.normalize("NFC", text).casefold()
    )
    return " ".join(w for w in kept.split() if w not in ("a", "an", "the"))
