"""The four accuracies of verifiable instructions. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from guerdon.core.types import Judgement


def accuracies(judgements: Iterable[Judgement]) -> dict[str, float]:
    """Prompt- and instruction-level accuracy, strict and loose, from the parts of `rewards.verifiers.instructions`.

    prompt = mean over responses of 1[all followed]; instruction = followed instructions / instructions, over all responses
    together (IFEval, arXiv 2311.07911). Counts: `responses`, `instructions`, `unscored` (responses left out). An accuracy
    is absent where nothing was scored. Fractions, 0 to 1.
    """
    scores = [s for j in judgements for s in j.scores]
    good = [s for s in scores if s.value is not None]
    found = {"responses": float(len(good)), "unscored": float(len(scores) - len(good)), "instructions": 0.0}
    for reading in ("strict", "loose"):
        each = [v for s in good for k, v in s.parts.items() if k.startswith(f"{reading}:") and v is not None]
        if each:
            found["instructions"] = float(len(each))
            found[f"prompt_{reading}"] = sum(s.parts[reading] or 0.0 for s in good) / len(good)
            found[f"instruction_{reading}"] = sum(each) / len(each)
    return found
