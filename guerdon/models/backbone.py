"""Backbones: the embedded one, a Hugging Face folder, or a hub id, loaded from safetensors and checked."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import torch
from safetensors import SafetensorError

from guerdon.core.errors import CheckpointError, SpecError, closest
from guerdon.models.forms import form_for
from guerdon.models.joint import add_separator
from guerdon.models.memory import Memory
from guerdon.models.packing import PACKINGS, Packing
from guerdon.models.pooling import Feature
from guerdon.models.template import TEMPLATE_VERSION, Template, Truncation, check_boundaries
from guerdon.models.weights import EMBEDDED, embedded_folder, identity, output_rows, weights_sha256

LONGEST = 2048  # tokens taken by default where a model could take more [inferred: longer than most preference pairs]
Dtype = Literal["float32", "bfloat16", "float16"]


@dataclass(frozen=True)
class Backbone:
    """Which pretrained model reads the texts, and how.

    path: "embedded", a folder or a hub id · max_length: tokens (None: the model's own limit, at most 2,048) ·
    max_prompt_length: of these, at most so many for the prompt (its last ones) ·
    truncation: which side is cut first (`guerdon.models.template.assemble`) · attention: as transformers names it ·
    packing: how a decoder reads texts ("shared": a prefix that texts share is encoded once; "unshared"; "padded"); what cannot
    be packed, and all with an `attention` other than sdpa, is padded · separator: a special token that stands between the
    responses of a group read in one text (`guerdon.models.joint`), added where the tokenizer lacks it ·
    sha256: what the weights must be ("" takes any).
    """

    path: str = EMBEDDED
    revision: str = ""
    max_length: int | None = None
    max_prompt_length: int | None = None
    truncation: Truncation = "prompt"
    dtype: Dtype = "float32"
    attention: str = "sdpa"
    packing: Packing = "shared"
    separator: str = ""
    sha256: str = ""

    def __post_init__(self) -> None:
        if self.packing not in PACKINGS:
            raise SpecError(
                f"packing: no '{self.packing}'.{closest(self.packing, PACKINGS)} Known: {', '.join(PACKINGS)}."
            )

    def load(self, device: str = "auto") -> LoadedBackbone:
        """Reads model and tokenizer. Raises CheckpointError saying what is missing or does not match."""
        folder = self.folder()
        sha256 = weights_sha256(folder)
        if self.path == EMBEDDED:
            embedded_folder(check=sha256)
        if self.sha256 and sha256 != self.sha256:
            raise CheckpointError(
                f"{folder}: the weights are {sha256[:12]}…, the checkpoint was made with {self.sha256[:12]}…"
            )
        model = load_model(folder, self.dtype, self.attention)
        tokenizer = load_tokenizer(folder)
        made = LoadedBackbone(replace(self, sha256=sha256), folder, model.to(pick_device(device)).eval(), tokenizer)
        if self.separator:
            add_separator(made)
        return made

    def folder(self) -> Path:
        """The folder with the files; a hub id is fetched into the hub's own cache first."""
        if self.path == EMBEDDED:
            return embedded_folder()
        folder = Path(self.path).expanduser()
        if folder.is_dir():
            return _checked(folder)
        if folder.is_absolute() or self.path.startswith(".") or self.path.count("/") != 1:
            raise CheckpointError(f"{self.path}: no such folder (a hub id is written owner/name)")
        return _checked(_fetched(self.path, self.revision or None))


def settled(path: str) -> str:
    """The path as a checkpoint keeps it: a folder absolute, "embedded" and hub ids as they are."""
    folder = Path(path).expanduser()
    return str(folder.resolve()) if path != EMBEDDED and folder.is_dir() else path


def _checked(folder: Path) -> Path:
    """The folder if it holds a model, else CheckpointError naming what is missing."""
    if not (folder / "config.json").is_file():
        raise CheckpointError(f"{folder}: this folder is no model: config.json is missing")
    if not list(folder.glob("*.safetensors")):
        other = ", ".join(sorted(p.name for p in folder.glob("*.bin"))) or "no weights"
        raise CheckpointError(f"{folder}: no *.safetensors in it (found {other}); pickled weights are not read")
    if not any((folder / name).is_file() for name in ("tokenizer.json", "tokenizer_config.json", "vocab.txt")):
        raise CheckpointError(f"{folder}: this model has no tokenizer: tokenizer.json is missing")
    return folder


def _fetched(name: str, revision: str | None) -> Path:
    from huggingface_hub import snapshot_download

    wanted = ["*.safetensors", "*.json", "*.txt", "*.model", "*.jinja"]
    try:
        return Path(snapshot_download(name, revision=revision, allow_patterns=wanted))
    except (OSError, ValueError) as error:  # every error of the hub client is one of these
        raise CheckpointError(
            f"{name}: neither a folder nor to be had from the hub: {str(error).splitlines()[0]}"
        ) from error


@contextmanager
def quiet() -> Iterator[None]:
    """Silences the loading bars and notes of transformers; restored afterwards."""
    from transformers import utils

    logging: Any = utils.logging
    level, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()


def load_model(folder: Path, dtype: str, attention: str) -> Any:
    """The bare model. Raises CheckpointError when files do not fit together."""
    from transformers import AutoModel

    options = {"dtype": getattr(torch, dtype), "attn_implementation": attention, "use_safetensors": True}
    try:
        with quiet():
            model, info = AutoModel.from_pretrained(folder, output_loading_info=True, local_files_only=True, **options)
    except (OSError, ValueError, KeyError, RuntimeError, ImportError, SafetensorError) as error:
        raise CheckpointError(f"{folder}: cannot be loaded: {str(error).splitlines()[0]}") from error
    absent = sorted(k for k in info["missing_keys"] if not k.startswith("pooler."))
    if absent or info["mismatched_keys"]:
        wrong = (absent or [str(k) for k in info["mismatched_keys"]])[0]
        raise CheckpointError(f"{folder}: the weights do not fit config.json, first of all '{wrong}'")
    if model.config.is_encoder_decoder:
        raise SpecError(f"{folder}: {model.config.model_type} is an encoder-decoder; take an encoder or a decoder")
    return model


def load_tokenizer(folder: Path) -> Any:
    """The fast tokenizer. Raises CheckpointError."""
    from transformers import AutoTokenizer

    try:
        with quiet():
            tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    except (OSError, ValueError, KeyError, ImportError) as error:
        raise CheckpointError(f"{folder}: the tokenizer cannot be loaded: {str(error).splitlines()[0]}") from error
    if not tokenizer.is_fast:
        raise CheckpointError(f"{folder}: only fast tokenizers (tokenizer.json) are read")
    return tokenizer


def pick_device(name: str) -> str:
    """ "auto" is the GPU where there is one."""
    return ("cuda" if torch.cuda.is_available() else "cpu") if name == "auto" else name


class LoadedBackbone:
    """A model with its tokenizer and what is known about both."""

    def __init__(self, config: Backbone, folder: Path, model: Any, tokenizer: Any) -> None:
        self.config, self.folder, self.model, self.tokenizer = config, folder, model, tokenizer
        self.memory = Memory()
        text = model.config.get_text_config()
        self.hidden_size, self.layers = int(text.hidden_size), int(text.num_hidden_layers)

    @property
    def device(self) -> torch.device:
        return torch.device(next(self.model.parameters()).device)

    @cached_property
    def encoder(self) -> bool:
        """Bidirectional with a [CLS] … [SEP] form; otherwise a decoder."""
        from transformers.models.auto.modeling_auto import MODEL_FOR_MASKED_LM_MAPPING_NAMES as MASKED

        config = self.model.config
        marked = self.tokenizer.cls_token_id is not None and self.tokenizer.sep_token_id is not None
        return config.model_type in MASKED and not getattr(config, "is_decoder", False) and marked

    @cached_property
    def packing(self) -> Packing:
        """How texts are read: as asked where the model takes packed rows (which sets its attention), else padded."""
        from guerdon.models.packing_check import takes_packed_rows

        asked = self.config.packing
        able = asked != "padded" and not self.encoder and self.config.attention == "sdpa"
        return asked if able and takes_packed_rows(self.model) else "padded"

    @cached_property
    def eos(self) -> frozenset[int]:
        """Every token that ends a turn, by the tokenizer, the config and generation_config.json."""
        found = [self.tokenizer.eos_token_id, getattr(self.model.config.get_text_config(), "eos_token_id", None)]
        file = self.folder / "generation_config.json"
        if file.is_file():
            found.append(json.loads(file.read_text(encoding="utf-8")).get("eos_token_id"))
        if self.encoder:
            found.append(self.tokenizer.sep_token_id)
        return frozenset(t for f in found for t in (f if isinstance(f, list) else [f]) if t is not None)

    @cached_property
    def pad(self) -> int:
        """An id to fill up with: the tokenizer's own, else EOS, else 0. Never pooled, since pooling goes by lengths."""
        candidates = (self.tokenizer.pad_token_id, self.tokenizer.eos_token_id, 0)
        return int(next(c for c in candidates if c is not None))

    @cached_property
    def max_length(self) -> int:
        """Tokens a text may have: what was asked for, within what the model has positions for."""
        text = self.model.config.get_text_config()
        positions = getattr(text, "max_position_embeddings", None) or LONGEST
        if self.encoder and text.model_type in OFFSET:
            positions -= OFFSET[text.model_type]
        asked = self.config.max_length
        if asked is not None and asked > positions:
            raise SpecError(f"max_length {asked} is over the {positions} positions of {self.config.path}")
        return asked or min(positions, int(self.tokenizer.model_max_length), LONGEST)

    @cached_property
    def template(self) -> Template:
        """The template of this backbone, its boundary tokens checked on a probe. Raises CheckpointError."""
        from guerdon.core.types import answer, user

        form = form_for(self.tokenizer, self.encoder, self.eos)
        config = self.config
        template = Template(form, self.max_length, config.truncation, self.tokenizer, config.max_prompt_length)
        probe = template.encode(user("Is it so?"), answer("Yes."))
        check_boundaries(template, probe, self.tokenizer.bos_token_id, self.eos)
        return template

    @cached_property
    def warm(self) -> bool:
        """True after one call of the whole model that asks for its hidden states."""
        with torch.inference_mode():
            self.model(input_ids=torch.tensor([[self.pad]], device=self.device), output_hidden_states=True)
        return True

    @cached_property
    def takes_segments(self) -> bool:
        import inspect

        return "token_type_ids" in inspect.signature(self.model.forward).parameters and self.encoder

    def trim(self, features: Sequence[Feature]) -> None:
        """Drops the layers above the deepest one that is read, where the architecture keeps them as `encoder.layer` (BERT
        and its kin, which have no norm after the last). Raises SpecError for a layer the backbone lacks."""
        deepest = max((self.layers if f.layer is None else f.layer for f in features), default=self.layers)
        if deepest > self.layers:
            raise SpecError(f"layer {deepest} is read; the backbone's are 0 (embeddings) to {self.layers}")
        stack = getattr(getattr(self.model, "encoder", None), "layer", None)
        if isinstance(stack, torch.nn.ModuleList) and self.encoder:
            del stack[deepest:]

    def token_rows(self, texts: Sequence[str] | None) -> torch.Tensor:
        """Rows [n, width] of the output embeddings, one a text; None: all. SpecError for a text that is no single token."""
        if texts is None:
            return output_rows(self.folder, self.model, None)
        ids = [self.tokenizer(t, add_special_tokens=False)["input_ids"] for t in texts]
        long = next((t for t, i in zip(texts, ids, strict=True) if len(i) != 1), None)
        if long is not None:
            raise SpecError(f"'{long}' is no single token of {self.config.path}'s tokenizer")
        return output_rows(self.folder, self.model, [i[0] for i in ids])

    def untied_rows(self) -> torch.Tensor | None:
        """The output embeddings of a language model, None where they are the input's own. SpecError for an encoder and for a
        model without output embeddings."""
        if self.encoder:
            raise SpecError(f"{self.config.path} is an encoder and predicts no next tokens: take a decoder")
        if getattr(self.model.config.get_text_config(), "tie_word_embeddings", False):
            return None
        return output_rows(self.folder, self.model, None).to(self.model.dtype)

    @cached_property
    def identity(self) -> str:
        """A hash of all that decides the hidden states of given ids: weights, config, dtype, attention, template version."""
        return identity(
            self.folder, self.config.sha256, self.config.dtype, self.config.attention, str(TEMPLATE_VERSION)
        )


# Architectures whose position embeddings start after the pad id: this many positions are never used.
OFFSET = {"roberta": 2, "xlm-roberta": 2, "camembert": 2, "mpnet": 2, "longformer": 2}
