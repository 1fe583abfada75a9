"""Running standardisation as a module: z = (s − mean) / deviation with averages over the values that training has seen."""

from __future__ import annotations

import torch
from torch import nn


class RunningStandardise(nn.Module):
    """z [N, K] of scores s [N, K], column by column; averages are kept as buffers and take no gradient.

    While training, row t moves mean and mean square by the share max(1/t, momentum): the plain average of all rows so far,
    then an exponential one over the last 1/momentum. Rows count one by one, in order, so that a batch split in parts leaves
    the same averages. The identity until rows have come, and for a column that does not vary.
    """

    mean: torch.Tensor
    square: torch.Tensor
    seen: torch.Tensor

    def __init__(self, width: int, momentum: float) -> None:
        super().__init__()
        self.momentum = momentum
        self.register_buffer("mean", torch.zeros(width))
        self.register_buffer("square", torch.ones(width))
        self.register_buffer("seen", torch.zeros((), dtype=torch.long))

    def forward(self, s: torch.Tensor) -> torch.Tensor:
        if self.training and len(s):
            self._see(s.detach().double())
        variance = self.square.double() - self.mean.double() ** 2
        scale = torch.where(variance > 1e-6, variance, torch.ones_like(variance)).sqrt()
        return (s - self.mean.to(s.dtype)) / scale.to(s.dtype)

    @torch.no_grad()
    def _see(self, s: torch.Tensor) -> None:
        numbers = torch.arange(1, len(s) + 1, device=s.device) + self.seen
        rates = (1.0 / numbers.double()).clamp(min=self.momentum)
        later = torch.cat(
            [(1 - rates).flip(0).cumprod(0).flip(0)[1:], rates.new_ones(1)]
        )  # what the rows after leave of a row
        weights, kept = (rates * later)[:, None], (1 - rates).prod()
        self.mean.copy_(kept * self.mean + (weights * s).sum(0))
        self.square.copy_(kept * self.square + (weights * s**2).sum(0))
        self.seen += len(s)
