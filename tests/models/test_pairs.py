"""What the pairwise objectives share, by values worked out by hand."""

from __future__ import annotations

import math

import pytest
import torch

from guerdon.core.errors import SpecError
from guerdon.models.batch import Batch
from guerdon.models.pairs import decided, logistic, must_smooth


def test_ties_are_left_out_and_counted() -> None:
    kept, logs = decided(Batch.of_pairs([(0, 1), (2, 3), (4, 5)], tie=[True, False, True]))
    assert kept.tolist() == [1] and logs == {"ties": 2.0}
    kept, logs = decided(Batch.of_pairs([]))
    assert not len(kept) and logs == {"ties": 0.0}


def test_the_logistic_loss_of_a_pair() -> None:
    delta, prob = torch.tensor([0.0, math.log(3.0), math.log(3.0)]), torch.tensor([1.0, 1.0, 0.5])
    expected = [math.log(2.0), math.log(4 / 3), (math.log(4 / 3) + math.log(4.0)) / 2]
    torch.testing.assert_close(logistic(delta, prob), torch.tensor(expected))
    smoothed = 0.9 * math.log(4 / 3) + 0.1 * math.log(4.0)
    torch.testing.assert_close(logistic(delta, prob, smoothing=0.1)[1], torch.tensor(smoothed))
    torch.testing.assert_close(logistic(delta, prob, floor=0.25)[1], torch.tensor(0.0))
    far = logistic(torch.tensor([-1e4]), torch.ones(1), floor=1e-5)
    torch.testing.assert_close(far, torch.tensor([-math.log(1e-5)]))


def test_smoothing_out_of_range_is_refused() -> None:
    must_smooth(0.0), must_smooth(0.49)
    for bad in (-0.1, 0.5, float("nan")):
        with pytest.raises(SpecError, match="label_smoothing"):
            must_smooth(bad)
