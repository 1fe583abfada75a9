"""What of a backbone is trained: nothing (frozen), low-rank adapters (LoRA, arXiv 2106.09685), or everything (full)."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from guerdon.core.errors import CheckpointError, SpecError
from guerdon.models.backbone import LoadedBackbone, quiet


@dataclass(frozen=True)
class Lora:
    """Rank, scale α (the update is α/rank · BA) and dropout of the adapters; `targets` are module names, or all linear ones."""

    rank: int = 16
    alpha: int = 32
    dropout: float = 0.05
    targets: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.rank < 1 or not 0.0 <= self.dropout < 1.0:
            raise SpecError("lora: rank is at least 1 and dropout in [0, 1)")


def with_adapters(backbone: LoadedBackbone, lora: Lora) -> Any:
    """The backbone's model with fresh adapters, everything else frozen. Raises SpecError for unknown targets."""
    from peft import LoraConfig, get_peft_model

    targets: str | list[str] = list(lora.targets) or "all-linear"
    config = LoraConfig(r=lora.rank, lora_alpha=lora.alpha, lora_dropout=lora.dropout, target_modules=targets)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # of transformers, about names that peft still uses
            return get_peft_model(backbone.model, config)
    except ValueError as error:
        raise SpecError(f"lora: {error}") from error


def save_backbone(model: Any, backbone: LoadedBackbone, folder: Path, tuning: str) -> None:
    """Writes adapters (`lora`) or the whole model with its tokenizer (`full`) in Hugging Face's own layout."""
    with quiet():
        # an embedding added for a separator is made again on load: adapters alone are kept
        model.save_pretrained(folder, **({"save_embedding_layers": False} if tuning == "lora" else {}))
        if tuning == "full":
            backbone.tokenizer.save_pretrained(folder)
            generation = backbone.folder / "generation_config.json"
            if generation.is_file():
                (folder / generation.name).write_bytes(generation.read_bytes())


def load_adapters(backbone: LoadedBackbone, folder: Path, trainable: bool = False) -> None:
    """Puts saved adapters onto the backbone's model, in place; `trainable` to go on training them. Raises CheckpointError."""
    from peft import PeftModel
    from safetensors import safe_open

    file = folder / "adapter_model.safetensors"
    if not file.is_file():
        raise CheckpointError(f"{file}: missing")
    try:
        model = PeftModel.from_pretrained(backbone.model, folder, is_trainable=trainable)
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise CheckpointError(
            f"{folder}: the adapters do not fit the backbone: {str(error).splitlines()[0]}"
        ) from error
    with safe_open(file, "pt") as saved:
        names = set(saved.keys())
    wanted = {n.replace(".default.", ".") for n in model.state_dict() if "lora_" in n}
    if names != wanted:
        odd = sorted(names ^ wanted)[0]
        raise CheckpointError(f"{file}: '{odd}' is {'unexpected' if odd in names else 'missing'}")
    backbone.model = model.to(backbone.device).eval()
