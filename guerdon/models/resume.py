"""What a training keeps to go on from: the tensors it changes, and the newest checkpoint that is whole."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from transformers.trainer_utils import get_last_checkpoint

WEIGHTS = "model.safetensors"
STATE = "trainer_state.json"  # the trainer writes it last


def trained_tensors(source: Any) -> dict[str, torch.Tensor]:
    """What training changes: parameters that take gradients, and the head with its buffers. Tied tensors once."""
    if isinstance(source, Mapping):
        state, wanted = dict(source), set(source)
    else:
        state = source.state_dict()
        wanted = {n for n, p in source.named_parameters() if p.requires_grad}
        wanted |= {n for n in state if n.startswith("head.")}
    seen: set[int] = set()
    kept = {}
    for name in sorted(wanted):
        if state[name].data_ptr() not in seen or not state[name].numel():
            seen.add(state[name].data_ptr())
            kept[name] = state[name].detach().cpu().contiguous()
    return kept


def load_trained(model: torch.nn.Module, path: Path, sharded: bool = False) -> None:
    """Puts back what `trained_tensors` kept; into the processes' parts where the model is sharded over them."""
    tensors = load_file(path)
    if not sharded:
        model.load_state_dict(tensors, strict=False)
        return
    from torch.distributed.checkpoint.state_dict import StateDictOptions, set_model_state_dict

    set_model_state_dict(model, dict[str, Any](tensors), options=StateDictOptions(full_state_dict=True, strict=False))


def last_whole_checkpoint(folder: Path) -> str | None:
    """The newest checkpoint that was written to its end (a kill may have cut off the last one); broken ones are removed."""
    while folder.is_dir():
        found: str | None = get_last_checkpoint(str(folder))  # type: ignore[no-untyped-call]
        if found is None:
            return None
        try:
            json.loads((Path(found) / STATE).read_text(encoding="utf-8"))
            load_file(Path(found) / WEIGHTS)
            return found
        except (OSError, ValueError, SafetensorError):  # an older one, or a new start, is the answer
            shutil.rmtree(found)
    return None
