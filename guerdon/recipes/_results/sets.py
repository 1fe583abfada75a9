"""The data sets of the results page: how each is read, cut down by a hash of its ids, and what makes two prompts one.

Every set gives samples whose `preferences` are the pairs that accuracy is counted on: the human choices, all responses of a
prompt with differing ratings, or a right and a wrong step of one solution (by number of step). Sets of steps keep them as
labels; sets for verifiers have the label `correct`.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from guerdon.core.catalog import ROOT
from guerdon.core.errors import DataError
from guerdon.core.types import Preference, Response, Sample, answer, sample
from guerdon.data.formats.stepwise import step_labels
from guerdon.data.read import Skipped, read_samples


@dataclass(frozen=True)
class Set:
    """One data set: its folder · what it is about · kind: how accuracy is counted · load · small: prompts or pairs kept."""

    name: str
    about: str
    kind: str
    load: Callable[[Path, int], list[Sample]]
    small: int
    max_length: int = 160


def data_folder() -> Path:
    """GUERDON_DATA, else `shared/data` beside the checkout. Raises DataError where it is not there."""
    folder = Path(os.environ.get("GUERDON_DATA", ROOT.parents[1] / "shared" / "data"))
    if not folder.is_dir():
        raise DataError(f"the data folder {folder} does not exist: set GUERDON_DATA")
    return folder


def place(text: str) -> str:
    """Where an id stands in the order of hashes."""
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


def first(rows: Iterable[Sample], count: int, key: Callable[[Sample], str] = lambda s: s.id) -> list[Sample]:
    """The `count` samples with the least hash of their key."""
    return sorted(rows, key=lambda s: place(key(s)))[:count]


def hh_rlhf(folder: Path, count: int) -> list[Sample]:
    files = ("harmless_base_test", "helpful_test")
    rows = [
        replace(s, id=f"{file}:{s.id}") for file in files for s in read_samples(folder / "hh-rlhf" / f"{file}.jsonl.gz")
    ]
    return first((s for s in rows if all(r.text.strip() for r in s.responses)), count)


def wmt19_darr(folder: Path, count: int) -> list[Sample]:
    """The reference translation stands as the prompt: the backbone reads English, the sources are Gujarati and Kazakh."""
    columns = {"prompt": "ref", "chosen": "better", "rejected": "worse", "id": ""}
    rows = [
        replace(s, id=f"{pair}:{s.id}", context={})
        for pair in ("gu-en", "kk-en")
        for s in read_samples(folder / "wmt19-darr" / f"{pair}.jsonl.gz", columns=columns)
    ]
    return first(rows, count)


def ukp_convarg(folder: Path, count: int) -> list[Sample]:
    """As many pairs of each topic; the topic is the prompt."""
    columns = {"prompt": "topic", "response_a": "a1", "response_b": "a2"}
    by_topic: dict[str, list[Sample]] = {}
    for s in read_samples(folder / "ukp-convarg" / "pairs_strict.jsonl.gz", columns=columns):
        by_topic.setdefault(s.prompt_text, []).append(s)
    return [s for rows in by_topic.values() for s in first(rows, count // len(by_topic))]


def _lines(path: Path) -> Iterator[Any]:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)


def rated(id: str, prompt: str, texts: Sequence[str], ratings: Sequence[Mapping[str, float]], by: str) -> Sample:
    """A sample with ratings, a pair wherever `by` differs, and thirds of its scale 1 to 5 as `level`."""
    values = [r[by] for r in ratings]
    responses = tuple(
        answer(t, labels={**r, "level": float((r[by] > 7 / 3) + (r[by] > 11 / 3))})
        for t, r in zip(texts, ratings, strict=True)
    )
    pairs = tuple(Preference(better=i, worse=j) for i, a in enumerate(values) for j, b in enumerate(values) if a > b)
    return replace(sample(prompt, *texts, id=id, preferences=pairs), responses=responses)


def summ_human(folder: Path, count: int) -> list[Sample]:
    """SummEval's expert ratings, 1 to 5; six of the sixteen summaries of an article; pairs go by coherence."""
    made = []
    for row in _lines(folder / "summ-human" / "SummEval.jsonl.gz"):
        kept = sorted(row["summaries"], key=lambda s, id=row["id"]: place(f"{id}:{s['system']}"))[:6]  # type: ignore[misc]
        texts, ratings = [s["text"] for s in kept], [s["human"] for s in kept]
        made.append(rated(row["id"], row["src"], texts, ratings, "coherence"))
    return first((s for s in made if s.preferences), count)


def biggen_bench(folder: Path, count: int) -> list[Sample]:
    """Answers to MT-Bench and Vicuna prompts with GPT-4's scores 1 to 5 (the mean of three), taken out of the judge prompts."""
    groups: dict[str, list[tuple[str, str, float]]] = {}
    for name in ("mt_bench_eval", "vicuna_eval"):
        for row in _lines(folder / "biggen-bench" / f"{name}.jsonl.gz"):
            asked, said = _between(row["instruction"])
            scores = row["gpt4_score"]
            groups.setdefault(f"{name}:{row['idx']}", []).append((asked, said, sum(scores) / len(scores)))
    made = [
        rated(id, rows[0][0], [r[1] for r in rows], [{"rating": r[2]} for r in rows], "rating")
        for id, rows in groups.items()
        if all(r[1].strip() for r in rows)
    ]
    return first((s for s in made if s.preferences), count)


def _between(text: str) -> tuple[str, str]:
    """Instruction and response of a complete judge prompt."""
    asked = text.partition("###The instruction to evaluate:")[2].partition("###Response to evaluate:")
    return asked[0].strip(), asked[2].partition("###Reference Answer")[0].strip()


def finegrained_rlhf(folder: Path, count: int) -> list[Sample]:
    """Four answers of a question and six human comparisons, ties among them."""
    made = []
    pairs = [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)]
    for number, row in enumerate(_lines(folder / "finegrained-rlhf-dev" / "dev_feedback.jsonl.gz")):
        found = tuple(
            Preference(better=j if said == 2 else i, worse=i if said == 2 else j, tie=said == 0)
            for (i, j), said in zip(pairs, row["preference"], strict=True)
        )
        texts = [row[f"prediction {n}"] for n in range(1, 5)]
        if all(t.strip() for t in texts) and any(not p.tie for p in found):
            made.append(sample(row["question"], *texts, id=f"dev:{number}", preferences=found))
    return first(made, count)


def prmbench(folder: Path, count: int) -> list[Sample]:
    """Solutions with both right and wrong steps; every step is labelled."""
    skipped = Skipped()
    rows = read_samples(folder / "prmbench" / "prmbench.jsonl.gz", skipped=skipped)
    made = (replace(s, context={"group": s.context["original_question"]}) for s in rows)
    return first((s for s in made if len(set(step_labels(s.responses[0]))) == 2), count)


def bigbench_mistake(folder: Path, count: int) -> list[Sample]:
    """As many traces of each of the five tasks; labelled up to the first mistake, or wholly right."""
    made: list[Sample] = []
    for path in sorted((folder / "bigbench-mistake").glob("*.jsonl.gz")):
        rows = [replace(s, id=f"{path.name}:{n}", context={}) for n, s in enumerate(read_samples(path))]
        made += first(rows, count // 5)
    return made


def evouna_nq(folder: Path, count: int) -> list[Sample]:
    """Five systems' answers of a proper question, judged right or wrong by people; the gold answers are the reference."""
    made = []
    systems = ("fid", "gpt35", "chatgpt", "gpt4", "newbing")
    for number, row in enumerate(_lines(folder / "evouna-nq" / "nq.jsonl.gz")):
        said = [n for n in systems if str(row[f"answer_{n}"] or "").strip() and not row["improper"]]
        responses: tuple[Response, ...] = tuple(
            answer(str(row[f"answer_{n}"]), labels={"correct": float(row[f"judge_{n}"])}) for n in said
        )
        if responses:
            asked = sample(row["question"], id=f"nq:{number}", reference=row["golden_answer"])
            made.append(replace(asked, responses=responses))
    return first(made, count)


SETS = (
    Set("hh-rlhf", "human choices between two replies, helpful and harmless", "pairs", hh_rlhf, 300),
    Set("wmt19-darr", "human rankings of translations; the reference is the prompt", "pairs", wmt19_darr, 400),
    Set("ukp-convarg", "which of two arguments convinces more; split by topic", "pairs", ukp_convarg, 336),
    Set("summ-human", "SummEval: experts' coherence of summaries", "ratings", summ_human, 60),
    Set("biggen-bench", "GPT-4's scores of answers to MT-Bench and Vicuna prompts", "gpt4", biggen_bench, 80),
    Set("finegrained-rlhf-dev", "six human comparisons of four answers, with ties", "lists", finegrained_rlhf, 120),
    Set("prmbench", "right and wrong steps of mathematical solutions", "steps", prmbench, 200, 256),
    Set("bigbench-mistake", "where the first mistake of a chain of thought is", "first", bigbench_mistake, 200, 256),
    Set("evouna-nq", "is a free-form answer right, given the gold answers", "verify", evouna_nq, 200, 128),
)
