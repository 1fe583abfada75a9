"""`guerdon train` and `guerdon score` with a network over parts: the rows as published, the folder as a SPEC."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from guerdon.cli.main import main

SPEC = """
[train]
use = "models.parts_model"
features = ["relevance", "conciseness"]
epochs = 4
evaluations = 1
[train.reward]
use = "rewards.labels"
names = ["relevance", "conciseness"]
"""


def rows(count: int) -> list[dict[str, Any]]:
    """OpinPref rows, the last without one of its scores."""
    rng, made = np.random.default_rng(0), []
    for i in range(count):
        scores = rng.uniform(0, 5, (2, 2)).round(2)
        sides = {
            name: {"index": j, "summary-text": f"Summary {j}.",
                   "summary-score": {"relevance": scores[j, 0], "conciseness": scores[j, 1]}}
            for j, name in enumerate(("summary-one", "summary-two"))
        }  # fmt: skip
        made.append({"unique-id": i, "reviews": [f"Review {i}."], "summary-pairs": sides,
                     "preference-data": 1 + int(scores[1].sum() > scores[0].sum())})  # fmt: skip
    made[-1]["summary-pairs"]["summary-one"]["summary-score"]["relevance"] = None
    return made


def test_published_rows_train_a_folder_that_scores(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "spec.toml").write_text(SPEC)
    data, model, scores = tmp_path / "opinpref.jsonl", tmp_path / "m", tmp_path / "scores.jsonl"
    data.write_text("".join(json.dumps(r) + "\n" for r in rows(40)))
    assert main(["train", str(tmp_path / "spec.toml"), str(data), "-o", str(model)]) == 0
    said = capsys.readouterr().out
    assert "39 of 40 pairs used" in said and "1 left out: a feature of the response is missing" in said
    assert "held-out accuracy" in said and "texts cut" not in said
    assert main(["score", str(model), str(data), "-o", str(scores)]) == 0
    found = [json.loads(line)["scores"] for line in scores.read_text().splitlines()]
    assert len(found) == 40 and all(0 < s["value"] < 1 for row in found[:-1] for s in row)
    assert found[-1][0]["value"] is None and "relevance" in found[-1][0]["error"] and found[-1][1]["value"] is not None
