"""Running standardisation: averages that do not mind how a batch is cut."""

from __future__ import annotations

import pytest
import torch

from guerdon.models.running import RunningStandardise


def rows(count: int = 24) -> torch.Tensor:
    return torch.randn(count, 3, generator=torch.Generator().manual_seed(0)) * torch.tensor([1.0, 4.0, 0.1]) + 2


def test_it_is_the_identity_before_any_row_and_never_moves_while_scoring() -> None:
    module = RunningStandardise(3, 0.01).eval()
    assert torch.equal(module(rows()), rows())
    assert int(module.seen) == 0


def test_while_few_rows_have_come_it_standardises_by_all_of_them() -> None:
    module = RunningStandardise(3, 0.001)
    module(rows())
    z = module.eval()(rows())
    assert torch.allclose(z.mean(0), torch.zeros(3), atol=1e-4) and torch.allclose(
        z.std(0, unbiased=False), torch.ones(3), atol=1e-3
    )


@pytest.mark.parametrize("momentum", [0.001, 0.2])
def test_a_batch_split_in_parts_leaves_the_same_averages(momentum: float) -> None:
    whole, parts = RunningStandardise(3, momentum), RunningStandardise(3, momentum)
    whole(rows())
    for part in rows().split([1, 7, 16]):
        parts(part)
    for name, buffer in whole.named_buffers():
        assert torch.allclose(buffer.double(), dict(parts.named_buffers())[name].double(), atol=1e-5), name


def test_later_it_follows_the_last_rows() -> None:
    """Worked out by hand: momentum ½ after values 0, 0, 8: means 0, 0, 4."""
    module = RunningStandardise(1, 0.5)
    module(torch.tensor([[0.0], [0.0], [8.0]]))
    assert float(module.mean) == pytest.approx(4.0) and float(module.square) == pytest.approx(32.0)


def test_a_column_that_does_not_vary_keeps_its_units_and_gradients_pass() -> None:
    module = RunningStandardise(1, 0.1)
    x = torch.full((4, 1), 3.0, requires_grad=True)
    z = module(x)
    z.sum().backward()
    assert torch.allclose(z, torch.zeros(4, 1)) and torch.equal(x.grad, torch.ones(4, 1))  # type: ignore[arg-type]
