"""The letter picked: known answers, MMLU's and BIG-Bench Hard's gold letters, hedges and hostile texts."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from guerdon.api import score
from guerdon.core.build import build
from guerdon.core.errors import SpecError
from guerdon.core.types import sample
from tests.rewards.verifiers.tool_calls import lines

USE = "rewards.verifiers.multiple_choice"


def value(said: str, gold: str = "B", choices: list[str] | None = None, **spec: Any) -> float | None:
    context = {} if choices is None else {"choices": choices}
    return score({"use": USE, **spec}, [sample("q", said, reference=gold, context=context)])[0].values[0]


def written(letter: str, text: str) -> list[str]:
    """Ways to pick a letter."""
    return [
        f"Let me think: (X) is out.\nThe answer is ({letter}).", f"\\boxed{{{letter}}}", f"\\boxed{{\\text{{({letter}) {text}}}}}",
        f"**Answer: {letter}**", f"({letter})", f"{letter}.", f"So it is X.\n\n{letter}) {text}", f"<answer>{letter.lower()}</answer>",
        f"The correct option is {letter}, because it is so.", f"답\n[{letter}]", f"答案是{letter}。", f"La respuesta es {letter}.",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("said", "right"),
    [
        ("The answer is (A). No: the answer is (B).", 1),
        ("The answer is (A) or (B).", 0),
        ("The answer is B or C.", 0),
        ("The answer is B, C", 0),
        (r"\boxed{A, B}", 0),
        (r"\boxed{AB}", 0),
        ("(A) (B) (C) (D)", 0),
        ("<answer></answer> (B)", 0),
        ("The answer is a dog.", 0),
        ("I think the answer is Bananas.", 0),
        ("Answer:\n\nB", 1),
        ("The answer is option B.", 1),
        ("<think>The answer is (A).</think>(B)", 1),
        ("I am not sure that there is an answer.", 0),
        ("", 0),
    ],
)
def test_one_letter_must_be_named(said: str, right: float) -> None:
    assert value(said) == right


def test_the_text_of_one_choice_stands_for_its_letter() -> None:
    choices = ["Paris", "Lyon", "B", "A and Lyon"]
    assert value("The answer is Lyon.", "B", choices) == value("lyon", "B", choices) == 1.0
    assert value("Lyons", "B", choices) == 0.0
    assert value(r"\boxed{B}", "B", choices) == 1.0, "a text that is a letter does not take the letter's place"
    assert value("D) A and Lyon", "D", choices) == 1.0 and value("D) A and Lyon or (A)", "D", choices) == 0.0
    assert value("Lyon", "B", ["Lyon", "Lyon"]) == 0.0, "two choices have this text"


def test_letters_bound_what_counts_and_references_may_be_enclosed() -> None:
    assert value("(Z) aside, the answer is (B)", "(B)") == value("b", "B.", letters="ABCD") == 1.0
    for gold, choices in (("E", ["x", "y"]), ("yes", None), ("B", "xy")):
        assert value("(B)", gold, choices) is None  # type: ignore[arg-type]
    for bad in ("", "ab", "AA"):
        with pytest.raises(SpecError, match="letters"):
            build({"use": USE, "letters": bad})


@pytest.mark.parametrize(
    "text", ["(" * 99_000, "\\boxed{" * 15_000, "(A)(" * 25_000, "answer is " * 9_900, "\0", "or A" * 25_000]
)
def test_hostile_texts_are_wrong_and_nothing_more(text: str) -> None:
    assert value(text) == 0.0


@pytest.mark.shared
@pytest.mark.slow
def test_gold_letters_of_mmlu_pass_and_others_fail(shared_data: Path) -> None:
    samples = []
    for i, row in enumerate(lines(shared_data / "mmlu-sample" / "mmlu_sample.jsonl.gz")):
        texts = dict(zip("ABCD", row["choices"], strict=True))
        other = "ABCD"["BCDA".index(row["answer"])]
        both = (*written(row["answer"], texts[row["answer"]]), *written(other, texts[other]))
        samples.append(sample("q", *both, reference=row["answer"], id=str(i), context={"choices": row["choices"]}))
    found = {j.values for j in score(USE, samples)}
    assert len(samples) == 2621 and found == {(1.0,) * 12 + (0.0,) * 12}


@pytest.mark.shared
@pytest.mark.slow
def test_gold_letters_of_big_bench_hard_pass_and_others_fail(shared_data: Path) -> None:
    rows = [r for r in lines(shared_data / "bbh" / "bbh.jsonl.gz") if re.fullmatch(r"\([A-R]\)", r["target"])]
    samples = []
    for i, row in enumerate(rows):
        other = "ABCDEFGHIJKLMNOPQRA"["ABCDEFGHIJKLMNOPQR".index(row["target"][1]) + 1]
        both = (*written(row["target"][1], "such a thing"), *written(other, "such a thing"))
        samples.append(sample("q", *both, reference=row["target"], id=str(i)))
    assert len(samples) > 4000 and {j.values for j in score(USE, samples)} == {(1.0,) * 12 + (0.0,) * 12}
