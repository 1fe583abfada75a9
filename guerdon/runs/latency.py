"""Times of calls in little memory: a count by logarithmic bucket, from which quantiles are read within 1 %."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field

GROWTH = 1.02  # of a bucket over the one below; the geometric middle is within 1 % of any value in it


@dataclass(slots=True)
class Latency:
    """Seconds by bucket; as small after a million values as after a hundred."""

    buckets: Counter[int] = field(default_factory=Counter)
    count: int = 0

    def add(self, seconds: float) -> None:
        """Counts one time; those at or below a microsecond count as that."""
        self.buckets[math.floor(math.log(max(seconds, 1e-6), GROWTH))] += 1
        self.count += 1

    def quantile(self, share: float) -> float | None:
        """The time that this share of calls did not exceed (nearest rank); None without any."""
        left = max(1, math.ceil(share * self.count))
        for bucket in sorted(self.buckets):
            left -= self.buckets[bucket]
            if left <= 0:
                return float(GROWTH ** (bucket + 0.5))
        return None

    def to_json(self) -> dict[str, float | int | None]:
        """Count, p50 and p99 in seconds."""
        p50, p99 = (self.quantile(q) for q in (0.5, 0.99))
        return {"count": self.count, "p50": _short(p50), "p99": _short(p99)}

    def __str__(self) -> str:
        p50, p99 = (self.quantile(q) for q in (0.5, 0.99))
        return "" if p50 is None or p99 is None else f"p50 {_spoken(p50)}, p99 {_spoken(p99)}"


def _short(seconds: float | None) -> float | None:
    return None if seconds is None else float(f"{seconds:.3g}")


def _spoken(seconds: float) -> str:
    return f"{seconds:.2g} s" if seconds >= 0.01 else f"{seconds * 1000:.2g} ms"
