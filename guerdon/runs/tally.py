"""What a scoring run counts as it goes: rows, responses, unscored by status with their reasons, and what it cost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from guerdon.core.types import Judgement, Status, Usage
from guerdon.runs.latency import Latency

MOST_TOLD = 20  # reasons that `run.json` lists
MOST_REASONS = 1000  # distinct reasons kept, so that a reason with a row number in it does not fill the memory


@dataclass(slots=True)
class Tally:
    """Counts over judgements; `add` one at a time."""

    rows: int = 0
    responses: int = 0
    unscored: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    usage: Usage = field(default_factory=Usage)
    latency: Latency = field(default_factory=Latency)

    def add(self, judgement: Judgement) -> None:
        """Counts one judgement. A margins-only score (no value, status ok) is scored."""
        self.rows += 1
        self.responses += len(judgement.scores)
        for score in judgement.scores:
            if score.value is None and score.status is not Status.OK:
                self.unscored[score.status.value] += 1
                if score.error in self.reasons or len(self.reasons) < MOST_REASONS:
                    self.reasons[score.error] += 1
            if score.usage is not None:
                self.usage += score.usage
                if score.usage.calls and score.usage.seconds:  # what came from a cache has no time
                    self.latency.add(score.usage.seconds)

    @property
    def note(self) -> str:
        """The unscored counts by kind, and of what asked an engine its times and cost; empty when there is nothing to say."""
        said = []
        if self.unscored:
            by_status = ", ".join(f"{n:,} {status}" for status, n in sorted(self.unscored.items()))
            said.append(f"{sum(self.unscored.values()):,} unscored ({by_status})")
        if self.latency.count:
            said.append(str(self.latency))
        if self.usage.cost:
            said.append(f"${self.usage.cost:,.2f}")
        return ", ".join(said)

    def to_json(self) -> dict[str, Any]:
        """The counts for `run.json`."""
        return {
            "rows": self.rows,
            "responses": self.responses,
            "unscored": dict(sorted(self.unscored.items())),
            "usage": asdict(self.usage),
            "latency": self.latency.to_json(),
            "reasons": dict(self.reasons.most_common(MOST_TOLD)),
            "cost": self.usage.cost,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What a run did. `resumed`: rows that were there from earlier; `seconds`: over all its runs."""

    out: Path
    rows: int
    responses: int
    unscored: Mapping[str, int]
    reasons: tuple[tuple[str, int], ...]
    usage: Usage
    seconds: float
    resumed: int = 0
    latency: Latency = field(default_factory=Latency)

    @property
    def asked(self) -> str:
        """What was asked of engines and what it cost, on one line; empty where nothing was."""
        used = self.usage
        if not (used.calls or used.cached):
            return ""
        text = f"{used.calls:,} calls, {used.cached:,} from cache, "
        text += f"{used.retries:,} retries, " if used.retries else ""
        text += f"{used.input_tokens:,} tokens in, {used.output_tokens:,} out"
        text += f", {self.latency}" if self.latency.count else ""
        return text + (f", ${used.cost:,.4f}" if used.cost else "")

    def __str__(self) -> str:
        lost = sum(self.unscored.values())
        by_status = ", ".join(f"{n:,} {status}" for status, n in self.unscored.items())
        text = f"{self.rows:,} rows, {self.responses:,} responses, "
        text += f"{lost:,} unscored ({by_status})" if lost else "all scored"
        if self.resumed:
            text += f"; {self.resumed:,} rows were there already"
        text += f"; {self.asked}" if self.asked else ""
        reasons = "".join(f"\n  {n:,} × {why}" for why, n in self.reasons)
        return f"{text}; {self.seconds:.1f} s{reasons}"


def summary(tally: Tally, out: Path, seconds: float, resumed: int = 0) -> Summary:
    """The summary of a tally, with the three most frequent reasons."""
    return Summary(
        out=out,
        rows=tally.rows,
        responses=tally.responses,
        unscored=dict(sorted(tally.unscored.items())),
        reasons=tuple(tally.reasons.most_common(3)),
        usage=tally.usage,
        seconds=seconds,
        resumed=resumed,
        latency=tally.latency,
    )
