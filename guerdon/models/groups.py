"""Samples → the groups a training uses, with everything left out counted and named, and the split by prompt."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from guerdon.core.contracts import Objective
from guerdon.core.errors import DataError
from guerdon.core.types import Preference, Sample
from guerdon.models.reads import NO_VIEWS, as_read

REASONS = {
    "identical": "chosen equals rejected",
    "empty": "a response is empty",
    "no_preference": "no preference in the sample",
    "lacking": "a field that the objective or the head needs is missing",
    "unreadable": "a text cannot be encoded",
    "missing_part": "a feature of the response is missing",
}


@dataclass
class Intake:
    """What came in. `left_out` counts pairs by reason (samples for `no_preference` and `lacking`)."""

    samples: int = 0
    pairs: int = 0
    used: int = 0
    ties: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[str]] = field(default_factory=dict)

    def leave_out(self, reason: str, id: str, count: int = 1) -> None:
        """Counts, and keeps the first five ids a reason."""
        self.left_out[reason] += count
        kept = self.examples.setdefault(reason, [])
        if len(kept) < 5:
            kept.append(id)

    def lines(self) -> list[str]:
        """One line a reason, for people."""
        return [
            f"{count:,} left out: {REASONS[reason]} (such as {', '.join(self.examples[reason])})"
            for reason, count in sorted(self.left_out.items())
        ]


def take(
    samples: Iterable[Sample], objective: Objective, views: frozenset[str] = NO_VIEWS
) -> tuple[list[Sample], Intake]:
    """The groups an objective can use: usable pairs and, where it needs no more, only the responses they name; as a head on
    these views reads them (`guerdon.models.reads`).

    Raises DataError when there is none.
    """
    intake, groups = Intake(), []
    for sample in samples:
        intake.samples += 1
        read = as_read(sample, views)
        if read is None:
            intake.leave_out("lacking", sample.id)
            continue
        group = _usable(read, objective, intake)
        if group is not None:
            groups.append(group)
    if not groups:
        raise DataError(f"no usable group in {intake.samples:,} samples. " + " ".join(intake.lines()))
    return groups, intake


def _usable(sample: Sample, objective: Objective, intake: Intake) -> Sample | None:
    if "preferences" not in objective.needs:
        if objective.fault(sample) is None and sample.responses:
            return sample
        intake.leave_out("lacking", sample.id)
        return None
    if not sample.preferences:
        intake.leave_out("no_preference", sample.id)
        return None
    intake.pairs += len(sample.preferences)
    kept = [p for p in sample.preferences if _keep(sample, p, intake)]
    if not kept:
        return None
    intake.used += sum(not p.tie for p in kept)
    intake.ties += sum(p.tie for p in kept)
    return _only(sample, kept) if objective.needs == {"preferences"} else replace(sample, preferences=tuple(kept))


def _keep(sample: Sample, preference: Preference, intake: Intake) -> bool:
    better, worse = sample.responses[preference.better], sample.responses[preference.worse]
    if not better.text.strip() or not worse.text.strip():
        intake.leave_out("empty", sample.id)
        return False
    if better.messages == worse.messages and not preference.tie:
        intake.leave_out("identical", sample.id)
        return False
    return True


def _only(sample: Sample, preferences: Sequence[Preference]) -> Sample:
    named = sorted({i for p in preferences for i in (p.better, p.worse)})
    return subset(replace(sample, preferences=tuple(preferences)), named)


def subset(sample: Sample, numbers: Sequence[int]) -> Sample:
    """The sample with only these responses, in this order, and the preferences between them."""
    place = {old: new for new, old in enumerate(numbers)}
    moved = tuple(
        replace(p, better=place[p.better], worse=place[p.worse])
        for p in sample.preferences
        if p.better in place and p.worse in place
    )
    return replace(sample, responses=tuple(sample.responses[i] for i in numbers), preferences=moved)


def drop_unreadable(
    groups: Sequence[Sample], bad: Sequence[Sequence[bool]], intake: Intake, reason: str = "unreadable"
) -> list[Sample]:
    """The groups without the responses marked bad (one flag a response) and the pairs that name them."""
    kept = []
    for group, flags in zip(groups, bad, strict=True):
        if not any(flags):
            kept.append(group)
            continue
        if not group.preferences:  # labels are the responses' own
            good = tuple(r for r, bad in zip(group.responses, flags, strict=True) if not bad)
            intake.leave_out("unreadable", group.id, sum(flags))
            kept += [replace(group, responses=good)] if good else []
            continue
        pairs = [p for p in group.preferences if not flags[p.better] and not flags[p.worse]]
        intake.leave_out(reason, group.id, max(len(group.preferences) - len(pairs), 1))
        intake.used -= sum(not p.tie for p in group.preferences) - sum(not p.tie for p in pairs)
        if pairs:
            kept.append(_only(group, pairs))
    if not kept:
        raise DataError("no usable group is left. " + " ".join(intake.lines()))
    return kept


def split(groups: Sequence[Sample], share: float) -> tuple[list[Sample], list[Sample]]:
    """(training, validation) by a hash of the prompt's first turn, so that no conversation stands on both sides."""
    training: list[Sample] = []
    validation: list[Sample] = []
    for group in groups:
        (validation if _place(group) < share else training).append(group)
    if not training:
        return validation, []
    return training, validation


def _place(group: Sample) -> float:
    root = next((m.text for m in group.prompt if m.role == "user"), group.prompt_text)
    root = " ".join(root.split()).casefold()
    return int(hashlib.sha256(f"validation\0{root}".encode()).hexdigest()[:12], 16) / 16**12


def fingerprint(groups: Sequence[Sample]) -> str:
    """A hash of everything a training reads, so that a resumed run is known to be the same run."""
    digest = hashlib.sha256()
    for group in groups:
        digest.update(repr((group.id, group.prompt, group.responses, group.preferences)).encode("utf-8", "replace"))
    return digest.hexdigest()
