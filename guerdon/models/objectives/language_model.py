"""`models.objectives.language_model`: next-token cross-entropy on the responses, to train beside a reward."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import torch

from guerdon.core.contracts import Objective
from guerdon.core.errors import SpecError
from guerdon.models.batch import Batch
from guerdon.models.next_token import response_tokens

OF = ("all", "preferred")


@dataclass(frozen=True)
class LanguageModel(Objective):
    """The language model's own loss on the responses: L = Σ_i nll_i / Σ_i T_i.

    nll_i = −Σ_t log p(x_t | x_<t) over the T_i tokens of response i; natural logarithms, out [N, outputs] is not read.
    Tokens of the prompt are masked; a response's end tokens count. of: "all" responses, or "preferred": those that win a pair
    and lose none. The backbone must be a decoder with output embeddings, tuned ("lora" or "full"), and the head must read
    prompt and response together, so that one pass serves both; where the output embeddings are tied they are trained with
    the backbone, otherwise they stay as they are. Beside `bradley_terry` in `weighted_sum` with the weights 1 and 0.5 it is
    Themis's joint loss L_LM + 0.5·L_RM (arXiv 2310.01045); with weights 1 and 1, and critiques as part of the responses,
    that of a critique reward model (MM-RLHF, arXiv 2502.10391). Nothing to learn (no such response): 0.
    Raises SpecError for an unknown `of`, a frozen backbone, an encoder.
    """

    of: Literal["all", "preferred"] = "all"

    def __post_init__(self) -> None:
        if self.of not in OF:
            raise SpecError(f"of is one of {', '.join(OF)}, found '{self.of}'")

    @property
    def needs(self) -> frozenset[str]:
        return frozenset({"preferences"} if self.of == "preferred" else ())

    @property
    def tokens(self) -> bool:
        return True

    def items(self, batch: Batch) -> int:
        """How many terms the mean is taken over: the tokens of the responses that take part."""
        if not isinstance(batch.inputs, Mapping) or "" not in batch.inputs:
            return len(batch.group)
        return int(response_tokens(batch.inputs[""])[self._chosen(batch)].sum())

    def loss(self, out: torch.Tensor, batch: Batch) -> tuple[torch.Tensor, Mapping[str, float]]:
        if batch.nll is None:
            raise SpecError(
                "the objective language_model needs a tuned decoder: with frozen features there are no tokens"
            )
        rows = batch.nll[self._chosen(batch)]
        total, count = rows.sum(0)
        return total / count.clamp(min=1.0), {"perplexity": float((total / count.clamp(min=1.0)).detach().exp())}

    def _chosen(self, batch: Batch) -> torch.Tensor:
        """Whether each response takes part [N]."""
        chosen = torch.ones(len(batch.group), dtype=torch.bool, device=batch.group.device)
        if self.of == "all":
            return chosen
        pairs = batch.pairs[batch.decided]
        won = torch.zeros_like(chosen).index_fill(0, pairs[:, 0], True)
        return won.index_fill(0, pairs[:, 1], False)
