"""A checkpoint as `AutoModelForSequenceClassification`: the same scores in anything that serves reward models.

Only what that class can say is exported: a decoder, one linear output without a bias, read from the last token of the last
layer. Everything else is refused with the reason. The chat template written with it ends in the EOS token wherever ours
adds one, so ids made by the exported tokenizer are the ids that were trained on.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import torch

from guerdon.core.errors import CheckpointError, OutputError, SpecError
from guerdon.core.types import answer, user
from guerdon.models.backbone import LoadedBackbone, quiet
from guerdon.models.checkpoint import load_checkpoint
from guerdon.models.forms import ChatForm
from guerdon.models.heads.scalar import Scalar, ScalarModule
from guerdon.models.output import writing
from guerdon.models.scorer import Scorer
from guerdon.models.selfcheck import PROBES, TOLERANCE, distance, probe_texts
from guerdon.models.standardise import Standardise


def export(path: str | Path, out: Path, **options: Any) -> Path:
    """Writes the folder and compares its scores with the checkpoint's on the probes.

    Raises SpecError with the reason when the class cannot hold this model, CheckpointError when the scores differ,
    OutputError when `out` is not empty or cannot be written.
    """
    if out.exists() and any(out.iterdir()):
        raise OutputError(f"{out}: not empty")
    scorer = load_checkpoint(path, **options)
    weight = exportable(scorer)
    backbone = scorer.members[0].backbone
    with writing(out), quiet():
        model = classifier(backbone, weight)
        tokenizer = with_pad(model, backbone)
        model.save_pretrained(out)
        tokenizer.save_pretrained(out)
        generation = backbone.folder / "generation_config.json"
        if generation.is_file():
            (out / generation.name).write_bytes(generation.read_bytes())
    _compare(scorer, out)
    return out


def exportable(scorer: Scorer) -> torch.Tensor:
    """The weight [1, hidden] of the one linear output. SpecError with the reason where there is none."""
    head, backbone = scorer.head, scorer.members[0].backbone
    refused = "no AutoModelForSequenceClassification: "
    if backbone.encoder:
        raise SpecError(refused + "the backbone is an encoder, whose classification heads differ from model to model")
    if not isinstance(head, Scalar):
        raise SpecError(refused + f"its `score` is one linear output; this head is {head.use}")
    if head.hidden:
        raise SpecError(refused + f"its `score` is linear; this head has hidden layers {list(head.hidden)}")
    if head.read != ("last",):
        raise SpecError(refused + f"it reads the last token of the last layer; this head reads {list(head.read)}")
    if any(m.backbone is not backbone for m in scorer.members):
        raise SpecError(refused + "the members of this ensemble have backbones of their own")
    rows, biases = zip(*[_linear(m.head) for m in scorer.members], strict=True)
    if any(float(b.abs().max()) > 0 for b in biases):
        raise SpecError(refused + "its `score` has no bias; this head has one (or one from standardising its input)")
    return torch.stack(rows).mean(0)


def _linear(module: torch.nn.Module) -> tuple[torch.Tensor, torch.Tensor]:
    """(weight [1, width], bias [1]) with the standardisation folded in."""
    assert isinstance(module, ScalarModule)
    weight = module.score.weight.detach().double()
    bias = module.score.bias.detach().double() if module.score.bias is not None else torch.zeros(1, dtype=torch.double)
    if isinstance(module.input, Standardise):
        weight = weight / module.input.scale.double()
        bias = bias - weight @ module.input.mean.double()
    return weight, bias


def classifier(backbone: LoadedBackbone, weight: torch.Tensor) -> Any:
    """The classification model with the backbone's weights (adapters merged) and `score` = weight."""
    from transformers import AutoModelForSequenceClassification

    auto: Any = AutoModelForSequenceClassification
    body = backbone.model
    if hasattr(body, "merge_and_unload"):
        body = body.merge_and_unload()
    config = type(body.config).from_dict({**body.config.to_dict(), "num_labels": 1})
    try:
        model = auto.from_config(config, dtype=next(body.parameters()).dtype)
    except ValueError as error:
        raise SpecError(f"no AutoModelForSequenceClassification: {str(error).splitlines()[0]}") from error
    inner = getattr(model, model.base_model_prefix)
    if not isinstance(getattr(model, "score", None), torch.nn.Linear) or type(inner) is not type(body):
        raise SpecError(
            f"no AutoModelForSequenceClassification: {type(model).__name__} has no linear `score` on this backbone"
        )
    inner.load_state_dict(body.state_dict())
    model.score.weight.data.copy_(weight.to(model.score.weight.dtype))
    return model.eval()


def with_pad(model: Any, backbone: LoadedBackbone) -> Any:
    """Sets a pad token that no text can end in, since the class takes the last token that is not the pad.

    The tokenizer's own where it is no EOS; else a special token named for padding, else an unknown token; else a new one,
    for which the embeddings grow by a row. Returns the tokenizer to save.
    """
    import copy

    tokenizer = copy.deepcopy(backbone.tokenizer)
    taken = backbone.eos | {tokenizer.bos_token_id}
    if tokenizer.pad_token_id is None or tokenizer.pad_token_id in taken:
        named = [t for t in tokenizer.added_tokens_decoder.values() if t.special and re.search("pad", t.content, re.I)]
        ids = [tokenizer.convert_tokens_to_ids(t.content) for t in named] + [tokenizer.unk_token_id]
        free = next((i for i in ids if i is not None and i not in taken), None)
        if free is None:
            tokenizer.add_special_tokens({"pad_token": "<|guerdon_pad|>"})
            if tokenizer.pad_token_id >= model.get_input_embeddings().num_embeddings:
                model.resize_token_embeddings(tokenizer.pad_token_id + 1)
        else:
            tokenizer.pad_token = tokenizer.convert_ids_to_tokens(free)
    model.config.pad_token_id = tokenizer.pad_token_id
    model.config.get_text_config().pad_token_id = tokenizer.pad_token_id
    if tokenizer.chat_template and _adds_eos(backbone):
        ending = "{% if not add_generation_prompt %}{{ eos_token }}{% endif %}"
        tokenizer.chat_template = tokenizer.chat_template + ending
    return tokenizer


def _adds_eos(backbone: LoadedBackbone) -> bool:
    """Whether our ids end in an EOS that the chat template itself does not write."""
    prompt, response = user(PROBES[0][0]), answer(PROBES[0][1])
    form = backbone.template.form
    if not isinstance(form, ChatForm):
        return False
    turns = [{"role": m.role, "content": m.text} for m in (*prompt, *response.messages)]
    theirs = backbone.tokenizer.apply_chat_template(turns, tokenize=True, return_dict=False)
    ours = backbone.template.encode(prompt, response).ids
    return list(ours) == [*theirs, backbone.tokenizer.eos_token_id]


def _compare(scorer: Scorer, out: Path) -> None:
    """Loads the folder as anyone would and compares its scores on padded probes."""
    from transformers import AutoModelForSequenceClassification

    texts = probe_texts(scorer)
    with quiet():
        model = AutoModelForSequenceClassification.from_pretrained(out).eval()
    encoded = [scorer.template.encode(*t) for t in texts]
    longest = max(len(e.ids) for e in encoded)
    fill = model.config.get_text_config().pad_token_id
    ids = torch.tensor([(*e.ids, *(fill,) * (longest - len(e.ids))) for e in encoded])
    mask = torch.tensor([[1] * len(e.ids) + [0] * (longest - len(e.ids)) for e in encoded])
    with torch.inference_mode():
        found = model(input_ids=ids, attention_mask=mask).logits[:, 0].double().numpy()
    wanted = scorer.score(texts).outputs[:, :, 0].mean(0)
    off = distance(found, wanted)
    if off > TOLERANCE[scorer.members[0].backbone.config.dtype]:
        raise CheckpointError(f"{out}: the exported model's scores differ by {off:.1e}")
