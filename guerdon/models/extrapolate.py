"""`models.extrapolate`: one checkpoint moved further along the way from another to it (ExPO)."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

import torch

from guerdon.core.contracts import Fit
from guerdon.core.errors import CheckpointError, DataError, OutputError, SpecError
from guerdon.core.specfile import CHECKPOINT_FILE
from guerdon.core.types import Sample
from guerdon.models.checkpoint import (
    CURVES,
    Checkpoint,
    load_checkpoint,
    load_heads,
    read_checkpoint,
    write_about,
    write_weights,
)
from guerdon.models.output import locked, writing
from guerdon.models.scorer import Scorer
from guerdon.models.selfcheck import must_hold, probe_outputs, self_check


@dataclass(frozen=True)
class Extrapolate(Fit):
    """Weight extrapolation: θ = θ₀ + f·(θ₁ − θ₀), every weight of `start` (θ₀) and `end` (θ₁), heads included.

    f of `factors` with the highest accuracy on the preferences of the samples, the smallest among equals; a single factor
    needs no samples. f = 0 is `start`, f = 1 `end`, above 1 lies beyond it. The checkpoint says what each factor got.
    Both are checkpoints of one spec with a frozen or fully tuned backbone, `end` usually trained from `start` (`init`): what
    a head standardises by must be the same. Raises CheckpointError where they do not match, SpecError for adapters (of whose
    product an extrapolated pair of factors is no extrapolation) and no factors, OutputError for a folder in use, DataError
    where there is no preference to choose by.
    ExPO (arXiv 2404.16792), on reward models in HelpSteer2-Preference (arXiv 2410.01257); best f there about 1.52 [recalled].
    """

    start: Path
    end: Path
    factors: tuple[float, ...] = (1.0, 1.25, 1.5, 1.75, 2.0)
    device: str = "auto"

    def __post_init__(self) -> None:
        if not self.factors:
            raise SpecError("factors holds at least one number")

    @classmethod
    def example(cls) -> Self:
        return cls(start=Path("stage-1"), end=Path("stage-2"))

    def fit(self, samples: Iterable[Sample], out: Path) -> Path:
        """Writes the extrapolated checkpoint and returns its folder."""
        out = Path(out)
        found: list[tuple[float, float]] = []
        if len(self.factors) > 1:
            groups = [s for s in samples if any(not p.tie for p in s.preferences)]
            if not groups:
                raise DataError("no sample has a preference to choose a factor by", field="preferences")
            aside = out.with_name(f".{out.name}.candidate")
            for factor in sorted(self.factors):
                shutil.rmtree(aside, ignore_errors=True)
                extrapolate(self.start, self.end, factor, aside, device=self.device)
                found.append((factor, accuracy(load_checkpoint(aside, device=self.device, cached=True), groups)))
            shutil.rmtree(aside)
        best = max(found, key=lambda f: f[1])[0] if found else self.factors[0]
        return extrapolate(self.start, self.end, best, out, tried=found, device=self.device)


def extrapolate(
    start: str | Path, end: str | Path, factor: float, out: str | Path,
    *, tried: Sequence[tuple[float, float]] = (), device: str = "auto",
) -> Path:  # fmt: skip
    """Writes the checkpoint θ₀ + f·(θ₁ − θ₀) and checks it as every other. `tried`: accuracies by factor, to be kept in it."""
    first, second, out = read_checkpoint(start), read_checkpoint(end), Path(out)
    _same_spec(first, second)
    with locked(out):
        if (out / CHECKPOINT_FILE).is_file():
            raise OutputError(f"{out}: holds a model already; take another folder")
        heads = _heads(first, second, factor)
        if second.tuning == "full":
            for i in range(second.members):
                _backbone(
                    first.folder / f"backbone-{i}", second.folder / f"backbone-{i}", factor, out / f"backbone-{i}"
                )
        write_weights(out, heads)
        kept = {k: v for k, v in second.about.items() if k not in ("probes", "versions", "result")}
        if (second.folder / CURVES).is_file():
            with writing(out):
                shutil.copyfile(second.folder / CURVES, out / CURVES)
        way = {
            "start": str(first.folder),
            "end": str(second.folder),
            "factor": factor,
            "tried": [list(t) for t in tried],
        }
        _finish(second, out, {**kept, "extrapolated": way}, device)
    return out


def accuracy(scorer: Scorer, groups: Sequence[Sample]) -> float:
    """Share of the preferred pairs that the mean of the members orders right; equal scores are wrong."""
    right = total = 0
    for group in groups:
        outputs = scorer.score_groups([(group.prompt, group.responses)]).outputs.mean(0)
        pairs = torch.tensor([(p.better, p.worse) for p in group.preferences if not p.tie])
        won = scorer.head.compare(torch.from_numpy(outputs), pairs) > 0
        right, total = right + int(won.sum()), total + len(pairs)
    return right / total


def _same_spec(first: Checkpoint, second: Checkpoint) -> None:
    if second.tuning == "lora":
        raise SpecError(f"{second.folder}: adapters cannot be extrapolated one factor at a time")
    for name in ("tuning", "head", "width", "members"):
        if getattr(first, name) != getattr(second, name):
            raise CheckpointError(f"{second.folder}: its {name} is not that of {first.folder}")
    if second.tuning == "frozen" and asdict(first.backbone) != asdict(second.backbone):
        raise CheckpointError(f"{second.folder}: its backbone is not that of {first.folder}")


def _heads(first: Checkpoint, second: Checkpoint, factor: float) -> list[torch.nn.Module]:
    cpu = torch.device("cpu")
    made = load_heads(second, second.width, cpu)
    for i, (old, new) in enumerate(zip(load_heads(first, first.width, cpu), made, strict=True)):
        for (name, a), b in zip(old.named_buffers(), new.buffers(), strict=True):
            if not torch.equal(a, b):
                raise CheckpointError(
                    f"{second.folder}: members.{i}.{name} is not that of {first.folder}; train it with init"
                )
        with torch.no_grad():
            for a, b in zip(old.parameters(), new.parameters(), strict=True):
                b.copy_(_between(a, b, factor))
    return made


def _between(a: torch.Tensor, b: torch.Tensor, factor: float) -> torch.Tensor:
    if factor in (0.0, 1.0):  # exactly the one or the other
        return (a, b)[int(factor)]
    return (a.double() + factor * (b.double() - a.double())).to(b.dtype)


def _backbone(first: Path, second: Path, factor: float, out: Path) -> None:
    """The folder of `second` with the weights moved on, file by file."""
    from safetensors import safe_open
    from safetensors.torch import save_file

    with writing(out):
        shutil.copytree(second, out, dirs_exist_ok=True)
    before = {n: f for f, n in _names(first)}
    for file in sorted(second.glob("*.safetensors")):
        with safe_open(file, "pt") as tensors:
            names, metadata = list(tensors.keys()), tensors.metadata()
            made: dict[str, Any] = {}
            for name in names:
                if name not in before:
                    raise CheckpointError(f"{first}: '{name}' is missing")
                with safe_open(before[name], "pt") as old:
                    made[name] = _between(old.get_tensor(name), tensors.get_tensor(name), factor)
        with writing(out):
            save_file(made, out / file.name, metadata=metadata)


def _names(folder: Path) -> Iterator[tuple[Path, str]]:
    from safetensors import safe_open

    for file in sorted(folder.glob("*.safetensors")):
        with safe_open(file, "pt") as tensors:
            for name in tensors.keys():  # noqa: SIM118 (safe_open gives no container)
                yield file, name


def _finish(like: Checkpoint, out: Path, about: dict[str, Any], device: str) -> None:
    """Writes guerdon.json, first without and then with the outputs on the probes that the loaded model gives."""
    try:
        write_about(out, like.tuning, like.backbone, like.head, like.width, like.members, about)
        about["probes"] = probe_outputs(load_checkpoint(out, device=device))
        write_about(out, like.tuning, like.backbone, like.head, like.width, like.members, about)
        must_hold(self_check(out, device=device), out)
    except BaseException:
        (out / CHECKPOINT_FILE).unlink(missing_ok=True)
        raise
