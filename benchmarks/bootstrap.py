"""The paired and clustered bootstrap of many rewards on the same items, against a plain loop over draws.

    python benchmarks/bootstrap.py [--rewards 20] [--items 5000] [--draws 2000] [--loop-draws 100] [--runs 5] [--cluster 5]

Ours: `metrics.paired.all_differences`, every pair's difference, interval and p, without and with clusters of `--cluster` items. `loop`: what one
writes by hand, draw by draw: pick rows (or clusters, and gather their rows), average the picked rows of every reward. It runs
`--loop-draws` draws of the same counts, and its time is scaled to `--draws`; its means of those draws must agree with ours within
1e-9. `ratio`: the loop's scaled seconds over ours, the medians of `--runs` runs in turn, with the smallest and largest. One
thread. `under_a_second`: whether the slower of the two medians is.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import time
from typing import Any

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"

import numpy as np  # noqa: E402 - the number of threads is read when numpy is loaded

from guerdon.metrics.bootstrap import resampled_counts, resampled_means  # noqa: E402
from guerdon.metrics.paired import all_differences  # noqa: E402

AGREE = 1e-9


def picks(asked: argparse.Namespace, labels: Any) -> list[Any]:
    """The first draws of our bootstrap as lists of picked rows, or of picked clusters, in the order a hand-written loop has them."""
    total = asked.items if labels is None else int(labels[-1]) + 1
    counts = np.concatenate(list(resampled_counts(total, asked.draws, 0)))[: asked.loop_draws]
    return [np.repeat(np.arange(total), row.astype(int)) for row in counts]


def loop(values: Any, drawn: list[Any], members: Any) -> Any:
    """Means [draws, rewards], one draw after the other."""
    found = []
    for picked in drawn:
        rows = picked if members is None else np.concatenate([members[c] for c in picked])
        found.append([values[rows, reward].mean() for reward in range(values.shape[1])])
    return np.array(found)


def measured(asked: argparse.Namespace, values: Any, labels: Any) -> dict[str, Any]:
    """Both sides in turn, and whether they agree."""
    drawn = picks(asked, labels)
    members = None if labels is None else np.split(np.arange(asked.items), np.flatnonzero(np.diff(labels)) + 1)
    clusters = None if labels is None else labels.tolist()
    ours, theirs = [], []
    for _ in range(asked.runs):
        started = time.perf_counter()
        all_differences(values, clusters=clusters, draws=asked.draws)
        ours.append(time.perf_counter() - started)
        started = time.perf_counter()
        means = loop(values, drawn, members)
        theirs.append((time.perf_counter() - started) * asked.draws / asked.loop_draws)
    off = float(np.abs(resampled_means(values, asked.draws, 0, clusters)[: asked.loop_draws] - means).max())
    parts = [a / b for a, b in zip(theirs, ours, strict=True)]
    return {
        "seconds": round(statistics.median(ours), 3), "seconds_min": round(min(ours), 3), "seconds_max": round(max(ours), 3),
        "loop_seconds": round(statistics.median(theirs), 2), "ratio": round(statistics.median(theirs) / statistics.median(ours), 1),
        "ratio_min": round(min(parts), 1), "ratio_max": round(max(parts), 1), "difference": off,
    }  # fmt: skip


def main() -> None:
    """Measures and prints one JSON object as the last line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, usual in (
        ("rewards", 20),
        ("items", 5000),
        ("draws", 2000),
        ("loop-draws", 100),
        ("runs", 5),
        ("cluster", 5),
    ):
        parser.add_argument(f"--{name}", type=int, default=usual)
    asked = parser.parse_args()
    rng = np.random.default_rng(0)
    values = (rng.random((asked.items, asked.rewards)) < np.linspace(0.5, 0.9, asked.rewards)).astype(np.float64)
    paired = measured(asked, values, None)
    clustered = measured(asked, values, np.arange(asked.items) // asked.cluster)
    slowest = max(paired["seconds"], clustered["seconds"])
    result = {
        "name": "bootstrap", "ratio": paired["ratio"], "ratio_min": paired["ratio_min"], "ratio_max": paired["ratio_max"],
        "agree": max(paired["difference"], clustered["difference"]) <= AGREE, "unit": "s", "value": slowest,
        "under_a_second": slowest < 1.0, "paired": paired, "clustered": clustered, **vars(asked),
    }  # fmt: skip
    print(json.dumps(result))


if __name__ == "__main__":
    main()
