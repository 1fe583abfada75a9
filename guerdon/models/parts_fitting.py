"""How a `PartsModel` is trained and kept: the same trainer as every reward model, on features instead of states."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from guerdon.core.build import build, spec_of
from guerdon.core.contracts import Head
from guerdon.core.errors import CheckpointError, GuerdonError, OutputError
from guerdon.core.specfile import CHECKPOINT_FILE
from guerdon.models.checkpoint import CURVES, FORMAT, HEAD, fitting, versions, write_weights
from guerdon.models.dataset import Groups, items
from guerdon.models.groups import fingerprint
from guerdon.models.objectives.bradley_terry import BradleyTerry
from guerdon.models.output import write_json, writing
from guerdon.models.parts_rows import PartsRows
from guerdon.models.prepare import adapt
from guerdon.models.trainer import means, sums
from guerdon.models.training import Curve, Schedule, one_thread, own_randomness, train

if TYPE_CHECKING:
    from guerdon.models.parts_model import PartsModel

USE = "rewards.compose.parts_network"
REQUIRED = ("reward", "features", "scale", "head")


class PartsNetwork(torch.nn.Module):
    """Features [N, F] → outputs [N, outputs]."""

    backbone = None

    def __init__(self, head: torch.nn.Module) -> None:
        super().__init__()
        self.head = head

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        out: torch.Tensor = self.head(rows)
        return out

    def read(self, rows: torch.Tensor) -> torch.Tensor:
        """What the head gets: the features as they are."""
        return rows


def fit_rows(fit: PartsModel, found: PartsRows, out: Path, extra: Mapping[str, Any] | None = None) -> Path:
    """Trains on features and writes the checkpoint; `extra` goes into its description. The same fit again returns at once."""
    mark = {"fit": spec_of(fit), "data": fingerprint(found.groups)}
    if _finished(out, mark):
        return out
    network, curves, result = train_rows(fit, found, out / "trainer")
    intake, sides = found.intake, found.sides(fit.validation)
    data = {
        "samples": intake.samples, "pairs": intake.pairs, "used": intake.used, "ties": intake.ties,
        "left_out": dict(intake.left_out), "left_out_lines": intake.lines(), "asked_again": found.asked_again,
        "training_groups": len(sides[0]), "validation_groups": len(sides[1]), "responses": len(found.rows),
        "sha256": mark["data"],
    }  # fmt: skip
    about = {
        "use": USE, "format": FORMAT, "reward": spec_of(fit.reward), "features": list(fit.features), "scale": fit.scale,
        "head": spec_of(fit.head), "outputs": list(fit.head.outputs), "weights": weights(fit, network, sides[0]),
        "fit": mark["fit"], "seed": fit.seed, "curves": CURVES, "data": data, "result": result, **(extra or {}),
        "versions": versions(),
    }  # fmt: skip
    _save(fit, network, found, out, about, curves)
    return out


def train_rows(fit: PartsModel, found: PartsRows, folder: Path) -> tuple[PartsNetwork, Curve, dict[str, Any]]:
    """The trained network, its curve, and its figures on the validation side (`eval_…`), where there is none on the training
    side (`training_…`)."""
    shutil.rmtree(folder, ignore_errors=True)  # what an interrupted call left: a fit takes seconds
    sides = found.sides(fit.validation)
    with own_randomness(fit.seed), one_thread(True):
        network = PartsNetwork(fit.head.module(len(fit.features)))
        adapt(network, sides[0])  # type: ignore[arg-type]
        curve, _ = train(network, BradleyTerry(), fit.head, sides, _schedule(fit), folder, "training")
    shutil.rmtree(folder, ignore_errors=True)
    network.eval()
    side, name = (sides[1], "eval") if len(sides[1]) else (sides[0], "training")
    return network, curve, {f"{name}_{k}": v for k, v in evaluate(fit, network, side).items()}


def _schedule(fit: PartsModel) -> Schedule:
    return Schedule(
        learning_rate=fit.learning_rate, head_learning_rate=None, weight_decay=fit.weight_decay, epochs=fit.epochs,
        batch_size=fit.batch_size, gradient_accumulation=fit.gradient_accumulation, warmup=fit.warmup,
        scheduler=fit.scheduler, max_grad_norm=fit.max_grad_norm, early_stopping=fit.early_stopping,
        evaluations_per_epoch=fit.evaluations / fit.epochs, seed=fit.seed, report_to=(), bf16=False, cpu=True,
    )  # fmt: skip


@torch.no_grad()
def evaluate(fit: PartsModel, network: PartsNetwork, data: Groups) -> dict[str, Any]:
    """loss, accuracy … of all pairs of a side in one batch."""
    objective = BradleyTerry()
    batch = data.batch(range(len(data)), fit.head)
    out = network(batch.inputs)
    loss, logs = objective.loss(out, batch)
    found = means(sums(loss, out, batch, items(objective, batch), logs))
    return {**found, "pairs": len(batch.decided)}


def weights(fit: PartsModel, network: PartsNetwork, data: Groups) -> dict[str, float]:
    """Mean ∂g/∂h_k over the responses of a side, by feature."""
    rows = data.read(range(len(data))).clone().requires_grad_()
    (slope,) = torch.autograd.grad(network(rows)[:, 0].sum(), rows)
    return dict(zip(fit.features, slope.mean(0).tolist(), strict=True))


def _finished(out: Path, mark: Mapping[str, Any]) -> bool:
    """Whether this very fit is done already. OutputError when the folder holds another model."""
    file = out / CHECKPOINT_FILE
    if not file.is_file():
        return False
    said = json.loads(file.read_text(encoding="utf-8"))
    same = said.get("fit") == json.loads(json.dumps(mark["fit"])) and said.get("data", {}).get("sha256") == mark["data"]
    if not same:
        raise OutputError(f"{out}: holds a model already; take another folder")
    return True


def _save(
    fit: PartsModel, network: PartsNetwork, found: PartsRows, out: Path, about: Mapping[str, Any], curves: Curve
) -> None:
    """Writes the checkpoint and loads it again: its outputs must be those of the network in memory."""
    with writing(out):
        out.mkdir(parents=True, exist_ok=True)
    write_json(out / CURVES, curves)
    write_weights(out, [network.head])
    write_json(out / CHECKPOINT_FILE, about)
    try:
        loaded = load_parts(out)
        with torch.no_grad():
            if not torch.equal(loaded.head(found.rows), network(found.rows)):
                raise CheckpointError(f"{out}: the saved model does not give its own scores back")
    except BaseException:
        (out / CHECKPOINT_FILE).unlink(missing_ok=True)
        raise


class LoadedParts:
    """A trained parts model: the head module and what it reads."""

    def __init__(self, head: torch.nn.Module, features: tuple[str, ...], scale: float) -> None:
        self.head, self.features, self.scale = head, features, scale

    @torch.inference_mode()
    def __call__(self, rows: list[list[float]]) -> list[float]:
        """g of features [N, F] that are divided by the scale already."""
        found: list[float] = self.head(torch.tensor(rows, dtype=torch.float32))[:, 0].double().tolist()
        return found


def read_parts(folder: Path) -> Mapping[str, Any]:
    """What the folder of a parts model says. Raises CheckpointError."""
    file = Path(folder).expanduser() / CHECKPOINT_FILE
    try:
        said = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise CheckpointError(f"{folder}: this folder is no checkpoint: {CHECKPOINT_FILE} is missing") from None
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{file}: cannot be read: {error}") from None
    if not isinstance(said, dict) or said.get("use") != USE:
        raise CheckpointError(f"{file}: this is no model of parts; {USE} loads what models.parts_model leaves")
    absent = [k for k in REQUIRED if k not in said]
    if absent:
        raise CheckpointError(f"{file}: '{absent[0]}' is missing")
    return said


def load_parts(folder: Path) -> LoadedParts:
    """The model of a folder. Raises CheckpointError naming the tensor or file that does not fit."""
    said, file = read_parts(folder), Path(folder).expanduser() / HEAD
    try:
        head = build(said["head"], Head).module(len(said["features"]))  # type: ignore[type-abstract]
        tensors = {k.removeprefix("members.0."): v for k, v in load_file(file).items()}
    except GuerdonError as error:
        raise CheckpointError(f"{folder}: {error}") from None
    except (OSError, SafetensorError) as error:
        raise CheckpointError(f"{file}: cannot be read: {error}") from None
    fitting(file, "members.0.", tensors, head.state_dict())
    head.load_state_dict(tensors)
    return LoadedParts(head.eval(), tuple(said["features"]), float(said["scale"]))
