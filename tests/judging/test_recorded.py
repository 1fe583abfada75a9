"""Recorded replies of real judges are read as their authors read them; every disagreement is counted and explained."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from guerdon.core.errors import ParseError
from guerdon.judging.labels import line, stated_output
from guerdon.judging.numbers import bracket_number
from guerdon.judging.objects import single_object
from guerdon.judging.verdicts import vanilla

pytestmark = pytest.mark.shared


def rows(path: Path) -> Iterator[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        for text in file:
            yield json.loads(text)


def llmbar(path: Path) -> Iterator[tuple[str, int | None]]:
    """(reply, recorded side as shown) of every call: 1 the first shown, −1 the second, None no winner."""
    for row in rows(path):
        for key, call in row["results"][0].items():
            winner = {"1": 1, "2": -1}.get(call["winner"])
            yield call["completion"][0], winner if winner is None or key == "swap = False" else -winner


def strictly(read: Callable[[str], int | None], reply: str) -> int | None:
    try:
        return read(reply)
    except ParseError:
        return None


@pytest.mark.parametrize("judge", ["GPT-4", "ChatGPT", "LLaMA2"])
def test_llmbar_vanilla_decisions(shared_data: Path, judge: str) -> None:
    found = list(llmbar(shared_data / "llmbar" / "recorded" / f"natural.{judge}.Vanilla.jsonl.gz"))
    assert len(found) == 200 and [strictly(vanilla, reply) for reply, _ in found] == [theirs for _, theirs in found]


@pytest.mark.parametrize("judge", ["GPT-4", "ChatGPT", "LLaMA2"])
@pytest.mark.parametrize("strategy", ["CoT", "Swap"])
def test_llmbar_reasoned_decisions(shared_data: Path, judge: str, strategy: str) -> None:
    found = list(llmbar(shared_data / "llmbar" / "recorded" / f"natural.{judge}.{strategy}.jsonl.gz"))
    assert len(found) == 200 and [stated_output(reply, "published") for reply, _ in found] == [t for _, t in found]
    assert [strictly(stated_output, reply) for reply, _ in found] == [t for _, t in found], (
        "strict refuses none of them"
    )


def test_autoj_scores(shared_data: Path) -> None:
    found = list(rows(shared_data / "auto-j" / "train_single_critique.jsonl.gz"))
    wrong = [
        r["target_output"][-80:]
        for r in found
        if bracket_number(r["target_output"], 1, 10, "published") != r["pred_score"]
    ]
    assert len(found) == 960 and wrong == []


def test_healthbench_graders(shared_data: Path) -> None:
    found = [r["grader_output"] for r in rows(shared_data / "healthbench-sample" / "recorded_grader_outputs.jsonl.gz")]
    read = [single_object(text, "criteria_met") for text in found]
    assert (
        len(found) == 350
        and all(isinstance(o["criteria_met"], bool) for o in read if o is not None)
        and None not in read
    )


@pytest.mark.parametrize(
    ("name", "key", "count", "differing"), [("Claude", "claude2", 326, 1), ("GPT3_5", "gpt3_5", 173, 0), ("llama2_70b", "llama2", 323, 12)]
)  # fmt: skip
def test_mr_gsm8k_critiques(shared_data: Path, name: str, key: str, count: int, differing: int) -> None:
    """The set holds the critiques whose first error step was located right, so that step must be what is read.

    Claude once names step 2 in its line where the record says 1; Llama 2 repeats the form of the prompt after its critique
    in twelve replies, so that the last line is no step: strict reading refuses those.
    """
    others = []
    for row in rows(shared_data / "mr-gsm8k-sample" / f"{name}.jsonl.gz"):
        given = row[f"{key}_eval_output"]
        text = given["response"] if isinstance(given, dict) else given
        said = (line(text, "First Error Step", "published") or "").lower().removeprefix("step ").split()[:1]
        if said != [str(row["model_output_solution_first_error_step"])]:
            others.append((said, text))
        count -= 1
    assert count == 0 and len(others) == differing
    for said, text in others:
        if said != ["2"]:
            assert said == ["[insert"]
            with pytest.raises(ParseError, match="differing"):
                line(text, "First Error Step")
