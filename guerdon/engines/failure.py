"""A call that failed, as engines pass it among themselves, and what becomes of it: a Completion that says why."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from guerdon.core.errors import EngineError
from guerdon.core.grain import EXPECTED, reason, status_of
from guerdon.core.types import Completion, Request, Status, Usage


class CallFailed(EngineError):
    """One call failed. `retry_after`: seconds after which asking again may help, None where it would not; `usage`: its cost."""

    def __init__(self, message: str, *, status: Status = Status.FAILED, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.status, self.retry_after = status, retry_after
        self.usage: Usage | None = None


def failed(error: BaseException) -> Completion:
    """The Completion of an expected error."""
    status, after, usage = status_of(error), None, None
    if isinstance(error, CallFailed):
        status, after, usage = error.status, error.retry_after, error.usage
    elif isinstance(error, TimeoutError | asyncio.TimeoutError):
        after = 0.0
    return Completion(status=status, error=reason(error), usage=usage, retry_after=after)


def all_failed(error: BaseException, requests: Sequence[Request]) -> list[list[Completion]]:
    """The same failure for every completion of every request."""
    return [[failed(error)] * request.n for request in requests]


__all__ = ["EXPECTED", "CallFailed", "all_failed", "failed"]
