"""What a head reads beyond prompt and response, told by the views of its positions: steps, a reference."""

from __future__ import annotations

from dataclasses import replace

from guerdon.core.contracts import Head, missing
from guerdon.core.types import Sample
from guerdon.models.pooling import features_of, parse_read
from guerdon.models.question import NEEDS as CRITERIA_IN
from guerdon.models.question import with_criteria
from guerdon.models.referenced import with_reference
from guerdon.models.steps import by_step

NEEDS = {"step": "responses.steps", "reference": "reference", "better": "reference"}
NO_VIEWS: frozenset[str] = frozenset()


def views_of(head: Head) -> frozenset[str]:
    """The views a head reads (`guerdon.models.pooling`)."""
    return frozenset(f.view for f in features_of(parse_read(tuple(head.positions))))


def needs_of(views: frozenset[str]) -> frozenset[str]:
    """The Sample paths that a head on these views needs."""
    return frozenset(path for view, path in NEEDS.items() if view in views)


def as_read(sample: Sample, views: frozenset[str]) -> Sample | None:
    """The sample as its texts are encoded: a step as a response of its own, the reference in the prompt.

    None where the sample lacks what is read; of its responses those without steps fall away.
    """
    if "step" in views:
        sample = by_step(sample)
    if "reference" in needs_of(views) and missing({"reference"}, sample):
        return None
    return with_extras(sample, views)


def with_extras(sample: Sample, views: frozenset[str]) -> Sample:
    """The sample with what these views read beside prompt and responses in its prompt: a reference, criteria."""
    if "reference" in needs_of(views):
        sample = with_reference(sample)
    return replace(sample, prompt=with_criteria(sample)) if views & CRITERIA_IN.keys() else sample
