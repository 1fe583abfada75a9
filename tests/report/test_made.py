"""What made the run: one file a reward that builds it again, the rest beside it."""

from __future__ import annotations

import tomllib
from typing import Any

from guerdon.report.made import made_line, made_section, specs
from guerdon.report.model import Provenance
from tests.report.parsed import parse


def test_a_run_of_several_rewards_gives_a_file_each() -> None:
    run: dict[str, Any] = {
        "spec": {"a": {"use": "rewards.verifiers.exact"}, "b": {"use": "rewards.verifiers.length", "sign": -1}},
        "baselines": {"length": {"use": "rewards.verifiers.length"}}, "benchmarks": {},
    }  # fmt: skip
    found = dict(specs(run))
    assert list(found) == ["Spec of a", "Spec of b", "Baselines"]
    assert tomllib.loads(found["Spec of b"]) == {"reward": run["spec"]["b"]}
    assert tomllib.loads(found["Baselines"]) == run["baselines"]


def test_a_single_spec_and_none() -> None:
    assert [t for t, _ in specs({"use": "rewards.verifiers.exact"})] == ["Spec"]
    assert list(specs({})) == []
    assert "<h3>" not in made_section(Provenance())


def test_the_line_at_the_top() -> None:
    p = Provenance(started="2026-01-15", seconds=75.0, cost=0.125, versions={"guerdon": "0.1.0"})
    assert made_line(p).replace("\u00a0", " ") == "Started 2026-01-15 · took 1 min 15 s · cost $0.12 · guerdon 0.1.0"
    assert made_line(Provenance()) == ""


def test_nested_data_is_flat_rows() -> None:
    tree = parse(made_section(Provenance(data={"hh": {"sha256": "ab12", "rows": 3}}, seeds={"x": [1, 2]})))
    cells = [c.text for c in tree.find_all("td")] + [c.text for c in tree.find_all("th")]
    assert {"hh.sha256", "ab12", "hh.rows", "3", "1, 2"} <= set(cells)


def test_names_and_specs_are_escaped() -> None:
    evil = "<img src=x>"
    tree = parse(
        made_section(Provenance(spec={"spec": {evil: {"use": evil}}}, commands=(evil,), versions={evil: evil}))
    )
    assert not tree.find_all("img") and tree.text.count(evil) == 5


def test_what_was_asked_of_engines_is_told_where_anything_was() -> None:
    p = Provenance(asked={"judge on <b>": "3 calls, 0 from cache, 1 retries, 5 tokens in, 2 out, p50 0.2 s, p99 1 s"})
    cells = [c.text for c in parse(made_section(p)).find_all("td")]
    assert any("p99 1 s" in c for c in cells) and "<b>" not in made_section(p)
    assert "Calls" not in made_section(Provenance())
