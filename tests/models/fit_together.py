"""A fit as a launcher starts it in several processes: `torchrun --nproc-per-node 2 -m tests.models.fit_together SPEC OUT`.

SPEC is a JSON file with the fit's spec, how many groups, and what else to do ("sharded": FSDP on the CPU; "crash": the step in
which the last process dies). Prints one JSON line a process.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import torch

from guerdon.core.build import build
from guerdon.core.contracts import Fit
from guerdon.models import trainer as trainer_file
from guerdon.models.processes import first, world
from guerdon.models.trainer import RewardTrainer
from tests.models.test_trainer import groups


def shard() -> None:
    """FSDP (the second kind) over processes on the CPU. accelerate shards over GPUs only and leaves CPU processes unsharded, so
    it is told that these are GPUs; all else is its own way of sharding, gathering and saving."""
    import accelerate.state
    from accelerate.utils import DistributedType

    os.environ |= {
        "ACCELERATE_USE_FSDP": "true", "FSDP_VERSION": "2", "FSDP_STATE_DICT_TYPE": "FULL_STATE_DICT",
        "FSDP_AUTO_WRAP_POLICY": "TRANSFORMER_BASED_WRAP", "FSDP_TRANSFORMER_CLS_TO_WRAP": "Qwen3DecoderLayer",
        "ACCELERATE_TORCH_DEVICE": "cpu",
    }  # fmt: skip
    torch.distributed.init_process_group("gloo")
    accelerate.state.PartialState._prepare_backend = lambda *_, **__: ("gloo", DistributedType.MULTI_GPU)  # type: ignore[method-assign]


def main() -> None:
    """Fits, and says what this process saw."""
    asked: dict[str, Any] = json.loads(Path(sys.argv[1]).read_text())
    torch.set_num_threads(1)
    if asked.get("sharded"):
        shard()
    seen: list[str] = []
    saved: list[str] = []
    sharded: list[int] = []
    real, save = RewardTrainer.compute_loss, trainer_file.save_file

    def noting(self: RewardTrainer, model: Any, inputs: Any, *rest: Any, **options: Any) -> Any:
        sharded.extend([1] if any(type(p).__name__ == "DTensor" for p in model.parameters()) else [])
        if inputs.get("counts", True):
            seen.extend(inputs["batch"].ids)
        if len(seen) > asked.get("crash", 10**9) and not first():
            os._exit(3)
        return real(self, model, inputs, *rest, **options)

    RewardTrainer.compute_loss = noting  # type: ignore[method-assign]
    trainer_file.save_file = lambda tensors, path, **o: (saved.append(str(path)), save(tensors, path, **o))  # type: ignore[assignment]
    fit = build(asked["fit"], Fit)  # type: ignore[type-abstract]
    out = fit.fit(groups(asked["groups"]), Path(sys.argv[2]))
    said = {
        "first": first(),
        "world": world(),
        "seen": seen,
        "saved": len(saved),
        "done": (out / "guerdon.json").is_file(),
    }
    Path(sys.argv[2]).with_suffix(f".{os.environ.get('RANK', '0')}.json").write_text(json.dumps(said))


if __name__ == "__main__":
    main()
