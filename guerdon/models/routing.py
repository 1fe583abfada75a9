"""What fits that change only the gate of a `Routed` head share: the pairs, the loss of every reward on them, the gate's input."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch
from torch.nn.functional import softplus

from guerdon.core.errors import DataError, SpecError
from guerdon.core.types import Sample
from guerdon.models.checkpoint import Checkpoint, read_checkpoint
from guerdon.models.features import feature_rows
from guerdon.models.groups import Intake, take
from guerdon.models.heads.routed import Routed
from guerdon.models.objectives.bradley_terry import BradleyTerry
from guerdon.models.pooling import features_of, gather, parse_read
from guerdon.models.scorer import Member, Scorer, Text
from guerdon.models.template import Encoded


@dataclass(frozen=True)
class Losses:
    """loss [members, P, K]: −log σ(Δ_k) of each reward k on pair p (with a soft label, its cross-entropy) · weight [P] ·
    group [P]: the number of the pair's sample."""

    loss: torch.Tensor
    weight: torch.Tensor
    group: torch.Tensor


def routed_checkpoint(path: str, gated: bool) -> tuple[Checkpoint, Routed]:
    """A checkpoint with a routed head. Raises SpecError for another head, and for no gate where `gated`."""
    found = read_checkpoint(path)
    if not isinstance(found.head, Routed):
        raise SpecError(f"init: {path} has the head {found.head.use}; this fit goes on from models.heads.routed")
    if gated and not found.head.gate:
        raise SpecError(f"init: {path} has a static mixture, whose gate reads nothing")
    return found, found.head


def usable(samples: Iterable[Sample]) -> tuple[list[Sample], Intake]:
    """The samples with decided pairs and, of their responses, those that pairs name; the rest is counted."""
    groups, intake = take(samples, BradleyTerry())
    kept = [g for g in groups if any(not p.tie for p in g.preferences)]
    if not kept:
        raise DataError("every pair is a tie", field="preferences")
    return kept, intake


def losses(scorer: Scorer, head: Routed, groups: Sequence[Sample]) -> Losses:
    """The loss of every reward on every decided pair whose texts could be read."""
    first: list[int] = []
    texts: list[Text] = []
    for g in groups:
        first.append(len(texts))
        texts += [(g.prompt, r) for r in g.responses]
    outputs = torch.from_numpy(scorer.score(texts).outputs)[:, :, 1 : 1 + len(head.parts)]
    rows = [(i, p) for i, g in enumerate(groups) for p in g.preferences if not p.tie]
    better = torch.tensor([first[i] + p.better for i, p in rows])
    worse = torch.tensor([first[i] + p.worse for i, p in rows])
    delta = outputs[:, better] - outputs[:, worse]
    prob = torch.tensor([p.prob for _, p in rows], dtype=delta.dtype)[:, None]
    kept = torch.isfinite(delta).all(-1).all(0)
    if not bool(kept.any()):
        raise DataError("no pair could be read")
    loss = prob * softplus(-delta) + (1 - prob) * softplus(delta)
    weight = torch.tensor([p.weight for _, p in rows], dtype=delta.dtype)
    return Losses(loss[:, kept], weight[kept], torch.tensor([i for i, _ in rows])[kept])


def prompt_rows(scorer: Scorer, member: Member, gate: tuple[str, ...], prompts: Sequence[Sample]) -> torch.Tensor:
    """What a gate with these terms reads [N, ·] of each sample's prompt. Raises DataError for a prompt that cannot be encoded."""
    encoded = member.backbone.template.encode_many([(s.prompt, s.responses[0]) for s in prompts], "prompt")
    fine = [e for e in encoded if isinstance(e, Encoded)]
    if len(fine) < len(encoded):
        row = next(i for i, e in enumerate(encoded) if isinstance(e, DataError))
        raise DataError(f"the prompt of '{prompts[row].id}' cannot be encoded: {encoded[row]}", row=row, field="prompt")
    terms = parse_read(gate)
    features, hidden = features_of(terms), member.backbone.hidden_size
    rows = feature_rows(member.backbone, fine, features, cached=scorer.cached, budget=scorer.budget, what="")
    parts = torch.split(torch.from_numpy(rows), [f.width(hidden) for f in features], dim=-1)
    return gather(dict(zip(features, parts, strict=True)), terms)
