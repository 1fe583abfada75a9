"""Quantiles from buckets."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from guerdon.core.types import Judgement, Score, Status, Usage
from guerdon.runs.latency import Latency
from guerdon.runs.tally import Tally


@given(st.lists(st.floats(1e-5, 1e4), min_size=1, max_size=200), st.sampled_from([0.5, 0.9, 0.99]))
def test_a_quantile_is_within_a_hundredth(seconds: list[float], share: float) -> None:
    latency = Latency()
    for value in seconds:
        latency.add(value)
    exact = np.quantile(seconds, share, method="inverted_cdf")
    assert latency.quantile(share) == pytest.approx(exact, rel=0.0101)


def test_its_memory_does_not_grow_with_the_values() -> None:
    latency = Latency()
    for i in range(20_000):
        latency.add(0.1 + (i % 1000) / 1000)
    assert len(latency.buckets) < 150 and latency.count == 20_000
    assert str(Latency()) == "" and Latency().to_json() == {"count": 0, "p50": None, "p99": None}


def test_a_run_says_times_failures_and_cost() -> None:
    tally = Tally()
    for i in range(100):
        used = Usage(calls=1, seconds=5.0 if i == 99 else 0.2, cost=0.02, retries=i == 99)
        tally.add(Judgement(scores=(Score(value=1.0, usage=used),)))
    tally.add(Judgement.unscored(1, Status.FAILED, "HTTP 500"))
    tally.add(Judgement(scores=(Score(value=1.0, usage=Usage(cached=1)),)))
    assert tally.note == "1 unscored (1 failed), p50 0.2 s, p99 0.2 s, $2.00"
    told = tally.to_json()
    assert told["latency"]["count"] == 100 and told["reasons"] == {"HTTP 500": 1}, "what came from a cache has no time"
    assert told["usage"]["retries"] == 1 and told["usage"]["cached"] == 1
