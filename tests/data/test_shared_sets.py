"""Every set of the data folder that a format is meant for, read whole: row counts and what the rows say."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from guerdon.core.errors import DataError
from guerdon.core.types import Sample
from guerdon.data.detect import detect
from guerdon.data.formats import hh
from guerdon.data.formats.stepwise import step_labels
from guerdon.data.read import Skipped, read_samples
from guerdon.data.rename import rename
from guerdon.data.source import open_source
from guerdon.data.write import row_of

pytestmark = pytest.mark.shared


@dataclass(frozen=True)
class Set:
    """A file of the data folder: the format it must be found to have, its rows, and how its columns are called."""

    file: str
    format: str
    rows: int
    columns: dict[str, str] = field(default_factory=dict)
    bad: int = 0


TRANSLATIONS = {"prompt": "src", "chosen": "better", "rejected": "worse", "reference": "ref"}
PROBES = {"prompt": "question", "chosen": "answer_matching_behavior", "rejected": "answer_not_matching_behavior"}
PRMBENCH = {"prompt": "question", "completions": "modified_process", "id": ""}
PROCESSBENCH = {"prompt": "problem", "completions": "steps", "first_error": "label"}
MISTAKE = {"prompt": "input", "completions": "steps", "first_error": "mistake_index"}
CODE = {"prompt": "instruction", "chosen": "canonical_solution", "rejected": "buggy_solution", "id": "task_id"}
RATED = {"prompt": "src", "response": "text", "ratings": "human"}

SETS = (
    Set("hh-rlhf/harmless_base_test.jsonl.gz", "hh", 2312),
    Set("hh-rlhf/helpful_test.jsonl.gz", "hh", 2352),
    Set("rm-bench/chat_filtered.jsonl.gz", "rm_bench", 129),
    Set("rm-bench/code_filtered.jsonl.gz", "rm_bench", 228),
    Set("rm-bench/safety-refuse_filtered.jsonl.gz", "rm_bench", 284),
    Set("rm-bench/safety-response_filtered.jsonl.gz", "rm_bench", 157),
    Set("judgebench/pairs.gpt-4o-2024-05-13.jsonl.gz", "labelled_pair", 350, {"id": "pair_id"}),
    Set("judgebench/pairs.claude-3-5-sonnet-20240620.jsonl.gz", "labelled_pair", 270, {"id": "pair_id"}),
    Set("llmbar/natural.jsonl", "labelled_pair", 100),
    Set("llmbar/adversarial_neighbor.jsonl", "labelled_pair", 134),
    Set("llmbar/processed_mtbench.jsonl", "labelled_pair", 200),
    Set("ukp-convarg/pairs_strict.jsonl.gz", "labelled_pair", 10334,
        {"prompt": "topic", "response_a": "a1", "response_b": "a2"}),
    Set("dpo-demo/dpo_en_demo.jsonl.gz", "preference", 300),
    Set("dpo-demo/dpo_zh_demo.jsonl.gz", "preference", 300),
    Set("dpo-demo/kto_en_demo.jsonl.gz", "unpaired", 300),
    Set("wmt19-darr/gu-en.jsonl.gz", "preference", 20110, TRANSLATIONS),
    Set("wmt19-darr/kk-en.jsonl.gz", "preference", 9728, TRANSLATIONS),
    Set("anthropic-model-evals/agreeableness.jsonl.gz", "preference", 1000, PROBES),
    Set("anthropic-model-evals/survival-instinct.jsonl.gz", "preference", 953, PROBES),
    Set("code-tests/humanevalpack_python.jsonl.gz", "preference", 164, CODE),
    # 100 rows call a step wrong that is one past the last: an error of the set, told row by row
    Set("prmbench/prmbench.jsonl.gz", "stepwise", 6116, PRMBENCH, bad=100),
    Set("prmbench/subset400.jsonl.gz", "stepwise", 383, PRMBENCH, bad=11),
    Set("processbench/gsm8k.jsonl.gz", "stepwise", 400, PROCESSBENCH),
    Set("processbench/math.jsonl.gz", "stepwise", 1000, PROCESSBENCH),
    Set("prmbench/prmbench.jsonl.gz", "prmbench", 6116, bad=100),
    Set("processbench/math.jsonl.gz", "processbench", 1000),
    Set("bigbench-mistake/word_sorting.jsonl.gz", "bigbench_mistake", 300),
    Set("bigbench-mistake/dyck_languages.jsonl.gz", "bigbench_mistake", 986),
    Set("bigbench-mistake/word_sorting.jsonl.gz", "stepwise", 266, MISTAKE, bad=34),  # null: no mistake, so no label
    Set("summ-human/D2T_SFHOT.jsonl.gz", "ratings", 875, RATED),
    Set("ifeval/ifeval.jsonl.gz", "ifeval", 541),
    Set("ifbench/ifbench_test.jsonl.gz", "ifeval", 300),
    Set("m-ifeval/es.jsonl.gz", "ifeval", 115),
    Set("m-ifeval/fr.jsonl.gz", "ifeval", 235),
    Set("m-ifeval/ja.jsonl.gz", "ifeval", 172),
    Set("xstest/completions.gpt4.jsonl.gz", "plain", 450),
    Set("gsm8k/train.jsonl.gz", "plain", 7473, {"prompt": "question", "response": "answer"}),
    Set("auto-j/testdata_critique.jsonl.gz", "plain", 232),
    Set("dices/dices_990.jsonl.gz", "plain", 990, {"prompt": "instance.user_prompt", "response": "instance.response"}),
)  # fmt: skip


def load(shared_data: Path, name: str, **options: Any) -> list[Sample]:
    return list(read_samples(shared_data / name, **options))


@pytest.mark.parametrize("found", SETS, ids=lambda s: s.file)
def test_a_set_is_read_whole_and_its_format_found(shared_data: Path, found: Set) -> None:
    skipped = Skipped()
    samples = load(shared_data, found.file, columns=found.columns, skipped=skipped)
    assert (len(samples), skipped.count) == (found.rows, found.bad)
    assert len({s.id for s in samples}) == found.rows
    rows = open_source(shared_data / found.file).rows()
    assert detect([rename(next(rows)[1], found.columns) for _ in range(8)]) == found.format


@pytest.mark.parametrize("found", SETS[::3], ids=lambda s: s.file)
def test_its_samples_can_be_written_in_its_format(shared_data: Path, found: Set) -> None:
    """`row_of` raises for a sample that would not be read back equal."""
    from guerdon.data.detect import format_named

    for sample in load(shared_data, found.file, columns=found.columns, skipped=Skipped(), limit=200):
        row_of(sample, format_named(found.format), found.format)


@pytest.mark.parametrize("name", ["harmless_base_test", "helpful_test"])
def test_every_hh_transcript_is_rebuilt_exactly(shared_data: Path, name: str) -> None:
    path = shared_data / "hh-rlhf" / f"{name}.jsonl.gz"
    rows = (row for _, row in open_source(path).rows())
    for row, sample in zip(rows, read_samples(path), strict=True):
        chosen, rejected = (hh.join(sample.prompt + r.messages) for r in sample.responses)
        assert (chosen, rejected) == (row["chosen"], row["rejected"])
        assert sample.prompt
        assert all(r.messages[0].role == "assistant" for r in sample.responses)


def test_ukp_labels_name_the_better_argument(shared_data: Path) -> None:
    path = shared_data / "ukp-convarg/pairs_strict.jsonl.gz"
    samples = read_samples(path, columns={"prompt": "topic", "response_a": "a1", "response_b": "a2"})
    for (_, row), sample in zip(open_source(path).rows(), samples, strict=True):
        better = sample.responses[sample.preferences[0].better].text
        assert better == row[row["label"]]


def test_prmbench_labels_are_its_error_steps(shared_data: Path) -> None:
    """83,456 step labels in 6,216 problems (arXiv 2501.03124); those of the rows with a step too many are left out."""
    skipped, labels = Skipped(), 0
    for sample in read_samples(shared_data / "prmbench/prmbench.jsonl.gz", columns=PRMBENCH, skipped=skipped):
        found = step_labels(sample.responses[0])
        assert [r for r in found if r not in (0.0, 1.0)] == []
        labels += len(found)
    assert all(e.field == "error_steps" for e in skipped.errors)
    assert labels + steps_of(shared_data, skipped) == 83_456


def steps_of(shared_data: Path, skipped: Skipped) -> int:
    rows = dict(open_source(shared_data / "prmbench/prmbench.jsonl.gz").rows())
    return sum(len(rows[e.row]["modified_process"]) for e in skipped.errors if e.row is not None)


def test_processbench_labels_its_first_error(shared_data: Path) -> None:
    samples = load(shared_data, "processbench/gsm8k.jsonl.gz", columns=PROCESSBENCH)
    first = [step_labels(s.responses[0]) for s in samples]
    assert sum(0.0 in labels for labels in first) == 207
    assert all(labels.count(0.0) <= 1 for labels in first)


@pytest.mark.parametrize(
    ("file", "columns"),
    [
        ("hanna/scores.jsonl.gz", "system, story, Relevance"),  # scores without texts
        ("gsm8k/test.jsonl.gz", "question, answer"),  # is the answer a response or the reference? say it
        ("healthbench-sample/healthbench_sample.jsonl.gz", "prompt, prompt_id, rubrics"),  # prompts without responses
    ],
)
def test_a_set_of_no_format_lists_its_columns(shared_data: Path, file: str, columns: str) -> None:
    with pytest.raises(DataError, match="no known format fits the columns found") as caught:
        load(shared_data, file)
    assert columns in str(caught.value)


def test_a_label_that_sets_disagree_on_is_refused(shared_data: Path) -> None:
    """auto-j says 0, 1 and 2 for the first, the second and a tie; llmbar 1 and 2 for the first and the second."""
    with pytest.raises(DataError, match="field 'label': expected A>B"):
        load(shared_data, "auto-j/testdata_pairwise.jsonl.gz",
             columns={"response_a": "response 1", "response_b": "response 2"})  # fmt: skip
