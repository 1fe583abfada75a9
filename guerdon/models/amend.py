"""A checkpoint made from another one: the same backbone, a head that was changed without a training of the backbone."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from guerdon.core.contracts import Head
from guerdon.core.errors import OutputError
from guerdon.core.specfile import CHECKPOINT_FILE
from guerdon.models.checkpoint import CURVES, Checkpoint, load_checkpoint, write_about, write_weights
from guerdon.models.output import write_json, writing
from guerdon.models.selfcheck import must_hold, probe_outputs, self_check

MADE_ANEW = ("probes", "versions", "result", "curves")


def amended(
    like: Checkpoint, out: Path, head: Head, modules: Sequence[torch.nn.Module], about: Mapping[str, Any], *,
    curves: Sequence[Mapping[str, Any]] = (), device: str = "auto",
) -> Path:  # fmt: skip
    """Writes a checkpoint with this head (of the same width) and the backbone of `like`, and checks it as every other.

    `about` is kept in it beside what `like` says of itself. The caller holds the folder (`guerdon.models.output.locked`).
    """
    must_be_free(out)
    for folder in sorted((*like.folder.glob("adapter-*"), *like.folder.glob("backbone-*"))):
        with writing(out):
            shutil.copytree(folder, out / folder.name, dirs_exist_ok=True)
    write_json(out / CURVES, list(curves))
    write_weights(out, modules)
    kept = {k: v for k, v in like.about.items() if k not in MADE_ANEW}
    finish(replace(like, head=head), out, {**kept, "curves": CURVES, **about}, device)
    return out


def must_be_free(out: Path) -> None:
    """OutputError where a model stands already."""
    if (out / CHECKPOINT_FILE).is_file():
        raise OutputError(f"{out}: holds a model already; take another folder")


def finish(like: Checkpoint, out: Path, about: dict[str, Any], device: str) -> None:
    """Writes guerdon.json, first without and then with the outputs on the probes that the loaded model gives."""
    try:
        write_about(out, like.tuning, like.backbone, like.head, like.width, like.members, about)
        about["probes"] = probe_outputs(load_checkpoint(out, device=device))
        write_about(out, like.tuning, like.backbone, like.head, like.width, like.members, about)
        must_hold(self_check(out, device=device), out)
    except BaseException:
        (out / CHECKPOINT_FILE).unlink(missing_ok=True)
        raise
