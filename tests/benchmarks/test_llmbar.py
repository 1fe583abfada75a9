"""LLMBar: the two-order protocol by hand, the recorded judges' published figures, and what is refused."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from guerdon.benchmarks.llmbar import LlmBar
from guerdon.cli.main import main
from guerdon.core.errors import DataError, SpecError
from guerdon.core.types import Judgement, Sample, Score, Status, Trial
from guerdon.engines.scripted import Scripted
from guerdon.rewards.judges.vanilla import Vanilla
from tests.benchmarks.worlds import by_passes, by_values, llmbar_folder, measure, run_reward

FIVE = {"natural": 4, "neighbor": 2, "gptinst": 2, "gptout": 2, "manual": 2}
WINNER = {"1": 1.0, "2": -1.0, None: None}


@pytest.fixture
def spec(tmp_path: Path) -> dict[str, Any]:
    return {"use": "benchmarks.llmbar", "path": str(llmbar_folder(tmp_path / "data", FIVE)), "draws": 100}


def label(sample: Sample) -> float:
    return 1.0 if sample.preferences[0].better == 0 else -1.0


def test_by_hand(spec: dict[str, Any], tmp_path: Path) -> None:
    """natural: right+right, right+wrong, none+right, none+none -> given 2/4, swapped 2/4, both 1/4, agreement 2/4."""
    natural = [(1, 1), (1, -1), (None, 1), (None, None)]

    def judged(sample: Sample) -> Judgement:
        subset, number = sample.id.split("/")
        given, swapped = natural[int(number)] if subset == "natural" else (1, 1)
        # a verdict speaks of the outputs as shown, so the one in the swapped order is turned
        seen = None if given is None else given * label(sample)
        return by_passes(seen, None if swapped is None else -swapped * label(sample))

    report = measure(spec, tmp_path / "i.jsonl", judged)
    found = {name.removeprefix("natural."): v for name, v in report.metrics.items() if name.startswith("natural.")}
    # rows 0 and 2 are labelled 1, rows 1 and 3 are labelled 2: "output 1" is said as 1 0 0 0 and 1 1 1 0
    kappa = 1 - (2 / 4) / ((1 / 4) * (1 / 4) + (3 / 4) * (3 / 4))
    assert found == {"given": 0.5, "swapped": 0.5, "both": 0.25, "agreement": 0.5, "kappa": pytest.approx(kappa)}
    assert report.metrics["natural"] == 0.5 and report.metrics["adversarial"] == 1.0
    assert report.metrics["overall"] == pytest.approx((0.5 + 4) / 5) and report.primary == "overall"
    assert any("3 of 24 verdicts could not be read" in n for n in report.notes)


def test_a_judge_that_always_says_the_first_scores_chance(spec: dict[str, Any]) -> None:
    report = run_reward(spec, Vanilla(engine=Scripted(reply="Output (a)")))
    assert report.metrics["overall"] == 0.5 and report.metrics["natural.agreement"] == 0.0
    assert report.metrics["natural.both"] == 0.0


def test_ties_of_scores(spec: dict[str, Any], tmp_path: Path) -> None:
    half = measure(spec, tmp_path / "i.jsonl", lambda s: by_values([1.0, 1.0]))
    assert half.metrics["overall"] == 0.5 and "natural.agreement" not in half.metrics
    assert measure({**spec, "ties": "wrong"}, tmp_path / "j.jsonl", lambda s: by_values([1, 1])).metrics["overall"] == 0


def test_a_failed_call_is_left_out(spec: dict[str, Any], tmp_path: Path) -> None:
    failed = Judgement(
        scores=(Score.unscored(Status.FAILED, "down"),) * 2,
        trials=(Trial(order=(0, 1), verdict=1.0), Trial(order=(1, 0), status=Status.FAILED)),
    )
    first = lambda s: failed if s.id == "natural/0" else by_passes(label(s), -label(s))  # noqa: E731
    report = measure(spec, tmp_path / "i.jsonl", first)
    assert report.unscored == {"failed": 1} and report.metrics["natural"] == 1.0
    assert any("1 of 12 pairs have no outcome" in n for n in report.notes)


def test_one_pass_that_left_only_its_status_stands_in_its_place(spec: dict[str, Any], tmp_path: Path) -> None:
    """Only the swapped order was read, and rightly: the given order is the one that is wrong."""

    def judged(sample: Sample) -> Judgement:
        lost = (Score.unscored(Status.UNPARSED, "x"),) * 2
        return Judgement(scores=lost, trials=(Trial(order=(1, 0), verdict=-label(sample)),))

    report = measure(spec, tmp_path / "i.jsonl", judged)
    assert report.metrics["natural.given"] == 0.0 and report.metrics["natural.swapped"] == 1.0


def test_files_of_every_form(tmp_path: Path) -> None:
    plain = llmbar_folder(tmp_path / "plain", FIVE)
    released = tmp_path / "released"
    for subset, folder in {"natural": "Natural", "gptout": "Adversarial/GPTOut"}.items():
        place = released / "Dataset" / "LLMBar" / folder
        place.mkdir(parents=True)
        rows = [json.loads(line) for line in (plain / f"{subset}.jsonl").read_text().splitlines()]
        (place / "dataset.json").write_text(json.dumps(rows))
    subsets = ("natural", "gptout")
    assert list(LlmBar(path=str(released), subsets=subsets).load()) == list(
        LlmBar(path=str(plain), subsets=subsets).load()
    )
    with pytest.raises(DataError, match="the subset 'neighbor' .neighbor.jsonl. is not there; name the subsets"):
        list(LlmBar(path=str(released)).load())
    with pytest.raises(DataError, match="expected a folder"):
        list(LlmBar(path=str(tmp_path / "nothing")).load())


@pytest.mark.parametrize("change", [{"label": 3}, {"label": True}, {"output_2": None}, {"input": 5}])
def test_a_bad_row_is_named(tmp_path: Path, change: dict[str, Any]) -> None:
    folder = llmbar_folder(tmp_path, {"natural": 3})
    rows = [json.loads(line) for line in (folder / "natural.jsonl").read_text().splitlines()]
    rows[1].update(change)
    (folder / "natural.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows))
    with pytest.raises(DataError) as error:
        list(LlmBar(path=str(folder), subsets=("natural",)).load())
    assert error.value.row == 1 and error.value.field == next(iter(change)) and "natural.jsonl" in str(error.value.file)


def test_wrong_fields_are_refused() -> None:
    with pytest.raises(SpecError, match="Did you mean 'natural'"):
        LlmBar(path="sample", subsets=("naturl",))
    with pytest.raises(SpecError, match="once"):
        LlmBar(path="sample", subsets=())


def test_the_command_line_takes_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert (
        main(["bench", "rewards.verifiers.length", "llmbar", "--data", "sample", "--subsets", "natural,neighbor"]) == 0
    )
    (report,) = json.loads((tmp_path / "runs" / "length" / "llmbar" / "report.json").read_text())["benchmarks"]
    assert {"natural", "neighbor"} <= set(report["rewards"][0]["report"]["metrics"])
    assert len(list(LlmBar.example().load())) == 16


@pytest.mark.shared
@pytest.mark.parametrize(
    "judge", [f"{m}.{s}" for m in ("GPT-4", "ChatGPT", "LLaMA2") for s in ("Vanilla", "CoT", "Swap")]
)
def test_published_figures_on_the_recorded_verdicts(shared_data: Path, tmp_path: Path, judge: str) -> None:
    """statistics.json, to the printed digit, from judgements stored as verdicts in each order."""
    stem = shared_data / "llmbar" / "recorded" / f"natural.{judge}"
    with gzip.open(f"{stem}.jsonl.gz", "rt", encoding="utf-8") as file:
        last = [json.loads(line)["results"][-1] for line in file]
    published = json.loads(Path(f"{stem}.statistics.json").read_text())

    def judged(sample: Sample) -> Judgement:
        given, swapped = (
            WINNER[last[int(sample.id.split("/")[1])][f"swap = {order}"]["winner"]] for order in (False, True)
        )
        return by_passes(given, None if swapped is None else -swapped)  # recorded as outputs 1 and 2, not as shown

    spec = {"use": "benchmarks.llmbar", "path": str(shared_data / "llmbar"), "subsets": ["natural"], "draws": 50}
    metrics = measure(spec, tmp_path / "i.jsonl", judged).metrics
    counts = {"given": "correct_False", "swapped": "correct_True", "both": "correct_both", "agreement": "equal"}
    for name, line in counts.items():
        assert f"{round(100 * (metrics[f'natural.{name}'] or 0))} / 100" == published[line].split(" =")[0], name
    assert f"{100 * (metrics['natural'] or 0):.1f}%" == published["correct_average"]
    assert metrics["natural.kappa"] == pytest.approx(published["kappa_agreement"], abs=1e-12)


@pytest.mark.shared
def test_the_pairs_of_the_release(shared_data: Path) -> None:
    subsets = ("natural", "neighbor", "manual")
    samples = list(LlmBar(path=str(shared_data / "llmbar"), subsets=subsets).load())
    assert len(samples) == 100 + 134 + 46 and len({s.id for s in samples}) == len(samples)
    report = LlmBar(path="", subsets=subsets).report(samples, [by_values([1.0, 0.0])] * len(samples))
    assert not any("were found" in n for n in report.notes) and report.metrics["natural"] == 0.42
