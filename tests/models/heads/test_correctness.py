"""The probability of being right: its two outputs, and what it compares by."""

from __future__ import annotations

import pytest
import torch

from guerdon.core.errors import SpecError
from guerdon.models.heads.correctness import Correctness


def test_the_reward_is_the_probability_of_the_logit() -> None:
    torch.manual_seed(0)
    module = Correctness(hidden=(4,), standardise=True).module(6).eval()
    out = module(torch.randn(5, 6))
    assert out.shape == (5, 2) and torch.allclose(out[:, 0], out[:, 1].sigmoid())
    assert float(torch.tensor(2.0).sigmoid()) == pytest.approx(0.8808, abs=1e-4)


def test_far_out_pairs_are_compared_by_logits_where_probabilities_are_all_one() -> None:
    out = torch.tensor([[1.0, 60.0], [1.0, 50.0]])
    assert Correctness().compare(out, torch.tensor([[0, 1]])).tolist() == [10.0]


def test_mistakes_are_told_as_a_scalar_head_tells_them() -> None:
    with pytest.raises(SpecError, match="hidden sizes"):
        Correctness(hidden=(0,))
    with pytest.raises(SpecError, match="Did you mean 'reference'"):
        Correctness(read=("referense:last",))
