"""Monte Carlo dropout: a head run several times with its dropout on, with noise that belongs to each text alone."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import nn

from guerdon.core.errors import SpecError

ROWS = 4096  # (text, pass) rows through the head at once [inferred: 128 MB of 8,192 numbers each]


@dataclass(frozen=True)
class DropoutPasses:
    """`passes` outputs of a head with dropout on: mask m ~ Bernoulli(1 − p), x → x·m/(1 − p), at every dropout layer of it.

    The masks of a text come from a generator seeded by `seed`, the member's number and the text's own key, so that they do not
    depend on what else is scored, nor on the order or the device. Only the head is noisy: the backbone's states stay.
    Gal & Ghahramani (arXiv 1506.02142).
    """

    passes: int
    seed: int = 0

    def must_drop(self, head: nn.Module) -> None:
        """Raises SpecError for a head without dropout, whose passes would all be alike."""
        if not dropouts(head):
            raise SpecError("mc_dropout needs a head that was trained with dropout; this one has none")

    @torch.inference_mode()
    def run(self, head: nn.Module, x: torch.Tensor, keys: Sequence[bytes], member: int) -> torch.Tensor:
        """Outputs [passes, N, outputs] in float64 on the CPU, of the head's rows x [N, width]; keys [N]: the texts' own."""
        device, size, made = next(head.parameters()).device, max(1, ROWS // self.passes), []
        for begin in range(0, len(keys), size):
            part = slice(begin, begin + size)
            generators = [torch.Generator().manual_seed(self._seed(key, member)) for key in keys[part]]
            with noisy(head, generators, self.passes):
                out = head(x[part].to(device).repeat_interleave(self.passes, dim=0))
            made.append(out.double().cpu().unflatten(0, (-1, self.passes)))
        return torch.cat(made).transpose(0, 1)

    def _seed(self, key: bytes, member: int) -> int:
        digest = hashlib.blake2b(key, digest_size=7, key=f"{self.seed} {member}".encode()).digest()
        return int.from_bytes(digest, "little")


def dropouts(head: nn.Module) -> list[nn.Dropout]:
    """The dropout layers of a head that drop anything."""
    return [m for m in head.modules() if isinstance(m, nn.Dropout) and m.p > 0]


@contextmanager
def noisy(head: nn.Module, generators: Sequence[torch.Generator], passes: int) -> Iterator[None]:
    """Within it the dropout layers drop, `passes` rows in a row by each generator in turn. The head stays in evaluation mode."""

    def drop(module: nn.Module, _: object, x: torch.Tensor) -> torch.Tensor:
        assert isinstance(module, nn.Dropout)
        drawn = torch.cat([torch.rand((passes, *x.shape[1:]), generator=g) for g in generators])
        return x * (drawn >= module.p).to(x) / (1 - module.p)

    hooks = [module.register_forward_hook(drop) for module in dropouts(head)]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()
