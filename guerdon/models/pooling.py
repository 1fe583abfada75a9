"""Features: which hidden states of which text a head reads, as names. Pure.

A feature is `[view:]position[@layer]`:

- view: none = prompt and response encoded together; `prompt:` or `response:` = that side encoded alone, whose `mean` starts
  after the opening special token; `rating:` = both, then the request for a rating and a score cue, of which `last` predicts
  the next token (decoders only); `step:` = both, read at one step of the response, one row a step (`guerdon.models.steps`):
  `last` is the state at the step's end, `mean` that over its tokens; `reference:` = question, reference answer and
  completion in tags (`guerdon.models.referenced`), where the completion stands as the response; `better:`, `good:` = a question
  answered by yes or no (`guerdon.models.question`), of which `last` predicts the answer;
- position: `last` and `first` token, `mean` of all; `response_mean`, `response_max`, `response_std`, `response_first` over
  the response and its end tokens; `prompt_mean`, `prompt_last` over what stands before it; `log_length`, the number
  log(1 + response tokens) before any cut, of width 1;
- layer: an index into the hidden states, 0 = embeddings; none = the last layer (after its final norm).

A head's `read` is a list of terms, a feature or two joined by `-` (difference) or `*` (elementwise product):
`response_mean@5`, `response_mean-prompt_mean`, `response:mean@3*prompt:mean@3`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import torch

from guerdon.core.errors import SpecError, closest
from guerdon.models.token_states import PaddedStates, TokenStates

Tensor = torch.Tensor
VIEWS = ("", "prompt", "response", "rating", "step", "reference", "better", "good")
CUED = ("rating", "better", "good")  # views that end where one token answers a question, and are read there
ALONE = ("prompt", "response", "step")  # views whose `mean` is that of the one stretch they are about
_FEATURE = re.compile(r"(?:([a-z]+):)?([a-z_]+)(?:@(\d+))?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Spans:
    """Where things are in a right-padded batch: length [B], start of the response [B], response tokens before any cut [B]."""

    length: Tensor
    start: Tensor
    response_tokens: Tensor

    def to(self, device: Any) -> Spans:
        return Spans(
            length=self.length.to(device),
            start=self.start.to(device),
            response_tokens=self.response_tokens.to(device),
        )


@dataclass(frozen=True, slots=True, order=True)
class Feature:
    """One feature; `layer` None means the last."""

    view: str
    position: str
    layer: int | None

    def __str__(self) -> str:
        view = f"{self.view}:" if self.view else ""
        return f"{view}{self.position}" + ("" if self.layer is None else f"@{self.layer}")

    def width(self, hidden: int) -> int:
        """Numbers in the feature for a backbone of this hidden size."""
        return 1 if self.position == "log_length" else hidden


@dataclass(frozen=True, slots=True)
class Term:
    """A feature, or two joined by an operator."""

    left: Feature
    operator: str = ""
    right: Feature | None = None

    def of(self, states: Mapping[Feature, Tensor]) -> Tensor:
        """The term's value [N, width] from the features' values."""
        left = states[self.left]
        if self.right is None:
            return left
        right = states[self.right]
        return left - right if self.operator == "-" else left * right


@lru_cache(maxsize=1024)
def parse_feature(text: str) -> Feature:
    """`"response_mean@5"` → Feature. Raises SpecError with the closest known position."""
    found = _FEATURE.fullmatch(text.strip())
    if found is None:
        raise SpecError(f"'{text}' is no feature: write [view:]position[@layer], such as response_mean@5")
    view, position, layer = found[1] or "", found[2], found[3]
    if view not in VIEWS:
        raise SpecError(
            f"'{text}': no view '{view}'.{closest(view, VIEWS)} Views: {', '.join(VIEWS[1:])}, or none for both."
        )
    if position not in POSITIONS:
        raise SpecError(
            f"'{text}': no position '{position}'.{closest(position, POSITIONS)} Known: {', '.join(POSITIONS)}."
        )
    if position == "log_length" and layer is not None:
        raise SpecError(f"'{text}': a length has no layer")
    if view == "step" and position not in ("last", "mean"):
        raise SpecError(f"'{text}': a step is read by step:last (its end) or step:mean")
    if view in ALONE and position.startswith(("prompt_", "response_")):
        raise SpecError(f"'{text}': a text encoded alone is read by last, first or mean (with {view}:)")
    if view in CUED and position != "last":
        raise SpecError(f"'{text}': it is read at the end of its question, where the answer begins: {view}:last")
    return Feature(view, position, None if layer is None else int(layer))


@lru_cache(maxsize=256)
def parse_read(read: tuple[str, ...]) -> tuple[Term, ...]:
    """The terms of a head's `read`. Raises SpecError."""
    if not read:
        raise SpecError("read names at least one feature, such as response_mean")
    terms = []
    for text in read:
        parts = re.split(r"([-*])", text)
        if len(parts) == 1:
            terms.append(Term(parse_feature(text)))
        elif len(parts) == 3:
            terms.append(Term(parse_feature(parts[0]), parts[1], parse_feature(parts[2])))
        else:
            raise SpecError(f"'{text}': a term is one feature, or two joined by - or *")
    for term in terms:
        widths = {f.position == "log_length" for f in (term.left, term.right) if f is not None}
        if term.operator == "-" and len(widths) == 2:
            raise SpecError("a length and a state have no difference; their product is fine")
    views = {f.view for f in features_of(terms)}
    if "reference" in views and not views <= {"reference", "response"}:
        raise SpecError(
            "read: a head on reference: reads no other view but response:, as the prompt holds the reference"
        )
    return tuple(terms)


def features_of(terms: Sequence[Term]) -> tuple[Feature, ...]:
    """The distinct features that terms need, sorted."""
    named = {t.left for t in terms} | {t.right for t in terms if t.right is not None}
    return tuple(sorted(named, key=str))


def width_of(terms: Sequence[Term], hidden: int) -> int:
    """Width of the concatenated terms for a backbone of this hidden size."""
    return sum(max(f.width(hidden) for f in (t.left, t.right) if f is not None) for t in terms)


def gather(states: Mapping[Feature, Tensor], terms: Sequence[Term]) -> Tensor:
    """The terms side by side, [N, width]."""
    return torch.cat([term.of(states) for term in terms], dim=-1)


def pool(
    hidden: Sequence[Tensor],
    spans: Spans,
    features: Sequence[Feature],
    read: Callable[[Tensor], TokenStates] = PaddedStates,
) -> dict[Feature, Tensor]:
    """Features [B, width] from hidden states (one tensor a layer, the embeddings first), in float32. `read` says where the
    texts stand in a layer's states: by default they are right-padded, [B, T, H].

    Goes by lengths, never by the pad token's id, so a pad token equal to EOS or unset cannot be pooled.
    Raises SpecError for a layer the backbone lacks.
    """
    found = {}
    for feature in features:
        layer = len(hidden) - 1 if feature.layer is None else feature.layer
        if layer >= len(hidden):
            raise SpecError(f"'{feature}': the backbone's hidden states are 0 (embeddings) to {len(hidden) - 1}")
        alone = feature.view in ALONE and feature.position == "mean"
        found[feature] = POSITIONS["response_mean" if alone else feature.position](read(hidden[layer]), spans)
    return found


def _std(h: TokenStates, s: Spans) -> Tensor:
    mean, square = h.mean(s.start, s.length), h.mean(s.start, s.length, power=2)
    return (square - mean**2).clamp(min=1e-12).sqrt()


# The one table of positions: name → value [B, H] from the states of one layer and the spans.
POSITIONS: dict[str, Callable[[TokenStates, Spans], Tensor]] = {
    "last": lambda h, s: h.at(s.length - 1),
    "first": lambda h, s: h.at(torch.zeros_like(s.length)),
    "mean": lambda h, s: h.mean(torch.zeros_like(s.length), s.length),
    "response_mean": lambda h, s: h.mean(s.start, s.length),
    "response_max": lambda h, s: h.max(s.start, s.length),
    "response_std": _std,
    "response_first": lambda h, s: h.at(s.start),
    "prompt_mean": lambda h, s: h.mean(torch.zeros_like(s.start), s.start),
    "prompt_last": lambda h, s: h.at(s.start - 1),
    "log_length": lambda h, s: torch.log1p(s.response_tokens.to(torch.float32))[:, None],
}
