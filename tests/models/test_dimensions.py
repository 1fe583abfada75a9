"""Which dimensions a pair supervises."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from guerdon.core.errors import DataError
from guerdon.core.types import Preference, Sample, sample
from guerdon.models.batch import Batch
from guerdon.models.dimensions import supervised

NAMES = ("care", "safety")


def one(context: dict[str, Any] | None = None, **fields: Any) -> Sample:
    return sample("q", "a", "b", id="s", preferences=(Preference(better=0, worse=1, **fields),), context=context or {})


def found(*samples: Sample) -> list[list[bool]]:
    rows: list[list[bool]] = supervised(Batch.of(samples), NAMES).tolist()
    return rows


def test_the_pair_speaks_before_its_sample_and_none_means_all() -> None:
    both, care = {"dimensions": ["care", "safety"]}, {"dimensions": ["care"]}
    assert found(one(), one(care), one(care, dimensions=("safety",)), one(both)) == [
        [True, True], [True, False], [False, True], [True, True],
    ]  # fmt: skip


def test_a_tie_supervises_nothing() -> None:
    assert found(one(tie=True, dimensions=("care",)), one()) == [[False, False], [True, True]]


def test_no_pairs_are_no_rows() -> None:
    assert supervised(Batch.of([sample("q", "a")]), NAMES).shape == (0, 2)


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        (one(dimensions=("saftey",)), "sample 's': no dimension 'saftey'. Did you mean 'safety'"),
        (one({"dimensions": ["tone"]}), "Known: care, safety"),
        (one({"dimensions": "care"}), "expected a list of names"),
        (one({"dimensions": [1]}), "expected a list of names"),
    ],
)
def test_what_is_no_dimension_is_told_with_the_sample(bad: Sample, says: str) -> None:
    with pytest.raises(DataError, match=says):
        found(one(), bad)


def test_moving_a_batch_keeps_what_its_pairs_name() -> None:
    batch = Batch.of([one(dimensions=("care",))]).to("cpu")
    assert torch.equal(supervised(batch, NAMES), torch.tensor([[True, False]]))
