"""The steps of one `RewardModel.fit`: take, prepare, train every member, evaluate, save, load again and compare."""

from __future__ import annotations

import functools
import json
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from guerdon.core.build import spec_of
from guerdon.core.contracts import Method
from guerdon.core.errors import DataError, OutputError
from guerdon.core.specfile import CHECKPOINT_FILE
from guerdon.core.types import Sample
from guerdon.models.backbone import LoadedBackbone, settled
from guerdon.models.checkpoint import CURVES, load_checkpoint, write_about, write_weights
from guerdon.models.dataset import Groups, items, teach
from guerdon.models.groups import Intake, fingerprint, take
from guerdon.models.joint_groups import prepare_jointly
from guerdon.models.network import Reading, RewardNetwork
from guerdon.models.output import replacing, write_json, writing
from guerdon.models.prepare import Prepared, adapt, prepare
from guerdon.models.processes import decided, first, first_alone
from guerdon.models.reads import views_of
from guerdon.models.resume import load_trained, trained_tensors
from guerdon.models.scorer import Member, Scorer
from guerdon.models.selfcheck import must_hold, probe_outputs, reading_once, self_check
from guerdon.models.start import Start
from guerdon.models.trainer import means, sums
from guerdon.models.training import Curve, Schedule, one_thread, train
from guerdon.models.tuning import save_backbone, with_adapters
from guerdon.models.views import forward, module_of

if TYPE_CHECKING:
    from guerdon.models.reward_model import RewardModel

RUN = "run.json"


class Fitting:
    """One run of a fit into a folder; `work` holds what a later call resumes from."""

    def __init__(self, fit: RewardModel, out: Path, asked: Method | None = None) -> None:
        """`asked`: the method that was asked for, where it trains by the fields of a `fit` inside it."""
        self.fit, self.out, self.work, self.asked = fit, out, out / "trainer", asked or fit
        self.start = Start.of(fit.init, fit.tuning, fit.reader())

    def run(self, samples: Iterable[Sample]) -> Path:
        """The whole fit; returns the checkpoint folder."""
        groups, intake = self._take(samples)
        mark: dict[str, Any] = {"fit": spec_of(self.asked), "data": fingerprint(groups)}
        if self.start is not None:
            mark["init"] = self.start.mark()
        if decided(lambda: self._finished(mark)):
            return self.out
        backbone = self._backbone(0)
        reading = Reading.of(self.fit.head, backbone.hidden_size)
        frozen = self.fit.tuning == "frozen"
        if frozen:
            backbone.trim(reading.features)
        joint = self.fit.head.layout == "joint"
        read = functools.partial(prepare_jointly, seed=self.fit.seed) if joint else prepare
        with first_alone():  # which fills the features cache
            data = read(backbone, groups, reading, intake, self.fit.validation, frozen, self.fit.batch_tokens)
        data = self._teaching(data, intake)
        members, curves, backbone = self._members(backbone, reading, data)
        if not first():
            return self.out
        result = self._evaluate(members, data)
        if data.memory.halved:
            result["batch_tokens_halved_to"] = data.memory.within(self.fit.batch_tokens)
        about = {"fit": mark["fit"], "objective": spec_of(self.fit.objective), "seed": self.fit.seed, "curves": CURVES,
                 "data": _described(intake, data, mark["data"]), "result": result}  # fmt: skip
        self._save(members, backbone, reading, curves, about)
        return self.out

    def _take(self, samples: Iterable[Sample]) -> tuple[list[Sample], Intake]:
        """The groups to train on."""
        return take(samples, self.fit.objective, views_of(self.fit.head))

    def _members(
        self, backbone: LoadedBackbone, reading: Reading, data: Prepared
    ) -> tuple[list[RewardNetwork], Curve, LoadedBackbone]:
        """All members trained, their curves, and the backbone of the last one."""
        members, curves = [], []
        for i in range(self.fit.ensemble):
            network, curve = self._member(i, backbone, reading, data)
            members.append(network)
            curves += [{"member": i, **row} for row in curve] if self.fit.ensemble > 1 else curve
            if first():
                self._keep(i, network, backbone, curve)
            last = self.fit.tuning == "frozen" or i + 1 == self.fit.ensemble
            backbone = backbone if last else self._backbone(i + 1)
        return members, curves, backbone

    def in_memory(self, samples: Iterable[Sample], backbone: LoadedBackbone) -> Scorer:
        """The trained model of a frozen backbone, not saved: for measuring many heads on features that are read once."""
        groups, intake = take(samples, self.fit.objective, views_of(self.fit.head))
        reading = Reading.of(self.fit.head, backbone.hidden_size)
        data = prepare(backbone, groups, reading, intake, self.fit.validation, True, self.fit.batch_tokens)
        members = [Member(backbone, self._member(i, backbone, reading, data)[0].head) for i in range(self.fit.ensemble)]
        return Scorer(self.fit.head, members, cached=True, budget=self.fit.batch_tokens)

    def _finished(self, mark: Mapping[str, Any]) -> bool:
        """Whether this very run is done already. OutputError when the folder holds another run."""
        marked, whole = self.work / RUN, (self.out / CHECKPOINT_FILE).is_file()
        if marked.is_file():
            if json.loads(marked.read_text(encoding="utf-8")) != json.loads(json.dumps(mark)):
                raise OutputError(f"{self.out}: holds a run with another spec or other data; take another folder")
            return whole
        if whole:
            raise OutputError(f"{self.out}: holds a model already; take another folder")
        with writing(self.work):
            self.work.mkdir(parents=True, exist_ok=True)
        write_json(marked, mark)
        return False

    def _teaching(self, data: Prepared, intake: Intake) -> Prepared:
        """The data, without validation groups in which the objective finds nothing to measure. DataError where it finds
        nothing to learn in the others."""
        objective, training, validation = self.fit.objective, data.training, data.validation
        if not teach(training.groups, objective, self.fit.head):
            found = f"{objective.use} finds nothing to learn in {len(training):,} groups"
            if intake.ties:
                known = "models.objectives.davidson and models.objectives.tied_bradley_terry learn from ties"
                raise DataError(f"{found}: {intake.ties:,} of {intake.pairs:,} pairs are ties ({known})")
            raise DataError(f"{found}: every strength is 0, or no group ranks its responses")
        if len(validation) and not teach(validation.groups, objective, self.fit.head):
            return replace(data, validation=Groups([], [], validation.read))
        return data

    def _backbone(self, member: int) -> LoadedBackbone:
        """A member's backbone as it is before training."""
        reader = self.fit.reader()
        return (reader if self.start is None else self.start.reader(reader, member)).load(self.fit.device)

    def _schedule(self, member: int, backbone: LoadedBackbone) -> Schedule:
        from guerdon.models.reward_model import USUAL

        fit = self.fit
        rate, epochs, batch = USUAL[fit.tuning]
        return Schedule(
            learning_rate=fit.learning_rate or rate, head_learning_rate=fit.head_learning_rate,
            weight_decay=fit.weight_decay, epochs=fit.epochs or epochs, batch_size=fit.batch_size or batch,
            gradient_accumulation=fit.gradient_accumulation, warmup=fit.warmup, scheduler=fit.scheduler,
            max_grad_norm=fit.max_grad_norm, early_stopping=fit.early_stopping,
            evaluations_per_epoch=fit.evaluations_per_epoch, seed=fit.seed + member, report_to=fit.report_to,
            bf16=fit.dtype == "bfloat16" and fit.tuning != "frozen", cpu=backbone.device.type == "cpu",
        )  # fmt: skip

    def _member(
        self, i: int, backbone: LoadedBackbone, reading: Reading, data: Prepared
    ) -> tuple[RewardNetwork, Curve]:
        """Trains member i, or takes it as an earlier call left it."""
        folder = self.work / f"member-{i}"
        network = self._network(i, backbone, reading)
        done, kept = folder / "done.safetensors", folder / CURVES
        if done.is_file() and kept.is_file():
            load_trained(network, done)
            found: Curve = json.loads(kept.read_text(encoding="utf-8"))
            return network.eval(), found
        if self.start is None:
            adapt(network, data.training)
        what = "training" if self.fit.ensemble == 1 else f"training {i + 1} of {self.fit.ensemble}"
        sides = (data.training, data.validation)
        with one_thread(network.backbone is None):
            curve, whole = train(
                network, self.fit.objective, self.fit.head, sides, self._schedule(i, backbone), folder, what
            )
        if whole:
            network = self._network(i, self._backbone(i), reading)
            network.load_state_dict(whole, strict=False)
        return network.eval(), curve

    def _network(self, i: int, backbone: LoadedBackbone, reading: Reading) -> RewardNetwork:
        """Member i as it is before training."""
        torch.manual_seed(self.fit.seed + i)
        head = self.fit.head.module(reading.width)
        self.fit.head.initialise(head, backbone.token_rows)
        if self.start is not None:
            self.start.head(head, i)
        head.to(backbone.device)
        untied = backbone.untied_rows() if self.fit.objective.tokens else None
        network = RewardNetwork(head, reading, self._model(i, backbone), backbone.takes_segments, untied)
        network.learned = module_of(self.fit.objective, network.state_width)
        return network.to(backbone.device)

    def _model(self, i: int, backbone: LoadedBackbone) -> Any:
        """The part of the backbone that the network trains: none of it when frozen."""
        if self.fit.tuning == "frozen":
            return None
        model = backbone.model
        if self.fit.tuning == "lora":
            lora = self.fit.lora
            model = with_adapters(backbone, lora) if self.start is None else self.start.adapters(backbone, lora, i)
        if self.fit.gradient_checkpointing:
            model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
        return model

    def _keep(self, i: int, network: RewardNetwork, backbone: LoadedBackbone, curve: Curve) -> None:
        """Keeps a trained member, so that an interrupted ensemble does not train it again."""
        from safetensors.torch import save_file

        folder = self.work / f"member-{i}"
        if self.fit.tuning != "frozen":
            name = "adapter" if self.fit.tuning == "lora" else "backbone"
            with writing(self.out):
                save_backbone(network.backbone, backbone, self.out / f"{name}-{i}", self.fit.tuning)
        write_json(folder / CURVES, curve)
        with replacing(folder / "done.safetensors") as aside:
            save_file(trained_tensors(network), aside)

    @torch.no_grad()
    def _evaluate(self, members: list[RewardNetwork], data: Prepared) -> dict[str, Any]:
        """Metrics of the averaged members on the validation groups (of a head that is no scalar, the members' mean metrics),
        and of each member where there are several."""
        if not len(data.validation):
            return {}
        totals: list[dict[str, float]] = [{} for _ in range(len(members) + 1)]
        device = next(members[0].head.parameters()).device
        for begin in range(0, len(data.validation), 64):
            numbers = range(begin, min(begin + 64, len(data.validation)))
            batch = data.validation.batch(numbers, self.fit.head).to(device)
            outs, batches = zip(*(forward(m, self.fit.objective, batch) for m in members), strict=True)
            batch = batches[0]
            averaged: Sequence[torch.Tensor] = [torch.stack(outs).mean(0)] if self.fit.head.scalar else outs
            for total, out in (*((totals[0], o) for o in averaged), *zip(totals[1:], outs, strict=True)):
                loss, logs = self.fit.objective.loss(out, batch)
                for name, value in sums(loss, out, batch, items(self.fit.objective, batch), logs).items():
                    total[name] = total.get(name, 0.0) + value
        result: dict[str, Any] = {f"eval_{k}": v for k, v in means(totals[0]).items()}
        result["eval_pairs"] = int(totals[0]["pairs"]) // (1 if self.fit.head.scalar else len(members))
        if len(members) > 1:
            result["members"] = [means(t) for t in totals[1:]]
        return result

    def _save(
        self,
        members: list[RewardNetwork],
        backbone: LoadedBackbone,
        reading: Reading,
        curves: Curve,
        about: dict[str, Any],
    ) -> None:
        """Writes the checkpoint, loads it again and compares; only then removes the trainer's own checkpoints."""
        fit = self.fit
        write_json(self.out / CURVES, curves)
        write_weights(self.out, [m.head for m in members])
        config = replace(backbone.config, path=settled(backbone.config.path), max_length=backbone.max_length)
        about["probes"] = self._probes(members, backbone)
        try:
            write_about(self.out, fit.tuning, config, fit.head, reading.width, len(members), about)
            scorer = load_checkpoint(self.out, device=fit.device, budget=fit.batch_tokens)
            with reading_once(scorer, fit.tuning == "frozen"):
                must_hold(self_check(self.out, scorer), self.out)
        except BaseException:
            (self.out / CHECKPOINT_FILE).unlink(missing_ok=True)
            raise
        for old in self.work.glob("member-*"):
            for part in (*old.glob("checkpoint-*"), old / "done.safetensors", old / CURVES):
                shutil.rmtree(part, ignore_errors=True) if part.is_dir() else part.unlink(missing_ok=True)

    def _probes(self, members: list[RewardNetwork], backbone: LoadedBackbone) -> list[Any]:
        """Outputs on the probes of the members as they stand in memory."""
        made = []
        for network in members:
            mine = backbone if network.backbone is None else _with_model(backbone, network.backbone)
            made.append(Member(mine, network.head.eval()))
        scorer = Scorer(self.fit.head, made, budget=self.fit.batch_tokens)
        with reading_once(scorer, self.fit.tuning == "frozen"):
            return probe_outputs(scorer)


def _with_model(backbone: LoadedBackbone, model: Any) -> LoadedBackbone:
    return LoadedBackbone(backbone.config, backbone.folder, model.eval(), backbone.tokenizer)


def _described(intake: Intake, data: Prepared, mark: str) -> dict[str, Any]:
    return {
        "samples": intake.samples, "pairs": intake.pairs, "used": intake.used, "ties": intake.ties,
        "left_out": dict(intake.left_out), "left_out_lines": intake.lines(), "training_groups": len(data.training),
        "validation_groups": len(data.validation), "responses": data.responses, "truncated": data.truncated, "sha256": mark,
    }  # fmt: skip
