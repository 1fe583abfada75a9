"""The checkpoint folder: `guerdon.json` (what it is) + safetensors (what was trained). No pickle anywhere.

    guerdon.json          format, spec of the fit, backbone with its sha256, head, positions, output names, versions, seed, data,
                          result, probes (fixed texts with their outputs)
    head.safetensors      members.<i>.<tensor>
    adapter-<i>/          LoRA adapters of member i, in peft's layout
    backbone-<i>/         the whole tuned model of member i with its tokenizer, in Hugging Face's layout
    curves.json           the training curves: a list of {"step", "epoch", "loss", "eval_loss", "eval_accuracy", …}, `member` in ensembles

`guerdon.json` is written last, so a folder that has one is whole.
"""

from __future__ import annotations

import importlib.metadata
import json
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

import guerdon
from guerdon.core.build import build, spec_of
from guerdon.core.contracts import Head
from guerdon.core.errors import CheckpointError, GuerdonError
from guerdon.core.specfile import CHECKPOINT_FILE
from guerdon.models.backbone import Backbone, LoadedBackbone
from guerdon.models.collate import TOKENS
from guerdon.models.network import Reading
from guerdon.models.output import replacing, write_json, writing
from guerdon.models.scorer import Member, Scorer
from guerdon.models.tuning import load_adapters

FORMAT = 1
HEAD, CURVES = "head.safetensors", "curves.json"
REQUIRED = ("format", "tuning", "backbone", "head", "positions", "width", "outputs", "members")


@dataclass(frozen=True)
class Checkpoint:
    """What `guerdon.json` says. `about` holds the rest of it: fit, seed, versions, data, result, probes."""

    folder: Path
    tuning: str
    backbone: Backbone
    head: Head
    width: int
    members: int
    about: Mapping[str, Any]

    @property
    def outputs(self) -> tuple[str, ...]:
        return self.head.outputs


def versions() -> dict[str, str]:
    """Versions of what a training depends on."""
    names = ("torch", "transformers", "peft", "accelerate", "safetensors", "numpy")
    found = {n: importlib.metadata.version(n) for n in names}
    return {"guerdon": guerdon.__version__, "python": platform.python_version(), **found}


def write_weights(folder: Path, heads: Sequence[torch.nn.Module]) -> None:
    """Writes the heads of all members. Raises OutputError."""
    tensors = {
        f"members.{i}.{name}": t.detach().cpu().contiguous()
        for i, h in enumerate(heads)
        for name, t in h.state_dict().items()
    }
    with replacing(folder / HEAD) as aside, writing(folder / HEAD):
        save_file(tensors, aside, metadata={"format": "pt"})


def write_about(
    folder: Path, tuning: str, backbone: Backbone, head: Head, width: int, members: int, about: Mapping[str, Any]
) -> None:
    """Writes guerdon.json, which makes the folder a checkpoint. Raises OutputError."""
    described = {k: v for k, v in asdict(backbone).items() if v not in ("", None)}
    write_json(
        folder / CHECKPOINT_FILE,
        {
            "format": FORMAT, "tuning": tuning, "backbone": described, "head": spec_of(head),
            "positions": list(head.positions), "width": width, "outputs": list(head.outputs), "members": members,
            **about, "versions": versions(),
        },
    )  # fmt: skip


def read_checkpoint(path: str | Path) -> Checkpoint:
    """What a checkpoint folder says it is. Raises CheckpointError."""
    folder = Path(path).expanduser()
    file = folder / CHECKPOINT_FILE
    if not folder.is_dir():
        raise CheckpointError(f"{folder}: no such folder")
    if not file.is_file():
        raise CheckpointError(f"{folder}: this folder is no checkpoint: {CHECKPOINT_FILE} is missing")
    try:
        said = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{file}: cannot be read: {error}") from None
    if isinstance(said, dict) and said.get("use"):
        raise CheckpointError(f"{file}: this model is loaded by {said['use']}, not by its states")
    absent = [k for k in REQUIRED if not isinstance(said, dict) or k not in said]
    if absent:
        raise CheckpointError(f"{file}: '{absent[0]}' is missing")
    if said["format"] != FORMAT:
        raise CheckpointError(f"{file}: format {said['format']}; this version reads format {FORMAT}")
    try:
        head = build(said["head"], Head)  # type: ignore[type-abstract]
        backbone = Backbone(**said["backbone"])
    except (GuerdonError, TypeError) as error:
        raise CheckpointError(f"{file}: {error}") from None
    if list(head.positions) != said["positions"] or list(head.outputs) != said["outputs"]:
        raise CheckpointError(f"{file}: positions or outputs are not those of its head")
    rest = {k: v for k, v in said.items() if k not in REQUIRED}
    return Checkpoint(folder, said["tuning"], backbone, head, int(said["width"]), int(said["members"]), rest)


def load_checkpoint(
    path: str | Path,
    *,
    device: str = "auto",
    dtype: str = "",
    backbone: str = "",
    cached: bool = False,
    budget: int = TOKENS,
    packing: str = "",
) -> Scorer:
    """The model of a checkpoint folder. `backbone` gives its frozen or adapted backbone another place (same weights).

    Raises CheckpointError naming the tensor or file that does not fit.
    """
    checkpoint = read_checkpoint(path)
    if packing:
        checkpoint = replace(checkpoint, backbone=replace(checkpoint.backbone, packing=packing))  # type: ignore[arg-type]
    backbones = _backbones(checkpoint, device, dtype, backbone)
    reading = Reading.of(checkpoint.head, backbones[0].hidden_size)
    if reading.width != checkpoint.width:
        raise CheckpointError(
            f"{checkpoint.folder}: the head reads {checkpoint.width} numbers, its backbone gives {reading.width}"
        )
    if checkpoint.tuning == "frozen":
        backbones[0].trim(reading.features)
    heads = load_heads(checkpoint, reading.width, backbones[0].device)
    members = [Member(b, h) for b, h in zip(backbones, heads, strict=True)]
    return Scorer(checkpoint.head, members, cached=cached and checkpoint.tuning == "frozen", budget=budget)


def _backbones(checkpoint: Checkpoint, device: str, dtype: str, place: str) -> list[LoadedBackbone]:
    config = checkpoint.backbone
    if dtype:
        config = replace(config, dtype=dtype)  # type: ignore[arg-type]
    if place:
        config = replace(config, path=place, revision="")
    if checkpoint.tuning == "frozen":
        return [config.load(device)] * checkpoint.members
    found = []
    for i in range(checkpoint.members):
        if checkpoint.tuning == "full":
            found.append(
                replace(config, path=str(checkpoint.folder / f"backbone-{i}"), revision="", sha256="").load(device)
            )
        else:
            found.append(config.load(device))
            load_adapters(found[-1], checkpoint.folder / f"adapter-{i}")
    return found


def load_heads(checkpoint: Checkpoint, width: int, device: torch.device) -> list[torch.nn.Module]:
    """The trained heads of all members. Raises CheckpointError naming the tensor that does not fit."""
    file = checkpoint.folder / HEAD
    try:
        tensors = load_file(file)
    except (OSError, SafetensorError) as error:
        raise CheckpointError(f"{file}: cannot be read: {error}") from None
    heads = []
    for i in range(checkpoint.members):
        module = checkpoint.head.module(width)
        prefix = f"members.{i}."
        mine = {k.removeprefix(prefix): tensors.pop(k) for k in list(tensors) if k.startswith(prefix)}
        fitting(file, prefix, mine, module.state_dict())
        module.load_state_dict(mine)
        heads.append(module.to(device).eval())
    if tensors:
        raise CheckpointError(f"{file}: '{min(tensors)}' belongs to no member of this model")
    return heads


def fitting(file: Path, prefix: str, found: Mapping[str, torch.Tensor], wanted: Mapping[str, torch.Tensor]) -> None:
    """Raises CheckpointError naming the first tensor that is missing, unexpected, of another shape or not finite."""
    for name in sorted(set(found) | set(wanted)):
        if name not in found:
            raise CheckpointError(f"{file}: '{prefix}{name}' is missing")
        if name not in wanted:
            raise CheckpointError(f"{file}: '{prefix}{name}' is not part of the head this checkpoint names")
        if found[name].shape != wanted[name].shape:
            shapes = f"{list(found[name].shape)}, its spec needs {list(wanted[name].shape)}"
            raise CheckpointError(f"{file}: '{prefix}{name}' has shape {shapes}")
        if not torch.isfinite(found[name]).all():
            raise CheckpointError(f"{file}: '{prefix}{name}' holds values that are not finite")
