"""Known label flips of a sample, beside its preferences: `context["flipped"]`, one true or false a preference, in order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from guerdon.core.types import Preference, Sample

FLIPPED = "flipped"


def turned(preference: Preference) -> Preference:
    """The preference the other way round, all else as it was."""
    return replace(preference, better=preference.worse, worse=preference.better)


def flip(sample: Sample, flags: Sequence[bool]) -> Sample:
    """The sample with the flagged preferences turned round, and the flags kept; what was flipped before is flipped back."""
    before = flips(sample) or (False,) * len(flags)
    both = zip(sample.preferences, flags, strict=True)
    said = [bool(old) != bool(new) for old, new in zip(before, flags, strict=True)]
    preferences = tuple(turned(p) if flag else p for p, flag in both)
    return replace(sample, preferences=preferences, context={**sample.context, FLIPPED: said})


def flips(sample: Sample) -> tuple[bool, ...] | None:
    """Which preferences are known to be flipped; None where that is not known (any more)."""
    found = sample.context.get(FLIPPED)
    whole = isinstance(found, list | tuple) and len(found) == len(sample.preferences)
    return tuple(bool(f) for f in found) if whole and found is not None else None
