"""How fast and how wide: even departures for limits a minute, and a width that follows what the endpoint can take."""

from __future__ import annotations

import asyncio
import math
import statistics
import time
from collections import deque
from collections.abc import Sequence

from guerdon.core.types import Completion, Request, Status, Usage

SLACK = 0.05  # seconds by which a call may leave early, so that late timers do not cost throughput
WINDOW = 64  # calls for a usual time: answers differ in length, so only medians are compared
FORGET = 1.02  # by which the best usual time drifts up a window, so that a slower endpoint becomes the measure in time
FULL, SLOW = 0.7, 0.8  # what the width is multiplied by on a refusal, and on slowness


class Learned:
    """What tokens have come to: a byte of input, and an answer."""

    def __init__(self) -> None:
        self.per_byte, self.written = 0.25, 256.0

    def see(self, bytes_in: int, used: Usage, count: int) -> None:
        """Moves towards what an answer counted."""
        if bytes_in and used.input_tokens:
            self.per_byte += 0.1 * (used.input_tokens / bytes_in - self.per_byte)
        if used.output_tokens and count:
            self.written += 0.1 * (used.output_tokens / count - self.written)


def size(request: Request) -> int:
    """Bytes of a request's text."""
    return sum(len(m.text.encode("utf-8", "replace")) for m in request.messages) + len(request.continuation or "")


def estimate(request: Request, learned: Learned) -> float:
    """Tokens that a call will count, in and out."""
    return size(request) * learned.per_byte + request.n * min(request.max_tokens, learned.written)


class Pace:
    """Departures `gap` seconds apart a unit; 0 for no limit."""

    def __init__(self, gap: float) -> None:
        self.gap = gap * (1 + SLACK / 60)
        self.next = 0.0
        self.learned = Learned()

    def take(self, units: float) -> float:
        """Seconds to wait before so many units may leave; their turn is taken."""
        if not self.gap or not units:
            return 0.0
        now = time.monotonic()
        turn = max(self.next, now - SLACK)
        self.next = turn + units * self.gap
        return max(0.0, turn - now)

    def settle(self, guess: float, requests: Sequence[Request], used: Usage) -> None:
        """Corrects the guess by what was counted."""
        counted = used.input_tokens + used.output_tokens
        if counted:
            self.next += (counted - guess) * self.gap
            self.learned.see(sum(map(size, requests)), used, sum(r.n for r in requests))


class Width:
    """Calls under way at most: grows while calls go well, shrinks where they are refused or slow down."""

    def __init__(self, start: int, most: int, patience: float) -> None:
        self.limit, self.most, self.patience = float(start), most, patience
        self.under_way, self.settled, self.quiet_until, self.shrunk = 0, False, 0.0, 0.0
        self.times: list[float] = []
        self.best = math.inf
        self.waiting: deque[asyncio.Future[None]] = deque()

    async def enter(self) -> None:
        """Waits for a place."""
        if self.under_way < int(self.limit) and not self.waiting:
            self.under_way += 1
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():  # the place was given while this call was being stopped
                self.leave()
            raise

    def leave(self) -> None:
        """Gives the place back."""
        self.under_way -= 1
        while self.waiting and self.under_way < int(self.limit):
            turn = self.waiting.popleft()
            if not turn.done():
                self.under_way += 1
                turn.set_result(None)

    async def held(self) -> None:
        """Waits while the endpoint has asked for silence."""
        while (wait := self.quiet_until - time.monotonic()) > 0:
            await asyncio.sleep(wait)

    def saw(self, seconds: float, found: Sequence[Completion]) -> None:
        """Learns from one call."""
        again = [c.retry_after for c in found if c.retry_after is not None]
        if any(again):
            self.quiet_until = max(self.quiet_until, time.monotonic() + max(again))
        if not self.patience:
            return
        if any(c.error.startswith(("HTTP 429", "HTTP 503")) for c in found):
            self._shrink(FULL, seconds)
        elif all(c.status is Status.OK for c in found):
            self.times.append(seconds)
            if len(self.times) >= WINDOW and self._slow():
                self._shrink(SLOW, seconds)
            elif self.under_way >= int(self.limit):  # a width that is not used tells nothing
                self.limit = min(float(self.most), self.limit + (1 / self.limit if self.settled else 1.0))

    def _slow(self) -> bool:
        """Whether the usual time of the calls since the last look is far above the best one so far."""
        usual = statistics.median(self.times)
        self.times.clear()
        self.best = min(self.best * FORGET, usual)
        return usual > self.patience * self.best

    def _shrink(self, to: float, seconds: float) -> None:
        now = time.monotonic()
        if now >= self.shrunk + max(seconds, SLACK):  # calls that left before it shrank say nothing new
            self.limit, self.settled, self.shrunk = max(1.0, self.limit * to), True, now
