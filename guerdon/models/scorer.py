"""A trained model ready to score: backbone, heads of all members, and how they read texts. Sync; one thread at a time."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from guerdon.core.contracts import Head
from guerdon.core.errors import CheckpointError, DataError
from guerdon.core.types import Message, Response
from guerdon.models.backbone import LoadedBackbone
from guerdon.models.collate import TOKENS
from guerdon.models.features import feature_rows, key_of
from guerdon.models.joint import Group, joint_texts
from guerdon.models.mc_dropout import DropoutPasses
from guerdon.models.network import Reading
from guerdon.models.template import Encoded, Template

Text = tuple[tuple[Message, ...], Response]


@dataclass(frozen=True)
class Member:
    """One trained head and the backbone it reads (shared by all members where it is frozen)."""

    backbone: LoadedBackbone
    head: torch.nn.Module


@dataclass(frozen=True)
class Scored:
    """outputs [members, texts, outputs], NaN where `faults` says why there is none · truncated: cut to max_length · passes
    [members, passes, texts, outputs]: those with dropout on, of a scorer that has `passes`."""

    outputs: np.ndarray
    faults: tuple[DataError | None, ...]
    truncated: tuple[bool, ...]
    passes: np.ndarray | None = None

    def passes_of(self, text: int) -> np.ndarray | None:
        """Its outputs [members, passes, outputs] with dropout on, where there are any."""
        return None if self.passes is None else self.passes[:, :, text]


class Scorer:
    """Scores texts with every member. The same scores whatever the batch: nothing in it depends on a text's neighbours."""

    kept: dict[Any, torch.Tensor] | None = (
        None  # features of texts batched just so, where they are to be read only once
    )

    def __init__(self, head: Head, members: Sequence[Member], *, cached: bool = False, budget: int = TOKENS) -> None:
        self.head, self.members, self.cached, self.budget = head, tuple(members), cached, budget
        self.reading = Reading.of(head, members[0].backbone.hidden_size)
        self.passes: DropoutPasses | None = None
        self.lock = threading.Lock()

    def alone(self, member: int, path: str) -> Scorer:
        """One member as a scorer of its own. Raises CheckpointError where the checkpoint at `path` has no such member."""
        if not 0 <= member < len(self.members):
            raise CheckpointError(f"{path}: there is no member {member}; it has {len(self.members)}, numbered from 0")
        return Scorer(self.head, [self.members[member]], cached=self.cached, budget=self.budget)

    @property
    def template(self) -> Template:
        """The template all members share."""
        return self.members[0].backbone.template

    def score(self, texts: Sequence[Text]) -> Scored:
        """Outputs of each text; one that cannot be encoded, or whose outputs are not finite, has its fault. With a joint layout
        each is a group of its own."""
        if self.head.layout == "joint":
            return self.score_groups([(prompt, (response,)) for prompt, response in texts])
        with self.lock:
            return self._score(texts)

    def score_groups(self, groups: Sequence[Group]) -> Scored:
        """Outputs of the responses of each group, one after the other: read in one text in this order where the head's layout is
        joint, else each alone. What takes no part (an empty response, one that does not fit) has its fault."""
        if self.head.layout == "apart":
            return self.score([(prompt, r) for prompt, responses in groups for r in responses])
        separator = self.members[0].backbone.config.separator
        with self.lock:
            return self._judged({"": [e for t in joint_texts(self.template, groups, separator) for e in t.lay()]})

    def count_truncated(self, texts: Sequence[Text]) -> dict[str, int]:
        """How many texts do not fit whole, by view ("" where prompt and response are read together); nothing is scored."""
        found = {v: self.template.encode_many(texts, v) for v in self.reading.views}
        return {v: sum(getattr(e, "truncated", False) for e in encoded) for v, encoded in found.items()}

    def _score(self, texts: Sequence[Text]) -> Scored:
        return self._judged({v: self.template.encode_many(texts, v) for v in self.reading.views})

    def _judged(self, found: Mapping[str, Sequence[Encoded | DataError]]) -> Scored:
        each = list(zip(*found.values(), strict=True))
        faults = [next((t for t in views if isinstance(t, DataError)), None) for views in each]
        good = [i for i, fault in enumerate(faults) if fault is None]
        encoded = {v: [t for i in good if isinstance(t := f[i], Encoded)] for v, f in found.items()}
        outputs = np.full((len(self.members), len(each), len(self.head.outputs)), np.nan)
        passes = None
        if self.passes is not None:
            passes = np.full((len(self.members), self.passes.passes, *outputs.shape[1:]), np.nan)
        if good:
            outputs[:, good], noisy = self._outputs(encoded)
            if passes is not None:
                passes[:, :, good] = noisy
        for i in good:
            if not (np.isfinite(outputs[:, i]).all() and (passes is None or np.isfinite(passes[:, :, i]).all())):
                faults[i] = DataError("the model gave a score that is no finite number")
        return Scored(outputs, tuple(faults), tuple(any(_cut(t) for t in views) for views in each), passes)

    def _outputs(self, encoded: Mapping[str, Sequence[Encoded]]) -> tuple[np.ndarray, np.ndarray | None]:
        """Outputs [members, texts, outputs] of each member, and those of its passes with dropout, if it makes any."""
        made, noisy, before = [], [], self.members[0].backbone
        rows = self._rows(before, encoded)
        for number, member in enumerate(self.members):
            if member.backbone is not before:
                rows, before = self._rows(member.backbone, encoded), member.backbone
            x = self.reading.gather(self.reading.split(rows))
            made.append(self._apply(member, x))
            if self.passes is not None:
                keys = [b"".join(key_of(t) for t in texts) for texts in zip(*encoded.values(), strict=True)]
                noisy.append(self.passes.run(member.head, x, keys, number).numpy())
        return np.stack(made), np.stack(noisy) if noisy else None

    def _rows(self, backbone: LoadedBackbone, encoded: Mapping[str, Sequence[Encoded]]) -> torch.Tensor:
        if self.kept is None:
            return self._read(backbone, encoded)
        how = (backbone.identity, backbone.packing, str(backbone.device), self.budget, torch.get_num_threads())
        name = (*how, self.reading.features, *(tuple(encoded[v]) for v in self.reading.views))
        if name not in self.kept:
            self.kept[name] = self._read(backbone, encoded)
        return self.kept[name]

    def _read(self, backbone: LoadedBackbone, encoded: Mapping[str, Sequence[Encoded]]) -> torch.Tensor:
        parts = [
            feature_rows(backbone, encoded[v], features, cached=self.cached, budget=self.budget, what="")
            for v, features in self.reading.views.items()
        ]
        return torch.from_numpy(np.concatenate(parts, axis=1))

    @torch.inference_mode()
    def _apply(self, member: Member, x: torch.Tensor) -> np.ndarray:
        device = next(member.head.parameters()).device
        found: np.ndarray = member.head(x.to(device)).double().cpu().numpy()
        return found


def _cut(text: Encoded | DataError) -> bool:
    return isinstance(text, Encoded) and text.truncated
