"""The four accuracies from parts worked out by hand."""

from __future__ import annotations

from guerdon.core.types import Judgement, Score, Status
from guerdon.metrics.instruction_following import accuracies


def test_four_accuracies_by_hand() -> None:
    first = Score(
        value=0.0, parts={"strict": 0.0, "loose": 1.0, "strict:a": 1.0, "loose:a": 1.0, "strict:b": 0.0, "loose:b": 1.0}
    )
    second = Score(value=1.0, parts={"strict": 1.0, "loose": 1.0, "strict:a": 1.0, "loose:a": 1.0})
    unscored = Score(value=None, status=Status.FAILED, error="no detector", parts={"strict:a": 0.0, "loose:a": None})
    found = accuracies([Judgement(scores=(first, unscored)), Judgement(scores=(second,))])
    assert found == {
        "responses": 2, "unscored": 1, "instructions": 3, "prompt_strict": 0.5, "instruction_strict": 2 / 3,
        "prompt_loose": 1.0, "instruction_loose": 1.0,
    }  # fmt: skip


def test_nothing_scored_has_no_accuracy() -> None:
    assert accuracies([]) == {"responses": 0, "unscored": 0, "instructions": 0}
