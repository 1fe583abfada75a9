"""`models.heads.yes_no`: the probability that a language model answers yes when asked whether a response is the better one."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import nn

from guerdon.core.contracts import Head
from guerdon.core.errors import SpecError, closest
from guerdon.models.weights import NoOutputRows

log = logging.getLogger("guerdon.models")
FORMS = {"comparative": "better:last", "pointwise": "good:last"}
YES, NO = ("yes", "Yes", " yes", " Yes"), ("no", "No", " no", " No")


@dataclass(frozen=True)
class YesNo(Head):
    """A generative reward: r = P("yes" | x₁, x₂, y, i) at the first answer token, x₂ the response, x₁ the sample's reference.

    P(a) = Σ_{v ∈ variants of a} exp(w_v·h) / Z: h [N, H] the state where the answer begins; w_v the output embedding's row of
    the variant ("Yes", " yes" …; those that are no single token are left out, equal ones count once), a copy that is trained.
    Z: over the variants of yes and no [inferred: the paper writes P("yes"), this is its stable form]; with `vocabulary`, the
    number of rows of the output embeddings, over the whole vocabulary, so that mass on other tokens lowers r.
    form: "comparative" asks whether the response is better than the reference (needed), "pointwise" whether it is good.
    Outputs [N, 3]: reward r in (0, 1), log_yes = log P(yes), log_no = log P(no). `compare`: the difference of
    log P(yes) − log P(no), in log-odds. Decoders only; without output embeddings (a warning says so) rows start at
    N(0, 1/(H + 1)). Raises SpecError for an unknown form, no single-token variant, a `vocabulary` that is not the model's.
    RewardDance (arXiv 2509.08826), with texts for its images; the wording of the question is [inferred].
    """

    form: Literal["comparative", "pointwise"] = "comparative"
    vocabulary: int | None = None

    def __post_init__(self) -> None:
        if self.form not in FORMS:
            raise SpecError(f"form: no '{self.form}'.{closest(self.form, FORMS)} Known: {', '.join(FORMS)}.")
        if self.vocabulary is not None and self.vocabulary < 2:
            raise SpecError(f"vocabulary is the number of the model's tokens, found {self.vocabulary}")

    @property
    def positions(self) -> tuple[str, ...]:
        return (FORMS[self.form],)

    @property
    def outputs(self) -> tuple[str, ...]:
        return ("reward", "log_yes", "log_no")

    def module(self, width: int) -> nn.Module:
        return YesNoModule(self, width)

    def initialise(self, module: nn.Module, token_rows: Callable[[Sequence[str] | None], torch.Tensor]) -> None:
        if not isinstance(module, YesNoModule):
            return
        try:
            found = [_row(v, token_rows) for v in (*YES, *NO)]
        except NoOutputRows as error:
            log.warning("%s: the rows of yes and no start at random", error)
            return
        for i, row in enumerate(found):
            if row is not None and not any(r is not None and torch.equal(row, r) for r in found[:i]):
                module.take(i, row)
            else:
                module.known[i] = False
        for name, known in (("yes", module.known[: len(YES)]), ("no", module.known[len(YES) :])):
            if not bool(known.any()):
                raise SpecError(f"no form of '{name}' is a single token of this tokenizer")
        if self.vocabulary is not None:
            module.surround(token_rows(None))

    def compare(self, out: torch.Tensor, pairs: torch.Tensor) -> torch.Tensor:
        logit = out[:, 1] - out[:, 2]
        return logit[pairs[:, 0]] - logit[pairs[:, 1]]


def _row(variant: str, token_rows: Callable[[Sequence[str] | None], torch.Tensor]) -> torch.Tensor | None:
    """The output embedding's row of a text; None where it is no single token."""
    try:
        return token_rows([variant])[0]
    except NoOutputRows:
        raise
    except SpecError:
        return None


class YesNoModule(nn.Module):
    """The torch module of a `YesNo` head. known [8]: which variants take part · others, other: the vocabulary's rows, and which
    of them are no variants."""

    known: torch.Tensor
    others: torch.Tensor
    other: torch.Tensor

    def __init__(self, head: YesNo, width: int) -> None:
        super().__init__()
        self.rows = nn.Linear(width, len(YES) + len(NO), bias=False)
        nn.init.normal_(self.rows.weight, std=(width + 1) ** -0.5)
        self.register_buffer("known", torch.ones(len(YES) + len(NO), dtype=torch.bool))
        self.raw = head.vocabulary is not None
        if head.vocabulary is not None:
            self.register_buffer("others", torch.zeros(head.vocabulary, width))
            self.register_buffer("other", torch.zeros(head.vocabulary, dtype=torch.bool))

    @torch.no_grad()
    def take(self, number: int, row: torch.Tensor) -> None:
        """Makes a variant's row that of the output embeddings."""
        self.rows.weight[number] = row.to(self.rows.weight.dtype)

    @torch.no_grad()
    def surround(self, rows: torch.Tensor) -> None:
        """Takes the whole vocabulary's rows. Raises SpecError for another number than was said."""
        if len(rows) != len(self.others):
            raise SpecError(f"vocabulary: this model has {len(rows)} output rows, found {len(self.others)}")
        self.others.copy_(rows)
        variants = self.rows.weight[self.known]
        self.other.copy_(~torch.stack([(self.others == v).all(1) for v in variants]).any(0))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = x.to(self.rows.weight.dtype)
        logits = self.rows(x).masked_fill(~self.known, -torch.inf)
        yes, no = logits[:, : len(YES)].logsumexp(1), logits[:, len(YES) :].logsumexp(1)
        total = torch.logaddexp(yes, no)
        if self.raw and bool(self.other.any()):
            total = torch.logaddexp(total, (x @ self.others.T).masked_fill(~self.other, -torch.inf).logsumexp(1))
        return torch.stack([(yes - total).exp(), yes - total, no - total], dim=1)
