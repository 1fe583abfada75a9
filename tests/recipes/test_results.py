"""The results page: accuracies by hand, prompt-wise splits, baselines that can win and lose, a page nobody types."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from guerdon.core.build import build
from guerdon.core.contracts import Fit
from guerdon.core.types import Preference, Sample, answer, sample
from guerdon.data.formats import bigbench_mistake, prmbench
from guerdon.recipes._results import __main__ as program
from guerdon.recipes._results import measure as measuring
from guerdon.recipes._results.accuracy import accuracy, best_threshold
from guerdon.recipes._results.arms import ARMS, SCALAR, methods_of
from guerdon.recipes._results.baselines import baselines
from guerdon.recipes._results.page import page, verdict
from guerdon.recipes._results.sets import SETS, Set, rated

NAN = float("nan")
DOCS = Path(__file__).resolve().parents[2] / "docs"


def pair(number: int, better: str, worse: str, prompt: str = "") -> Sample:
    first = number % 2
    texts = (worse, better) if first else (better, worse)
    return sample(
        prompt or f"p{number}", *texts, id=str(number), preferences=(Preference(better=first, worse=1 - first),)
    )


def solution(number: int, texts: list[str], wrong: list[int]) -> Sample:
    row = {"question": f"q{number}", "modified_process": texts, "error_steps": [w + 1 for w in wrong]}
    return prmbench.read(row, str(number))


def trace(number: int, texts: list[str], first: int | None) -> Sample:
    return bigbench_mistake.read({"input": f"q{number}", "steps": texts, "mistake_index": first}, str(number))


def test_accuracy_of_pairs_leaves_ties_out_and_counts_equal_values_as_wrong() -> None:
    tied = (Preference(better=0, worse=1), Preference(better=0, worse=2), Preference(better=1, worse=2, tie=True))
    made = sample("p", "a", "b", "c", id="x", preferences=tied)
    assert accuracy("lists", [made], [(2.0, 1.0, 2.0)]) == {"x": 0.5}


def test_accuracy_of_steps_is_over_pairs_of_a_right_and_a_wrong_one() -> None:
    made = solution(0, ["a", "b", "c", "d"], [1])
    assert accuracy("steps", [made], [(0.9, 0.5, 0.4, 0.6)]) == {"0": pytest.approx(2 / 3)}
    assert accuracy("steps", [made], [(0.9, 0.5, NAN, NAN)]) == {"0": 1.0}, "an unscored step is in no pair"
    (nothing,) = accuracy("steps", [made], [(0.9, NAN, 0.1, 0.2)]).values()
    assert nothing != nothing


def test_accuracy_of_first_mistakes_is_the_exact_place() -> None:
    rows = [trace(0, ["a", "b", "c"], 1), trace(1, ["a", "b"], None), trace(2, ["a", "b"], 0)]
    values = [(0.9, 0.1, 0.1), (0.9, 0.8), (0.7, 0.1)]
    assert list(accuracy("first", rows, values).values()) == [1.0, 1.0, 0.0]
    limit = best_threshold("first", rows, values)
    assert sum(accuracy("first", rows, values, limit).values()) >= 2 and best_threshold("verify", [], []) == 0.5


def test_accuracy_of_verdicts() -> None:
    made = replace(
        sample("q", id="x"), responses=(answer("a", labels={"correct": 1.0}), answer("b", labels={"correct": 0.0}))
    )
    assert accuracy("verify", [made], [(0.7, 0.6)]) == {"x": 0.5}


def test_splits_are_by_prompt_and_by_seed() -> None:
    rows = [pair(i, "yes", "no", prompt=f"p{i // 3}") for i in range(90)]
    sides = [measuring.split(rows, seed) for seed in (0, 1)]
    for train, test in sides:
        assert not {s.prompt_text for s in train} & {s.prompt_text for s in test} and len(test) == 27
    assert {s.id for s in sides[0][1]} != {s.id for s in sides[1][1]}
    kept = [replace(s, context={"group": "one problem"}) for s in rows[:3]]
    assert len(measuring.split([*kept, *rows[60:]], 0)[1]) % 3 == 0, "a set's own group stands for its prompt"


def test_shuffled_labels_are_the_same_labels_elsewhere() -> None:
    pairs = [pair(i, "yes", "no") for i in range(60)]
    turned = sum(
        a.preferences != b.preferences for a, b in zip(pairs, measuring.shuffled("pairs", pairs, 0), strict=True)
    )
    assert 15 < turned < 45 and measuring.shuffled("pairs", pairs, 0) == measuring.shuffled("pairs", pairs, 0)
    steps = [solution(i, ["a", "b", "c"], [i % 3]) for i in range(30)]
    mixed = measuring.shuffled("steps", steps, 0)
    count = [Counter(v for s in rows for v in s.responses[0].labels.values()) for rows in (steps, mixed)]
    assert count[0] == count[1] and [s.responses[0].labels for s in mixed] != [s.responses[0].labels for s in steps]


def test_length_and_words_win_where_they_decide_and_only_there() -> None:
    long = [pair(i, f"w{i % 7} and more words here", f"w{i % 7}") for i in range(40)]
    wordy = [pair(i, f"good w{i % 7}", f"evil w{i % 7}") for i in range(40)]
    for rows, words in ((long, False), (wordy, True)):
        found = {n: accuracy("pairs", rows[30:], v) for n, (_, v) in baselines("pairs", rows[:30], rows[30:]).items()}
        assert set(found) == {"length", "bag of words"}
        assert min(found["bag of words" if words else "length"].values()) == 1.0
        if words:
            assert sum(found["length"].values()) < 10, "equal lengths tell nothing"


def test_baselines_of_steps_and_of_verdicts() -> None:
    rows = [solution(i, ["fine", "fine too", "wrong"], [2]) for i in range(20)]
    found = baselines("steps", rows[:15], rows[15:])
    assert set(found) == {"length", "bag of words", "position of the step"}
    assert all(v == 1.0 for v in accuracy("steps", rows[15:], found["position of the step"][1]).values())
    asked = replace(sample("q", id="x", reference="Röntgen/W. C. Röntgen"), responses=tuple(
        answer(t, labels={"correct": c}) for t, c in (("the Röntgen.", 1.0), ("It was Röntgen", 1.0), ("Paris", 0.0))))  # fmt: skip
    rules = {n: v[1][0] for n, v in baselines("verify", [asked] * 5, [asked]).items()}
    assert rules["exact match"] == (1.0, 0.0, 0.0) and rules["a gold answer stands in it"] == (1.0, 1.0, 0.0)
    assert rules["always right"] == (1.0, 1.0, 1.0)


def test_ratings_become_pairs_wherever_they_differ() -> None:
    made = rated("x", "p", ["a", "b", "c"], [{"r": 5.0}, {"r": 2.0}, {"r": 5.0}], "r")
    assert {(p.better, p.worse) for p in made.preferences} == {(0, 1), (2, 1)}
    assert [r.labels["level"] for r in made.responses] == [2.0, 0.0, 2.0]


@pytest.mark.parametrize("kind", sorted(ARMS))
def test_every_arm_is_a_spec_that_builds(kind: str) -> None:
    for spec in ARMS[kind].values():
        built = build({"use": "models.reward_model", **spec}, Fit)  # type: ignore[type-abstract]
        assert methods_of(spec) == {built.head.use, built.objective.use}  # type: ignore[attr-defined]


RESULT: dict[str, Any] = {
    "size": "small", "source": "x", "samples": 9, "prompts": 8, "seeds": [0, 1, 2], "held_out": [3, 3, 3],
    "accuracy": {"length": {"kind": "baseline", "value": [70.0, 60.0, 80.0]},
                 "bag of words": {"kind": "baseline", "value": [50.0, 45.0, 55.0]},
                 "Bradley-Terry": {"kind": "objective", "value": [61.5, 55.0, 67.0]}},
    "ahead": {"Bradley-Terry": {"length": [-8.5, -12.0, -2.0], "bag of words": [11.5, 4.0, 19.0]}},
}  # fmt: skip


def test_the_page_says_what_loses() -> None:
    text = page({"hh-rlhf": RESULT})
    assert "| Bradley-Terry | 61.5 [55.0, 67.0] | **-8.5 [-12.0, -2.0]** | **+11.5 [+4.0, +19.0]** |" in text
    assert verdict(RESULT).endswith("(Bradley-Terry) beats bag of words; loses to length.")
    level = {
        **RESULT,
        "accuracy": {**RESULT["accuracy"], "Bradley-Terry": {"kind": "objective", "value": [51.0, 47.0, 55.0]}},
    }
    assert verdict(level).endswith("It is not told from chance.") and "chance" not in verdict(level, by_chance=False)
    assert "| wmt19-darr | not measured yet | | | |" in text


def test_the_page_is_checked_and_measured_sets_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[str] = []

    def measured(found: Set, size: str) -> dict[str, Any]:
        asked.append(f"{found.name} {size}")
        return {**RESULT, "size": size, "source": "now"}

    monkeypatch.setattr(program, "measure", measured)
    monkeypatch.setattr(program, "source_hash", lambda found: "now")
    docs = ["--docs", str(tmp_path)]
    assert program.main(["--check", str(tmp_path)]) == 1
    assert program.main(["--measure", "hh-rlhf", *docs]) == 0 and program.main(["--check", str(tmp_path)]) == 0
    assert program.main(["--measure", "hh-rlhf", *docs]) == 0 and asked == ["hh-rlhf small"]
    assert program.main(["--measure", "hh-rlhf", "--size", "large", *docs]) == 0 and asked[1:] == ["hh-rlhf large"]
    assert program.main(["--measure", "hh-rlhf", "--size", "large", "--again", *docs]) == 0 and len(asked) == 3
    assert program.main(["--measure", "hh-rlhf", "--again", *docs]) == 0 and asked[3:] == ["hh-rlhf large"], "as kept"
    page_file = tmp_path / "results.md"
    page_file.write_text(page_file.read_text().replace("61.5", "91.5"))
    assert program.main(["--check", str(tmp_path)]) == 1, "a figure typed by hand is stale"
    assert program.main(["--measure", "hh-rlf", *docs]) == 2 and "Did you mean 'hh-rlhf'" in capsys.readouterr().err


def test_the_page_in_the_repository_is_what_was_measured() -> None:
    assert (DOCS / "results.md").read_text(encoding="utf-8") == page(json.loads((DOCS / "results.json").read_text()))


@pytest.mark.slow
def test_a_set_is_measured_whole(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    rows = [pair(i, f"The capital of land {i} is Paris.", f"I would rather not say {i}.") for i in range(24)]
    made = Set("toy", "a toy", "pairs", lambda folder, count: rows[:count], 24, 64)
    monkeypatch.setattr(measuring, "data_folder", lambda: tmp_path)
    monkeypatch.setattr(measuring, "SEEDS", (0,))
    monkeypatch.setitem(
        measuring.ARMS,
        "pairs",
        {"Bradley-Terry": {"head": dict(SCALAR), "objective": {"use": "models.objectives.bradley_terry"}}},
    )  # type: ignore[arg-type]
    found = measuring.measure(made)
    assert found["held_out"] == [7] and found["samples"] == found["prompts"] == 24
    assert (
        found["accuracy"]["Bradley-Terry"]["value"][0] == 100.0
        and found["accuracy"]["bag of words"]["value"][0] == 100.0
    )
    assert found["accuracy"]["labels at random"]["kind"] == "control" and "length" in found["ahead"]["Bradley-Terry"]
    assert json.loads(json.dumps(found, allow_nan=False)) == found


@pytest.mark.shared
@pytest.mark.parametrize("found", SETS, ids=lambda s: s.name)
def test_a_set_of_the_data_folder_has_what_its_kind_counts(found: Set, shared_data: Path) -> None:
    rows = found.load(shared_data, 20 if found.name != "ukp-convarg" else 28)
    assert 15 <= len(rows) <= 28 and len({s.id for s in rows}) == len(rows)
    if found.kind in ("steps", "first"):
        assert all(r.steps for s in rows for r in s.responses)
    elif found.kind == "verify":
        assert all(s.reference and "correct" in r.labels for s in rows for r in s.responses)
    else:
        assert all(any(not p.tie for p in s.preferences) for s in rows)
    assert rows == found.load(shared_data, 20 if found.name != "ukp-convarg" else 28)
