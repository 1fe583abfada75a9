"""Prompts with verifiable instructions, as IFEval, IFBench and M-IFEval publish them, with or without responses.

    {"key": 1000, "prompt": "Write a 300+ word summary … Do not use any commas.",
     "instruction_id_list": ["punctuation:no_comma", "length_constraints:number_words"],
     "kwargs": [{}, {"relation": "at least", "num_words": 300}], "response": "…"}

`instruction_id_list`, `kwargs` and further columns live in `context`, where `rewards.verifiers.instructions` reads them.
One response in `response`, several in `responses`; rows without either give samples without responses.
"""

from __future__ import annotations

from typing import Any

from guerdon.core.errors import DataError
from guerdon.core.types import Response, Sample
from guerdon.data import turns
from guerdon.data.columns import Row, finish, items, names, need, rest, same_length

ORDER = 25
COLUMNS = ("prompt", "instruction_id_list", "kwargs", "response?", "responses?")
KEPT = frozenset({"instruction_id_list", "kwargs"})  # columns of this format that live in the context
USED = names(COLUMNS)


def fits(row: Row) -> bool:
    """A `prompt` with `instruction_id_list` and `kwargs`, and no preference."""
    return all(row.get(n) is not None for n in ("prompt", *KEPT)) and "chosen" not in row


def read(row: Row, id: str) -> Sample:
    """The Sample of a row; DataError names the field."""
    ids, kwargs = items(row, "instruction_id_list"), items(row, "kwargs", least=0)
    same_length(kwargs, "kwargs", ids, "instruction_id_list")
    fields = rest(row, USED - KEPT)
    return Sample(id=id, prompt=turns.prompt(need(row, "prompt")), responses=_responses(row), **fields)


def _responses(row: Row) -> tuple[Response, ...]:
    if row.get("response") is not None:
        if row.get("responses") is not None:
            raise DataError("the row has response and responses: which holds the response?", field="responses")
        return (Response(messages=turns.response(row["response"], "response")),)
    if row.get("responses") is None:
        return ()
    given = items(row, "responses", least=0)
    return tuple(Response(messages=turns.response(r, f"responses.{i}")) for i, r in enumerate(given))


def write(sample: Sample) -> dict[str, Any]:
    """The row of a Sample that has instructions in its context."""
    for name in sorted(KEPT):
        if not isinstance(sample.context.get(name), list | tuple) or not sample.context[name]:
            raise DataError(f"rows of this format need a list in context['{name}']", field=f"context.{name}")
    same_length(
        sample.context["kwargs"], "context.kwargs", sample.context["instruction_id_list"], "instruction_id_list"
    )
    row: dict[str, Any] = {"prompt": turns.written(sample.prompt, "user")}
    texts = [turns.written(r.messages, "assistant") for r in sample.responses]
    if texts:
        row |= {"response": texts[0]} if len(texts) == 1 else {"responses": texts}
    return finish(row, sample, USED - KEPT)
