"""Verifiable instructions: per id a response that follows and one that does not, both readings, errors, and published figures."""

from __future__ import annotations

import asyncio
import gzip
import json
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from guerdon.api import score
from guerdon.core.build import build
from guerdon.core.contracts import Reward
from guerdon.core.errors import DataError, SpecError
from guerdon.core.types import Sample, Score, Status, sample
from guerdon.data.read import read_samples
from guerdon.judging.instructions.known import CHECKS, IFEVAL, bind, bind_all
from guerdon.metrics.instruction_following import accuracies

USE = "rewards.verifiers.instructions"
ENGLISH = "this is a plain english sentence about the weather and the sea"
NEEDS_DETECTOR = {"language:response_language", "change_case:english_capital", "change_case:english_lowercase"}

# id → (arguments, a response that follows, one that does not)
CASES: dict[str, tuple[dict[str, Any], str, str]] = {
    "change_case:capital_word_frequency": ({"capital_relation": "at least", "capital_frequency": 2}, "A TOP-LEVEL plan", "One IDEA"),
    "change_case:english_capital": ({}, ENGLISH.upper(), ENGLISH.capitalize()),
    "change_case:english_lowercase": ({}, ENGLISH, ENGLISH.capitalize()),
    "combination:repeat_prompt": ({"prompt_to_repeat": "Say hi."}, " say HI. Hi!", "Hi! Say hi."),
    "combination:two_responses": ({}, "one\n******\ntwo", "one\n******\none"),
    "detectable_content:number_placeholders": ({"num_placeholders": 2}, "[a] and [b]", "[a\n] and [b]"),
    "detectable_content:postscript": ({"postscript_marker": "P.P.S"}, "Bye.\np. p. s see you", "Bye.\nP.S. see you"),
    "detectable_format:constrained_response": ({}, "Well: My answer is no.", "No."),
    "detectable_format:json_format": ({}, '```json\n{"a": [1]}\n```', "{'a': 1}"),
    "detectable_format:multiple_sections": ({"section_spliter": "Day", "num_sections": 2}, "Day 1\na\nDay 2\nb", "Day 1\na"),
    "detectable_format:number_bullet_lists": ({"num_bullets": 2}, "* a\n  - b\n**c**", "* a\n* b\n- c"),
    "detectable_format:number_highlighted_sections": ({"num_highlights": 2}, "*a* and *b*", "*a* and **"),
    "detectable_format:title": ({}, "<<Joy>>\nIt is.", "<< >>\n<Joy>"),
    "keywords:existence": ({"keywords": ["dog", "1+1"]}, "Dogs know 1+1.", "Dogs know 11."),
    "keywords:forbidden_words": ({"forbidden_words": ["damn"]}, "A damned day", "Damn!"),
    "keywords:frequency": ({"keyword": "knot", "relation": "less than", "frequency": 2}, "Knot.", "knot, KNOT"),
    "keywords:letter_frequency": ({"letter": "#", "let_relation": "at least", "let_frequency": 2}, "#a #b", "#a b"),
    "language:response_language": ({"language": "de"}, "Das Wetter am Meer ist heute schön und warm.", ENGLISH),
    "length_constraints:nth_paragraph_first_word": (
        {"num_paragraphs": 2, "nth_paragraph": 2, "first_word": "It"}, "a\n\n'It, is", "a\n\nThis"),
    "length_constraints:number_paragraphs": ({"num_paragraphs": 2}, "a\n***\nb\n***", "a\n***\n\n***\nb"),
    "length_constraints:number_sentences": (
        {"relation": "less than", "num_sentences": 3}, "Dr. Who met J. Doe at 3 p.m. today. He left.", "One. Two! Three?"),
    "length_constraints:number_words": ({"relation": "at least", "num_words": 3.0}, "don't go", "go on"),
    "punctuation:no_comma": ({}, "one two", "one, two"),
    "startend:end_checker": ({"end_phrase": "So what is next?"}, '"Done. so what is NEXT?" ', "So what is next? Bye"),
    "startend:quotation": ({}, ' "all of it" ', '"'),
}  # fmt: skip


def one(response: str, ids: list[str], kwargs: list[Any], **fields: Any) -> Score:
    context = {"instruction_id_list": ids, "kwargs": kwargs}
    return score({"use": USE, **fields}, [sample("Do it.", response, context=context)])[0].scores[0]


def test_every_published_id_has_a_case() -> None:
    assert set(CASES) == set(IFEVAL) and len(IFEVAL) == 25


@pytest.mark.parametrize("id", CASES)
def test_followed_and_not(id: str) -> None:
    if id in NEEDS_DETECTOR:
        pytest.importorskip("langdetect")
    given, good, bad = CASES[id]
    assert bind(id, given)(good) is True
    assert bind(id, given)(bad) is False
    assert one(good, [id], [given]).value == 1.0 and one(bad, [id], [given]).value == 0.0


def test_both_readings_and_both_values() -> None:
    ids = ["startend:quotation", "punctuation:no_comma", "keywords:existence"]
    kwargs: list[Any] = [{"language": None}, {}, {"keywords": ["sea"]}]
    text = 'Sure, here you are:\n"by the sea"'
    found = one(text, ids, kwargs)
    assert found.value == 0.0
    assert found.parts == {
        "strict": 0.0, "strict_share": 1 / 3, "loose": 1.0, "loose_share": 1.0,
        "strict:startend:quotation": 0.0, "loose:startend:quotation": 1.0, "strict:punctuation:no_comma": 0.0,
        "loose:punctuation:no_comma": 1.0, "strict:keywords:existence": 1.0, "loose:keywords:existence": 1.0,
    }  # fmt: skip
    assert one(text, ids, kwargs, value="share").value == 1 / 3
    assert one(text, ids, kwargs, reading="loose").value == 1.0


def test_an_empty_response_follows_nothing() -> None:
    found = one(" \n", ["punctuation:no_comma"], [{}])
    assert (found.parts["strict"], found.parts["loose"]) == (0.0, 0.0)


def test_an_id_given_twice_has_two_parts() -> None:
    found = one("dog", ["keywords:existence"] * 2, [{"keywords": ["dog"]}, {"keywords": ["cat"]}], value="share")
    assert found.value == 0.5
    assert (found.parts["strict:keywords:existence"], found.parts["strict:keywords:existence#2"]) == (1.0, 0.0)


def test_text_without_a_language_earns_nothing_unless_the_published_rule_is_asked_for() -> None:
    pytest.importorskip("langdetect")
    ids, kwargs = ["language:response_language"], [{"language": "hi"}]
    assert one("12 + 34 = 46", ids, kwargs).value == 0.0
    assert one("12 + 34 = 46", ids, kwargs, undetected="followed").value == 1.0


def test_detection_gives_the_same_at_every_call_and_leaves_the_global_seed() -> None:
    factory = pytest.importorskip("langdetect.detector_factory")
    before = factory.DetectorFactory.seed
    check = bind("language:response_language", {"language": "en"})
    assert len({check("no la de me si on") for _ in range(20)}) == 1
    assert factory.DetectorFactory.seed == before


def test_without_the_detector_the_response_is_unscored_and_neighbours_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    from guerdon.judging.instructions import language

    monkeypatch.setitem(sys.modules, "langdetect.detector_factory", None)
    language.profiles.cache_clear()
    found = one("Hallo, Welt", ["language:response_language", "punctuation:no_comma"], [{"language": "de"}, {}])
    assert found.value is None and found.status is Status.FAILED and "guerdon[verifiers]" in found.error
    assert (
        found.parts["strict:language:response_language"] is None and found.parts["strict:punctuation:no_comma"] == 0.0
    )
    assert one("Hallo Welt", ["punctuation:no_comma"], [{}]).value == 1.0


@pytest.mark.parametrize(
    ("ids", "kwargs", "field", "said"),
    [
        (["punctuation:no_coma"], [{}], "context.instruction_id_list.0", "Did you mean 'punctuation:no_comma'"),
        (["punctuation:no_comma"], [{}, {}], "context.kwargs", "list of 1 objects"),
        ("punctuation:no_comma", [{}], "context.instruction_id_list", "expected a list"),
        (["keywords:existence"], [{}], "context.kwargs.0.keywords", "needs it"),
        (["keywords:existence"], [{"keywords": "dog"}], "context.kwargs.0.keywords", "list of texts"),
        (["keywords:existence"], [{"keywords": ["a"], "keyword": "b"}], "context.kwargs.0.keyword", "no such argument"),
        (
            ["length_constraints:number_paragraphs"],
            [{"num_paragraphs": 1.5}],
            "context.kwargs.0.num_paragraphs",
            "whole",
        ),
        (
            ["length_constraints:number_words"],
            [{"num_words": 1, "relation": "about"}],
            "context.kwargs.0.relation",
            "relation",
        ),
        (["startend:end_checker"], [["x"]], "context.kwargs.0", "expected an object"),
    ],
)
def test_bad_rows_name_row_and_field(ids: Any, kwargs: Any, field: str, said: str) -> None:
    reward = build({"use": USE}, Reward)  # type: ignore[type-abstract]
    good = sample("q", "a", context={"instruction_id_list": ["punctuation:no_comma"], "kwargs": [{}]})
    bad = sample("q", "a", context={"instruction_id_list": ids, "kwargs": kwargs})
    with pytest.raises(DataError, match=said) as error:
        reward.check([good, bad])
    assert error.value.row == 1 and error.value.field == field
    first, second = asyncio.run(reward.score([good, bad]))
    assert first.values == (1.0,) and second.values == (None,)


def test_wrong_choices_are_told() -> None:
    for field in ("value", "reading", "undetected"):
        with pytest.raises(SpecError, match=field):
            build({"use": USE, field: "some"})


HOSTILE = ("[" * 200_000, "<<" * 100_000, "*" * 200_000, "\n" * 200_000, " " * 200_000, "." * 200_000, "a.\n" * 60_000,
           "-\n" * 100_000, "[" * 5_000 + "]" * 5_000, "'" * 200_000, "\u202e\x00" * 50_000, "p." * 100_000,
           "9" * 200_000, "***" * 60_000, "n't" * 60_000, "A" * 200_000)  # fmt: skip


@pytest.mark.parametrize("number", range(len(HOSTILE)))
def test_hostile_text_takes_linear_time(number: int) -> None:
    start = time.process_time()
    for id, (given, _, _) in CASES.items():
        if id not in NEEDS_DETECTOR:
            bind(id, given)(HOSTILE[number])
    assert time.process_time() - start < 5, "a quadratic check would need minutes"


@pytest.mark.shared
def test_the_whole_benchmark_loads_and_every_id_is_known(shared_data: Path) -> None:
    samples = list(read_samples(shared_data / "ifeval" / "ifeval.jsonl.gz"))
    bound = [bind_all(s.context["instruction_id_list"], s.context["kwargs"]) for s in samples]
    assert (len(samples), sum(map(len, bound))) == (541, 834)


def answered(folder: Path, prompts: str, responses: str) -> list[Sample]:
    """The rows with the responses recorded for their prompts."""
    with gzip.open(folder / "m-ifeval" / "responses" / responses, "rt", encoding="utf-8") as lines:
        said = {row["prompt"]: row["response"] for row in map(json.loads, lines)}
    rows = read_samples(folder / prompts)
    return [sample(s.prompt_text, said[s.prompt_text], id=s.id, context=s.context) for s in rows]


@pytest.mark.shared
@pytest.mark.parametrize(
    ("model", "published"),
    [("gpt-4o-mini-2024-07-18", 86.0), ("Qwen__Qwen2.5-7B-Instruct-GPTQ-Int4", 80.6), ("CohereForAI__aya-23-8B", 50.6)],
)
def test_published_accuracy_of_recorded_responses(shared_data: Path, model: str, published: float) -> None:
    """Instruction-level strict accuracy in percent, as M-IFEval publishes it, within half a point (their splitter is a trained one)."""
    pytest.importorskip("langdetect")
    samples = answered(shared_data, "ifeval/ifeval.jsonl.gz", f"en.{model}.jsonl.gz")
    found = accuracies(score({"use": USE}, samples))
    assert found["instructions"] == 834 and found["unscored"] == 0
    assert 100 * found["instruction_strict"] == pytest.approx(published, abs=0.51)
    assert found["prompt_strict"] <= found["prompt_loose"] and found["instruction_strict"] <= found["instruction_loose"]


def test_every_known_check_says_what_it_wants() -> None:
    assert all(check.__doc__ for check in CHECKS.values())
