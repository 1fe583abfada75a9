"""Paces and widths: nothing leaves too early, and the width follows what the endpoint can take."""

from __future__ import annotations

import time
from typing import Any

import pytest

from guerdon.core.build import build
from guerdon.core.concurrency import run_sync
from guerdon.core.errors import SpecError
from guerdon.core.types import Completion, Request, Status, Usage, user
from guerdon.engines import pace
from guerdon.engines.limited import Limited
from guerdon.engines.pace import Learned, Pace, Width, estimate
from tests.engines.doubles import OK, Flaky, again


def ask(engine: Limited, count: int) -> list[Completion]:
    return [
        c[0] for c in run_sync(engine.generate([Request(messages=user(f"t{i}"), max_tokens=20) for i in range(count)]))
    ]


class Clock:
    """A time that moves when told."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        monkeypatch.setattr(pace.time, "monotonic", lambda: self.now)


def test_no_minute_holds_more_calls_than_its_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, gate = Clock(monkeypatch), Pace(60 / 120)
    leaves = sorted(clock.now + gate.take(1) for _ in range(500))
    for first in leaves[::7]:
        assert sum(first <= t < first + 60 for t in leaves) <= 120
    assert leaves[-1] - leaves[0] == pytest.approx(499 * 0.5, rel=0.01), "and none is held longer than that"


def test_tokens_are_paced_and_corrected_by_what_was_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, gate = Clock(monkeypatch), Pace(60 / 6000)
    assert gate.take(100) == 0.0 and gate.take(100) == pytest.approx(1.0, abs=0.06)
    gate.settle(200, [Request(messages=user("x" * 40), max_tokens=10)], Usage(input_tokens=250, output_tokens=150))
    assert gate.take(1) == pytest.approx(4.0, abs=0.1)
    assert gate.learned.per_byte > 0.25 and clock.now == 1000.0


def test_the_estimate_learns() -> None:
    learned = Learned()
    request = Request(messages=user("x" * 400), max_tokens=50)
    assert estimate(request, learned) == 100 + 50
    for _ in range(100):
        learned.see(400, Usage(input_tokens=200, output_tokens=10), 1)
    assert estimate(request, learned) == pytest.approx(210, rel=0.02)


def test_calls_leave_at_the_pace_that_was_asked() -> None:
    engine = Limited(engine=Flaky(), requests_per_minute=1200)
    started = time.monotonic()
    assert all(c.status is Status.OK for c in ask(engine, 11))
    assert time.monotonic() - started >= 10 * 0.05 - 0.06


def test_the_width_is_never_passed_and_stays_where_it_is_not_adaptive() -> None:
    inner = Flaky(delay=0.002)
    engine = Limited(engine=inner, concurrency=3, most=50, adaptive=False)
    ask(engine, 100)
    assert inner.most[1] <= 3 and engine.width.limit == 3


def test_the_width_grows_while_calls_go_well() -> None:
    inner = Flaky(delay=0.005)
    engine = Limited(engine=inner, concurrency=2, most=64, patience=1000.0)
    ask(engine, 300)
    assert engine.width.limit > 8 and inner.most[1] <= 64 and engine.width.under_way == 0


def test_refusals_and_slowness_shrink_it(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)
    width = Width(100, 1000, patience=4.0)
    clock.now += 10
    width.saw(0.1, [again("HTTP 429: slow down")])
    assert width.limit == pytest.approx(70)
    width.saw(0.1, [again("HTTP 429: slow down")])
    assert width.limit == pytest.approx(70), "calls of the same moment count once"
    clock.now += 10
    width.saw(0.1, [again("HTTP 429", after=7.0)])
    assert width.limit == pytest.approx(49) and width.quiet_until == clock.now + 7
    for seconds in (0.01, 0.1, 1.0, 0.1) * 64:  # answers of many lengths are not slowness
        clock.now += 10
        width.saw(seconds, [OK])
    before = width.limit
    assert before == pytest.approx(49)
    for _ in range(64):
        clock.now += 10
        width.saw(0.5, [OK])
    assert width.limit == pytest.approx(0.8 * before)
    for _ in range(200):
        clock.now += 100
        width.saw(1.0, [again("HTTP 503")])
    assert width.limit == 1.0, "one call is always allowed"


def test_a_retry_after_holds_back_the_calls_that_follow() -> None:
    inner = Flaky(plan={"t0": (again("HTTP 429", after=0.3),)})
    engine = Limited(engine=inner, concurrency=1, most=1)
    started = time.monotonic()
    found = ask(engine, 3)
    assert time.monotonic() - started >= 0.3
    assert [c.status for c in found] == [Status.FAILED, Status.OK, Status.OK]


@pytest.mark.parametrize(
    "fields",
    [
        {"requests_per_minute": 0},
        {"tokens_per_minute": -1},
        {"concurrency": 0},
        {"concurrency": 9, "most": 8},
        {"patience": 1},
    ],
)
def test_wrong_limits_are_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(SpecError):
        build({"use": "engines.limited", "engine": {"use": "engines.scripted", "reply": "x"}, **fields})
