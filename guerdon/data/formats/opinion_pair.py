"""Two summaries of one product's reviews with feature scores and a preference (OpinPref, arXiv 2402.15473).

    {"unique-id": 7, "reviews": ["Lasts two days.", "Too heavy."], "summary-pairs": {
       "summary-one": {"index": 0, "summary-text": "Lasts long, heavy.", "summary-score": {"relevance": 4.5, "conciseness": 4}},
       "summary-two": {"index": 3, "summary-text": "Fine.", "summary-score": {"relevance": 2, "conciseness": null}}},
     "preference-data": 1, "source": "amazon"}

The reviews, numbered, are the prompt, and themselves `context.reviews`; the summaries are the responses, their scores, 0 to 5, larger is
better for all, the labels. A null score is left out, never 0. `preference-data` says which summary was preferred, 1 or 2.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from guerdon.core.errors import DataError
from guerdon.core.types import Preference, Response, Sample, answer, user
from guerdon.data import turns
from guerdon.data.columns import Row, exactly, finish, is_nan, items, names, need, number, rest, say, string

ORDER = 65
COLUMNS = ("reviews", "summary-pairs", "preference-data", "unique-id?", "source?")
USED = names(COLUMNS) - {"source?", "source"}
SIDES = ("summary-one", "summary-two")
PLACE = "summary-indices"  # the context name that keeps which of the product's summaries the two are
LEAST, MOST = 0.0, 5.0


def fits(row: Row) -> bool:
    """`reviews` and an object `summary-pairs`."""
    return isinstance(row.get("summary-pairs"), Mapping) and row.get("reviews") is not None


def read(row: Row, id: str) -> Sample:
    """The Sample of a row; DataError names the field. Response 0 is summary-one, whoever won."""
    reviews = [string(r, f"reviews.{i}") for i, r in enumerate(items(row, "reviews"))]
    pair = need(row, "summary-pairs")
    if not isinstance(pair, Mapping):
        raise DataError(f"expected an object of two summaries, found {say(pair)}", field="summary-pairs")
    sides = [_side(pair, name) for name in SIDES]
    said = need(row, "preference-data")
    if isinstance(said, bool) or said not in (1, 2):
        raise DataError(f"expected 1 or 2, found {say(said)}", field="preference-data")
    fields = rest(row, USED)
    context = {**fields.pop("context", {}), "reviews": reviews}
    if any(index is not None for _, index in sides):
        context[PLACE] = [index for _, index in sides]
    unique = row.get("unique-id")
    return Sample(
        id=str(unique) if unique is not None and row.get("id") is None else id,
        prompt=user(prompt_of(reviews)),
        responses=tuple(response for response, _ in sides),
        preferences=(Preference(better=int(said) - 1, worse=2 - int(said)),),
        context=context,
        **fields,
    )


def prompt_of(reviews: list[str]) -> str:
    """The prompt that asks for a summary of these reviews."""
    return "\n\n".join(["Summarize the opinions in these reviews.", *(f"{i}. {r}" for i, r in enumerate(reviews, 1))])


def _side(pair: Mapping[str, Any], name: str) -> tuple[Response, Any]:
    """One summary with its scores as labels, and its index."""
    place = f"summary-pairs.{name}"
    found = pair.get(name)
    if not isinstance(found, Mapping):
        raise DataError(f"expected an object, found {say(found)}", field=place)
    text = string(need(found, "summary-text"), f"{place}.summary-text")
    given = found.get("summary-score") or {}
    if not isinstance(given, Mapping):
        raise DataError(f"expected an object of scores by name, found {say(given)}", field=f"{place}.summary-score")
    labels = {
        k: number(v, f"{place}.summary-score.{k}", LEAST, MOST)
        for k, v in given.items()
        if v is not None and not is_nan(v)
    }
    return answer(text, labels=labels), found.get("index")


def write(sample: Sample) -> dict[str, Any]:
    """The row of two responses with one preference, of a sample that has the reviews."""
    exactly(sample, 2, "opinion_pair")
    reviews = sample.context.get("reviews")
    if not isinstance(reviews, list | tuple) or not reviews or sample.prompt != user(prompt_of(list(reviews))):
        raise DataError("opinion_pair holds a prompt made of context.reviews", field="context.reviews")
    if len(sample.preferences) != 1 or sample.preferences[0].tie:
        raise DataError("opinion_pair holds one preference without a tie a row", field="preferences")
    indices = sample.context.get(PLACE, (None, None))
    sides = {
        name: {
            **({"index": index} if index is not None else {}),
            "summary-text": turns.written(r.messages, "assistant"),
            "summary-score": dict(r.labels),
        }
        for name, r, index in zip(SIDES, sample.responses, indices, strict=True)
    }
    row = {"reviews": list(reviews), "summary-pairs": sides, "preference-data": sample.preferences[0].better + 1}
    kept = {k: v for k, v in sample.context.items() if k not in ("reviews", PLACE)}
    return finish(row, replace(sample, context=kept), USED)
