"""Auto-J's pairs: agreement with ties by hand, the published figures of the released output, and what is refused."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from guerdon.benchmarks.autoj import GROUP_OF, AutoJ
from guerdon.cli.main import main
from guerdon.core.errors import DataError, SpecError
from guerdon.core.types import Judgement, Sample, Status
from tests.benchmarks.worlds import autoj_file, by_passes, by_values, measure

SEEN = {0: 1.0, 1: -1.0, 2: 0.0}


def test_by_hand(tmp_path: Path) -> None:
    """Labels first, second, tie, tie, first: both right; one right; both tie; a win in one order; no verdict."""
    spec = {"use": "benchmarks.autoj", "path": str(autoj_file(tmp_path / "d", (0, 1, 2, 2, 0))), "draws": 50}
    passes = [(1.0, -1.0), (-1.0, -1.0), (0.0, 0.0), (0.0, -1.0), (None, None)]  # as shown, in each order
    report = measure(spec, tmp_path / "i.jsonl", lambda s: by_passes(*passes[int(s.id)]))
    assert report.metrics["agreement"] == 2 / 5 and report.primary == "agreement"
    assert report.metrics["consistency"] == 2 / 5, "differing verdicts and missing ones are inconsistent"
    assert report.metrics["single"] == 4 / 5
    assert report.metrics["Code"] == 2 / 3 and report.metrics["NLP Tasks"] == 0.0
    assert any("2 of 10 verdicts could not be read" in n for n in report.notes)


def test_an_order_free_reward_has_one_pass_and_may_tie(tmp_path: Path) -> None:
    spec = {"use": "benchmarks.autoj", "path": str(autoj_file(tmp_path / "d", (0, 1, 2))), "draws": 50}
    near = lambda s: by_values([1.0, 0.9])  # noqa: E731
    strict = measure(spec, tmp_path / "i.jsonl", near)
    assert strict.metrics["agreement"] == pytest.approx(1 / 3) and "consistency" not in strict.metrics
    wide = measure({**spec, "tie_margin": 0.2}, tmp_path / "j.jsonl", near)
    assert [i["value"] for i in wide.items] == [0.0, 0.0, 1.0], (
        "0.1 apart is a tie, which is right where people saw one"
    )
    lost = measure(spec, tmp_path / "k.jsonl", lambda s: Judgement.unscored(2, Status.FAILED, "down"))
    assert lost.metrics["agreement"] is None and lost.unscored == {"failed": 3}


@pytest.mark.parametrize(("change", "field"), [({"label": 3}, "label"), ({"scenario": "poems"}, "scenario"), ({"prompt": None}, "prompt")])  # fmt: skip
def test_a_bad_row_is_named(tmp_path: Path, change: dict[str, Any], field: str) -> None:
    path = autoj_file(tmp_path, (0, 1, 2))
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    rows[2].update(change)
    path.write_text("".join(json.dumps(r) + "\n" for r in rows))
    with pytest.raises(DataError) as error:
        list(AutoJ(path=str(tmp_path)).load())
    assert (error.value.row, error.value.field) == (2, field)


def test_wrong_fields_and_places_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="tie_margin"):
        AutoJ(path="sample", tie_margin=-1)
    with pytest.raises(DataError, match="no testdata_pairwise.jsonl is there"):
        list(AutoJ(path=str(tmp_path)).load())
    assert len(GROUP_OF) == 58


def test_the_command_line_takes_it_and_shows_no_tied_pairs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["bench", "rewards.verifiers.length", "autoj", "--data", "sample"]) == 0
    (report,) = json.loads((tmp_path / "runs" / "length" / "autoj" / "report.json").read_text())["benchmarks"]
    assert report["primary"] == "agreement" and len(report["pairs"]) == 6, "three of the nine shipped pairs are ties"


@pytest.mark.shared
def test_published_figures_on_the_released_output(shared_data: Path, tmp_path: Path) -> None:
    """Auto-J 13B: 55.0 % agreement, 83.4 % consistency."""

    def outputs(name: str) -> list[float]:
        with gzip.open(shared_data / "auto-j" / f"{name}.jsonl.gz", "rt") as file:
            return [SEEN[json.loads(line)["output"]] for line in file]

    given, exchanged = outputs("example_output_pairwise"), outputs("example_output_pairwise_exchange")

    def judged(sample: Sample) -> Judgement:
        return by_passes(given[int(sample.id)], exchanged[int(sample.id)])

    spec = {"use": "benchmarks.autoj", "path": str(shared_data / "auto-j"), "draws": 200}
    report = measure(spec, tmp_path / "i.jsonl", judged)
    assert {k: f"{100 * (report.metrics[k] or 0):.1f}" for k in ("agreement", "consistency")} == {
        "agreement": "55.0", "consistency": "83.4",
    }  # fmt: skip
    assert f"{100 * (report.metrics['agreement'] or 0):.2f}" == "54.96" and not any(
        "were found" in n for n in report.notes
    )
    assert report.notes[0].startswith("373 of 1392")
