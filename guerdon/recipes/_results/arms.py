"""What is trained on each kind of data set: specs of `models.reward_model` by name. The first has the negative control."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Spec = Mapping[str, Any]
READ = ["mean", "response_mean"]
REFERENCE = [
    "reference:response_mean", "reference:prompt_mean*reference:response_mean",
    "reference:prompt_mean-reference:response_mean",
]  # fmt: skip
SCALAR: Spec = {"use": "models.heads.scalar", "read": READ, "hidden": [256], "dropout": 0.1, "standardise": True}
STEP: Spec = {"use": "models.heads.correctness", "read": ["step:last", "step:mean"], "hidden": [256], "dropout": 0.1,
              "standardise": True}  # fmt: skip
SUMMEVAL = ["coherence", "consistency", "fluency", "relevance"]


def _of(objective: str, head: Spec = SCALAR, **fields: Any) -> Spec:
    return {"head": dict(head), "objective": {"use": f"models.objectives.{objective}", **fields}}


BRADLEY_TERRY = _of("bradley_terry")
ORDINAL = _of("ordinal", {"use": "models.heads.digits", "read": READ, "standardise": True})
ARMS: Mapping[str, Mapping[str, Spec]] = {
    "pairs": {
        "Bradley-Terry": BRADLEY_TERRY,
        "Bradley-Terry, label smoothing 0.1": _of("bradley_terry", label_smoothing=0.1),
        "Bradley-Terry, linear head": _of("bradley_terry", {**SCALAR, "hidden": [], "dropout": 0.0}),
    },
    "ratings": {
        "regression on four ratings": _of(
            "regression", {"use": "models.heads.ratings", "names": SUMMEVAL, "reward": "coherence", "read": READ,
                           "hidden": [256], "dropout": 0.1, "standardise": True}, labels=SUMMEVAL),
        "Bradley-Terry": BRADLEY_TERRY,
        "ordinal, with levels": ORDINAL,
    },
    "gpt4": {
        "regression": _of("regression", {**SCALAR, "bias": True}, labels=["rating"], outputs=["reward"]),
        "Bradley-Terry": BRADLEY_TERRY,
        "ordinal, with levels": ORDINAL,
    },
    "lists": {
        "Bradley-Terry": BRADLEY_TERRY,
        "Davidson (ties are an outcome)": _of("davidson"),
        "tied Bradley-Terry": _of("tied_bradley_terry"),
        "best of N": _of("best_of_n"),
        "Plackett-Luce": _of("plackett_luce"),
    },
    "steps": {
        "process BCE": _of("process_bce", STEP, until_error=False),
        "process BCE, to the first error": _of("process_bce", STEP),
        "process BCE, step end alone": _of("process_bce", {**STEP, "read": ["step:last"]}, until_error=False),
    },
    "first": {
        "process BCE": _of("process_bce", STEP),
        "process BCE, step end alone": _of("process_bce", {**STEP, "read": ["step:last"]}),
    },
    "verify": {
        "BCE, reads the reference": _of("binary_cross_entropy", {**STEP, "read": REFERENCE}),
        "BCE, no reference": _of("binary_cross_entropy", {**STEP, "read": READ}),
    },
}  # fmt: skip


def methods_of(spec: Any) -> set[str]:
    """The names of all methods in a spec."""
    if isinstance(spec, Mapping):
        own = {spec["use"]} if isinstance(spec.get("use"), str) else set()
        return own.union(*(methods_of(v) for v in spec.values()))
    return set()
