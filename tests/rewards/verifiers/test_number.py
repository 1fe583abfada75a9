"""The final number: known answers, GSM8K's and MGSM's gold answers, real solutions with their flags, hostile texts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from guerdon.api import score
from guerdon.core.build import build
from guerdon.core.errors import SpecError
from guerdon.core.types import sample
from tests.rewards.verifiers.final_answers import COMMA, SENTENCES, written
from tests.rewards.verifiers.tool_calls import lines

USE = "rewards.verifiers.number"


def value(said: str, gold: str, **spec: Any) -> float | None:
    return score({"use": USE, **spec}, [sample("q", said, reference=gold)])[0].values[0]


@pytest.mark.parametrize(
    ("said", "gold", "right"),
    [
        ("She has 5 apples. The answer is 12 in 3 boxes.", "12", 1),
        ("Answer: 3 + 4 = 7 apples", "7", 1),
        (r"so \boxed{1{,}000} of 5", "1,000", 1),
        (r"\boxed{3} … no: \boxed{4}", "4", 1),
        (r"\boxed{3, 4}", "4", 0),
        ("<answer>3 or 4</answer>", "4", 0),
        ("The answer is 3 or 4.", "3", 0),
        ("The answer is 3 or 4.", "4", 0),
        ("5 + <<5+5=99>>5 = 10", "10", 1),
        ("It costs $1,234.50.", "1234.5", 1),
        ("20%", "20", 1),
        ("20%", "0.2", 1),
        ("0.2", "20%", 1),
        ("0.2", "20", 0),
        ("18.0", "18", 1),
        ("-18", "18", 0),
        ("1/3", "0.3333", 0),
        ("none", "0", 0),
        ("", "0", 0),
        ("<think>The answer is 7</think> 8", "8", 1),
        ("The answer is unknown, 8 at most", "8", 1),
    ],
)
def test_known_answers(said: str, gold: str, right: float) -> None:
    assert value(said, gold) == right


def test_tolerances_and_the_decimal_mark() -> None:
    assert value("3.14", "3.14159", absolute=0.01) == value("102", "100", relative=0.02) == 1.0
    assert value("103", "100", relative=0.02) == value("3.14", "3.14159") == 0.0
    assert [value("1.500", "1500", decimal=d) for d in ("point", "comma", "either")] == [0.0, 1.0, 1.0]


def test_the_layer_is_named_and_a_bad_reference_unscored() -> None:
    found = score(USE, [sample("q", r"\boxed{4}", "4", reference="4"), sample("q", "4", reference="4 or 5")])
    assert [s.rationale for s in found[0].scores] == ["boxed", "last number"]
    assert found[1].values == (None,) and "no single number" in found[1].scores[0].error


@pytest.mark.parametrize("spec", [{"absolute": -1}, {"relative": float("inf")}, {"decimal": "dot"}])
def test_wrong_fields_are_told(spec: dict[str, Any]) -> None:
    with pytest.raises(SpecError):
        build({"use": USE, **spec})


@pytest.mark.parametrize(
    "text",
    ["9" * 100_000, "9**9**9**9", "1e999999999", "\\boxed{" * 15_000, "{" * 99_000, "1," * 50_000, " " * 99_000, "\n" * 99_000,
     "answer" + " " * 99_000, "answer is " * 9_900, "<<" * 50_000, "1/" * 50_000, "\0", "\u202e24", "½" * 30_000, "<answer>" * 9_000,
     "__import__('os').system('true')"],
)  # fmt: skip
def test_hostile_texts_are_wrong_and_nothing_more(text: str) -> None:
    assert value(text, "42") == 0.0


@pytest.mark.shared
@pytest.mark.parametrize("name", ["test", pytest.param("train", marks=pytest.mark.slow)])
def test_gold_solutions_of_gsm8k_pass_and_mutated_ones_fail(shared_data: Path, name: str) -> None:
    rows = [row["answer"].rpartition("#### ") for row in lines(shared_data / "gsm8k" / f"{name}.jsonl.gz")]
    samples = []
    for i, (head, mark, gold) in enumerate(rows):
        wrong = [int(gold.replace(",", "")) + step for step in (1, -1, 10)]
        texts = (head + mark + gold, *(f"{head}{mark}{w:,}" for w in wrong))
        samples.append(sample("q", *texts, reference=gold, id=str(i)))
    assert {j.values for j in score(USE, samples)} == {(1.0, 0.0, 0.0, 0.0)}


@pytest.mark.shared
@pytest.mark.parametrize(("field", "right"), [("6b_finetuning", 286), ("6b_verification", 515)])
def test_verdicts_on_real_solutions_are_those_published(shared_data: Path, field: str, right: int) -> None:
    rows = lines(shared_data / "gsm8k" / "model_solutions_6b.jsonl.gz")
    samples = [
        sample("q", r[field]["solution"], reference=r["ground_truth"].rpartition("A: ")[2], id=str(i))
        for i, r in enumerate(rows)
    ]
    found = [j.values[0] for j in score(USE, samples)]
    assert found == [float(r[field]["is_correct"]) for r in rows] and sum(v or 0 for v in found) == right


@pytest.mark.shared
@pytest.mark.slow
def test_mgsm_answers_pass_in_each_languages_own_format(shared_data: Path) -> None:
    rows = lines(shared_data / "mgsm" / "mgsm.jsonl.gz")
    for lang in SENTENCES:
        samples = []
        for row in (r for r in rows if r["lang"] == lang):
            wrong = str(int(row["answer"].replace(",", "")) + 7)
            texts = (*written(lang, row["answer"]), *written(lang, wrong))
            samples.append(sample("q", *texts, reference=row["answer"], id=str(row["id"])))
        found = score({"use": USE, "decimal": "comma" if lang in COMMA else "point"}, samples)
        assert len(found) == 250 and {j.values for j in found} == {(1.0,) * 7 + (0.0,) * 7}, lang
