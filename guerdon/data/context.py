"""A sample's context put before its prompt, as a model that reads one text gets it. Pure."""

from __future__ import annotations

from dataclasses import replace

from guerdon.core.errors import DataError
from guerdon.core.types import Part, Sample


def in_context(sample: Sample, field: str) -> Sample:
    """The sample with the words of `context[field]` and a blank line before its first user turn (else its first turn).

    Raises DataError naming the field where the sample has no such text.
    """
    said = sample.context.get(field)
    if not isinstance(said, str) or not said.strip():
        raise DataError(f"sample '{sample.id}' has no text in context.{field}", field=f"context.{field}")
    if not sample.prompt:
        raise DataError(f"sample '{sample.id}' has no prompt", field="prompt")
    place = next((i for i, m in enumerate(sample.prompt) if m.role == "user"), 0)
    turn = sample.prompt[place]
    words = f"{said.strip()}\n\n"
    content = words + turn.content if isinstance(turn.content, str) else (Part(kind="text", value=words), *turn.content)
    prompt = (*sample.prompt[:place], replace(turn, content=content), *sample.prompt[place + 1 :])
    return replace(sample, prompt=prompt)
