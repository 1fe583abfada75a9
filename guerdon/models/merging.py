"""One checkpoint made of several of the same kind: every weight Σ_i w_i·θ_i, for averages and extrapolation."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file

from guerdon.core.errors import CheckpointError, DataError
from guerdon.core.types import Sample
from guerdon.models.amend import finish, must_be_free
from guerdon.models.checkpoint import (
    CURVES,
    Checkpoint,
    load_heads,
    read_checkpoint,
    write_weights,
)
from guerdon.models.output import locked, write_json, writing
from guerdon.models.scorer import Scorer

ADAPTER, ADAPTER_CONFIG = "adapter_model.safetensors", "adapter_config.json"
Sources = Sequence[tuple[Path, float]]  # folder and weight


def merge(
    sources: Sequence[str | Path], weights: Sequence[float], out: str | Path, about: Mapping[str, Any], *, device: str
) -> Path:
    """Writes the checkpoint whose weights are Σ_i w_i·θ_i, and checks it as every other. Sums are in float64.

    Of adapters the products B·A are summed, exactly: side by side they are one adapter of the ranks' sum. The rest (tokenizer,
    configuration) is the last one's; `about` goes into guerdon.json. Raises CheckpointError where two do not match: another
    tuning, head, width, number of members or frozen backbone, tensors of other names or shapes, and buffers (what a head
    standardises by) that differ; OutputError for a folder in use.
    """
    found, out = [read_checkpoint(s) for s in sources], Path(out)
    last = found[-1]
    for one, other in pairwise(found):
        _same_spec(one, other)
    with locked(out):
        must_be_free(out)
        heads = _heads(found, weights)
        parts = {"full": ("backbone", _backbone), "lora": ("adapter", _adapter)}
        if last.tuning in parts:
            name, combine = parts[last.tuning]
            for i in range(last.members):
                each = [(c.folder / f"{name}-{i}", w) for c, w in zip(found, weights, strict=True)]
                combine(each, out / f"{name}-{i}")
        write_weights(out, heads)
        if "curves" in about and (last.folder / CURVES).is_file():
            with writing(out):
                shutil.copyfile(last.folder / CURVES, out / CURVES)
        finish(last, out, dict(about), device)
    return out


def described(like: str | Path) -> dict[str, Any]:
    """What a checkpoint made of others says as this one does: spec of the fit, objective, data, curves."""
    return {k: v for k, v in read_checkpoint(like).about.items() if k not in ("probes", "versions", "result")}


def judged(groups: Iterable[Sample]) -> list[Sample]:
    """The groups that have a preference to choose weights by. Raises DataError where none has."""
    found = [s for s in groups if any(not p.tie for p in s.preferences)]
    if not found:
        raise DataError("no sample has a preference to choose by", field="preferences")
    return found


def weighted(tensors: Sequence[torch.Tensor], weights: Sequence[float]) -> torch.Tensor:
    """Σ_i w_i·t_i, summed in float64 and given in the last one's type; what has no weight is not read."""
    total = torch.zeros_like(tensors[-1], dtype=torch.float64)
    for tensor, weight in zip(tensors, weights, strict=True):
        if weight:
            total += weight * tensor.double()
    return total.to(tensors[-1].dtype)


def accuracy(scorer: Scorer, groups: Sequence[Sample]) -> float:
    """Share of the preferred pairs that the mean of the members orders right; equal scores are wrong."""
    right = total = 0
    for group in groups:
        outputs = scorer.score_groups([(group.prompt, group.responses)]).outputs.mean(0)
        pairs = torch.tensor([(p.better, p.worse) for p in group.preferences if not p.tie])
        won = scorer.head.compare(torch.from_numpy(outputs), pairs) > 0
        right, total = right + int(won.sum()), total + len(pairs)
    return right / total


def _same_spec(first: Checkpoint, second: Checkpoint) -> None:
    for name in ("tuning", "head", "width", "members"):
        if getattr(first, name) != getattr(second, name):
            raise CheckpointError(f"{second.folder}: its {name} is not that of {first.folder}")
    if second.tuning != "full" and asdict(first.backbone) != asdict(second.backbone):
        raise CheckpointError(f"{second.folder}: its backbone is not that of {first.folder}")


def _heads(found: Sequence[Checkpoint], weights: Sequence[float]) -> list[torch.nn.Module]:
    last, members = found[-1], []
    each = [load_heads(c, c.width, torch.device("cpu")) for c in found]
    for i, heads in enumerate(zip(*each, strict=True)):
        for other, head in zip(found, heads, strict=True):
            for (name, a), b in zip(head.named_buffers(), heads[-1].buffers(), strict=True):
                if not torch.equal(a, b):
                    raise CheckpointError(
                        f"{last.folder}: members.{i}.{name} is not that of {other.folder}; train it with init"
                    )
        with torch.no_grad():
            for same in zip(*(h.parameters() for h in heads), strict=True):
                same[-1].copy_(weighted(same, weights))
        members.append(heads[-1])
    return members


def _backbone(sources: Sources, out: Path) -> None:
    """The last one's folder with the weights of all, tensor by tensor."""
    last = sources[-1][0]
    with writing(out):
        shutil.copytree(last, out, dirs_exist_ok=True)
    weights = [w for _, w in sources]
    with ExitStack() as open_files:
        places = [_places(folder, open_files) for folder, _ in sources]
        _same_names([folder for folder, _ in sources], [set(p) for p in places])
        for file in sorted(last.glob("*.safetensors")):
            with safe_open(file, "pt") as tensors:
                names, metadata = list(tensors.keys()), tensors.metadata()
            made = {n: _tensor([p[n].get_tensor(n) for p in places], weights, last, n) for n in names}
            with writing(out):
                save_file(made, out / file.name, metadata=metadata)


def _places(folder: Path, open_files: ExitStack) -> dict[str, Any]:
    """The open file that holds each tensor of a folder."""
    found: dict[str, Any] = {}
    for file in sorted(folder.glob("*.safetensors")):
        tensors = open_files.enter_context(safe_open(file, "pt"))
        found |= dict.fromkeys(tensors.keys(), tensors)
    return found


def _same_names(folders: Sequence[Path], names: Sequence[set[str]]) -> None:
    for folder, mine in zip(folders, names, strict=True):
        absent, odd = sorted(names[-1] - mine), sorted(mine - names[-1])
        if absent or odd:
            name, place = (absent[0], folder) if absent else (odd[0], folders[-1])
            raise CheckpointError(f"{place}: '{name}' is missing")


def _tensor(found: Sequence[torch.Tensor], weights: Sequence[float], last: Path, name: str) -> torch.Tensor:
    whole = not found[-1].is_floating_point()
    if any(t.shape != found[-1].shape or (whole and not torch.equal(t, found[-1])) for t in found):
        raise CheckpointError(f"{last}: '{name}' does not match in all checkpoints")
    return found[-1] if whole else weighted(found, weights)


def _adapter(sources: Sources, out: Path) -> None:
    """Adapters side by side: Σ w·(α/r)·B·A = [w₁(α₁/r₁)B₁ …]·[A₁; …], of rank Σ r and with α = rank, so that the scale is 1."""
    with writing(out):
        shutil.copytree(sources[-1][0], out, dirs_exist_ok=True)
    used = [(folder, w) for folder, w in sources if w]
    configs = [_config(folder) for folder, _ in sources]
    every = [_tensors(folder / ADAPTER) for folder, _ in sources]
    _same_names([folder for folder, _ in sources], [set(t) for t in every])
    if len(used) == 1 and used[0][1] == 1:
        for name in (ADAPTER, ADAPTER_CONFIG):
            with writing(out):
                shutil.copyfile(used[0][0] / name, out / name)
        return
    scaled = [
        (t, w * c["lora_alpha"] / c["r"], c["r"]) for t, (_, w), c in zip(every, sources, configs, strict=True) if w
    ]
    made, rank = {}, sum(r for _, _, r in scaled)
    for name in every[-1]:
        up = "lora_B" in name or "lora_embedding_B" in name  # B [out, rank], A [rank, in]
        side = [(t[name].double() * s).to(t[name].dtype) if up else t[name] for t, s, _ in scaled]
        made[name] = torch.cat(side, dim=1 if up else 0).contiguous()
    with writing(out):
        save_file(made, out / ADAPTER, metadata={"format": "pt"})
    write_json(out / ADAPTER_CONFIG, {**configs[-1], "r": rank, "lora_alpha": rank})


def _tensors(file: Path) -> dict[str, torch.Tensor]:
    try:
        return load_file(file)
    except (OSError, SafetensorError) as error:
        raise CheckpointError(f"{file}: cannot be read: {error}") from None


def _config(folder: Path) -> dict[str, Any]:
    """An adapter's configuration. Raises CheckpointError for kinds whose update is not (α/r)·B·A throughout."""
    try:
        config: dict[str, Any] = json.loads((folder / ADAPTER_CONFIG).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{folder / ADAPTER_CONFIG}: cannot be read: {error}") from None
    for name in ("use_dora", "use_rslora", "rank_pattern", "alpha_pattern"):
        if config.get(name):
            raise CheckpointError(f"{folder}: adapters with {name} cannot be put side by side")
    return config
