"""`models.average`: linear heads give the mean of their scores, adapters the mean of their updates, full models that of their weights."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from guerdon.core.build import build
from guerdon.core.concurrency import run_sync
from guerdon.core.contracts import Fit, Reward
from guerdon.core.errors import CheckpointError, DataError, OutputError, SpecError
from guerdon.core.types import Sample
from guerdon.models.average import average
from guerdon.models.checkpoint import load_checkpoint, read_checkpoint
from guerdon.models.extrapolate import extrapolate
from guerdon.models.selfcheck import self_check
from tests.models.test_start import outputs, train
from tests.models.tiny import pairs

NAMES = {"frozen": (), "lora": ("adapter-0",), "full": ("backbone-0",)}


def several(tmp_path: Path, backbone: Path, count: int = 3, **fields: object) -> list[Path]:
    """Checkpoints that go on from one start on other seeds."""
    start = train(tmp_path / "start", pairs(16), backbone=backbone, **fields)
    made = []
    for i in range(1, count + 1):
        more = {"init": str(start), "seed": i, "learning_rate": 1e-2 * i, **fields}
        made.append(train(tmp_path / str(i), pairs(16), backbone=backbone, **more))
    return made


def averaged(checkpoints: list[Path], out: Path, samples: tuple[Sample, ...] = (), **fields: object) -> Path:
    spec = {"use": "models.average", "checkpoints": [str(c) for c in checkpoints], "device": "cpu", **fields}
    return build(spec, Fit).fit(samples, out)  # type: ignore[type-abstract]


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return {
        f"{f.relative_to(folder)}/{n}": t
        for f in sorted(folder.rglob("*.safetensors"))
        for n, t in load_file(f).items()
    }


def updates(adapter: Path) -> dict[str, torch.Tensor]:
    """(α/r)·B·A of every adapted layer, in float64."""
    config, found = json.loads((adapter / "adapter_config.json").read_text()), weights(adapter)
    scale = config["lora_alpha"] / config["r"]
    ups = [n for n in found if "lora_B" in n]
    return {n: scale * found[n].double() @ found[n.replace("lora_B", "lora_A")].double() for n in ups}


def test_linear_heads_give_the_mean_of_their_scores(tmp_path: Path, model_folder: Callable[..., Path]) -> None:
    made = several(tmp_path, model_folder("bert"), ensemble=2)
    each = [outputs(c) for c in made]
    assert (each[0] - each[1]).abs().max() > 1e-2, "models that are alike prove nothing"
    even = averaged(made, tmp_path / "even")
    torch.testing.assert_close(outputs(even), torch.stack(each).mean(0), rtol=0, atol=1e-5)
    uneven = averaged(made, tmp_path / "uneven", weights=[2.0, 1.0, 1.0])
    torch.testing.assert_close(outputs(uneven), 0.5 * each[0] + 0.25 * (each[1] + each[2]), rtol=0, atol=1e-5)
    only = averaged(made, tmp_path / "only", weights=[0.0, 3.0, 0.0])
    torch.testing.assert_close(outputs(only), each[1], rtol=0, atol=0)
    said = read_checkpoint(uneven).about
    assert said["averaged"] == {"checkpoints": [str(c) for c in made], "weights": [0.5, 0.25, 0.25]}
    assert "curves" not in said and self_check(uneven, device="cpu").ok


@pytest.mark.parametrize("tuning", ["frozen", "lora", "full"])
def test_itself_is_the_identity_and_order_does_not_matter(
    tuning: str, tmp_path: Path, model_folder: Callable[..., Path]
) -> None:
    made = several(tmp_path, model_folder("qwen3"), tuning=tuning)
    one, same = (
        average(made[:1], tmp_path / "one", device="cpu"),
        average([made[0]] * 3, tmp_path / "same", device="cpu"),
    )
    before = weights(made[0])
    for folder in (one, same) if tuning != "lora" else (one,):
        found = weights(folder)
        assert found.keys() == {n for n in before if not n.startswith("trainer")}
        assert all(torch.equal(found[n], before[n]) for n in found)
    forwards = average(made, tmp_path / "forwards", device="cpu")
    backwards = average(made[::-1], tmp_path / "backwards", device="cpu")
    torch.testing.assert_close(outputs(same), outputs(made[0]), rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(outputs(forwards), outputs(backwards), rtol=1e-5, atol=1e-5)
    assert (outputs(forwards) - outputs(made[0])).abs().max() > 1e-3


def test_adapters_give_the_mean_of_their_updates(tmp_path: Path, model_folder: Callable[..., Path]) -> None:
    """Not the product of mean factors, which is another matrix."""
    made = several(tmp_path, model_folder("qwen3"), 2, tuning="lora")
    out = averaged(made, tmp_path / "out", weights=[3.0, 1.0])
    found, each = updates(out / "adapter-0"), [updates(c / "adapter-0") for c in made]
    factors = [weights(c / "adapter-0") for c in made]
    apart = 0.0  # how far the product of mean factors, at α/r = 32/2, lies off
    for name, update in found.items():
        expected = 0.75 * each[0][name] + 0.25 * each[1][name]
        torch.testing.assert_close(update, expected, rtol=0, atol=1e-6 * float(expected.abs().max()))
        b, a = (
            0.75 * factors[0][n].double() + 0.25 * factors[1][n].double()
            for n in (name, name.replace("lora_B", "lora_A"))
        )
        apart = max(apart, float((16 * b @ a - expected).abs().max()))
    assert apart > 1e-4
    assert json.loads((out / "adapter-0" / "adapter_config.json").read_text())["r"] == 4
    beyond = extrapolate(made[0], made[1], 1.5, tmp_path / "beyond", device="cpu")
    for name, update in updates(beyond / "adapter-0").items():
        expected = 1.5 * each[1][name] - 0.5 * each[0][name]
        torch.testing.assert_close(update, expected, rtol=0, atol=1e-6 * float(expected.abs().max()))


def test_full_models_give_the_mean_of_their_weights(tmp_path: Path, model_folder: Callable[..., Path]) -> None:
    made = several(tmp_path, model_folder("bert"), 2, tuning="full")
    out = averaged(made, tmp_path / "out")
    found, (a, b) = weights(out), (weights(c) for c in made)
    assert any(not torch.equal(a[n], b[n]) for n in found if n.startswith("backbone-0"))
    for name, tensor in found.items():
        torch.testing.assert_close(tensor.double(), (a[name].double() + b[name].double()) / 2, rtol=1e-6, atol=1e-9)
    reward = build({"use": "rewards.trained", "path": str(out), "device": "cpu"}, Reward)  # type: ignore[type-abstract]
    values = [v for j in run_sync(reward.score(pairs(8))) for v in j.values]
    torch.testing.assert_close(torch.tensor(values).double(), outputs(out)[0, :, 0], rtol=1e-5, atol=1e-5)


def test_the_greedy_soup_takes_in_only_what_does_not_harm(tmp_path: Path, model_folder: Callable[..., Path]) -> None:
    folder = model_folder("bert")
    good = several(tmp_path, folder, 2, epochs=3)
    reverse = [replace(s, responses=s.responses[::-1]) for s in pairs(16)]  # the worse one preferred
    bad = train(tmp_path / "bad", reverse, backbone=folder, init=str(good[0]), learning_rate=0.3, epochs=6)
    out = averaged([bad, *good], tmp_path / "out", tuple(pairs(16)), greedy=True)
    said = read_checkpoint(out).about["averaged"]
    assert said["checkpoints"] and str(bad) not in said["checkpoints"]
    tried = {tuple(c): a for c, a in said["tried"]}
    assert tried[(str(bad),)] < max(tried.values()) and len(tried) == 5
    assert tried[tuple(said["checkpoints"])] == max(tried[(str(c),)] for c in good)
    assert not list(tmp_path.glob(".*candidate"))
    with pytest.raises(DataError, match="no sample has a preference to choose by"):
        averaged(good, tmp_path / "none", greedy=True)


def test_what_does_not_match_is_refused(tmp_path: Path, model_folder: Callable[..., Path]) -> None:
    folder = model_folder("bert")
    first, second = several(tmp_path, folder, 2)
    apart = train(tmp_path / "apart", pairs(24)[12:], backbone=folder)
    with pytest.raises(CheckpointError, match="train it with init"):
        average([first, second, apart], tmp_path / "a")
    other = train(tmp_path / "other", pairs(16), backbone=folder, head={"use": "models.heads.scalar"})
    with pytest.raises(CheckpointError, match="its head is not that of"):
        average([first, other, second], tmp_path / "b")
    with pytest.raises(OutputError, match="holds a model already"):
        average([first, second], second)
    cases: list[tuple[dict[str, object], str]] = [
        ({"checkpoints": []}, "at least one"), ({"weights": [1.0]}, "2 checkpoints have 1 weights"),
        ({"weights": [0.0, 0.0]}, "not all 0"), ({"weights": [2.0, -1.0]}, "not negative"),
        ({"weights": [float("nan"), 1.0]}, "not negative"), ({"weights": [1.0, 1.0], "greedy": True}, "no weights"),
    ]  # fmt: skip
    for fields, reason in cases:
        with pytest.raises(SpecError, match=reason):
            build({"use": "models.average", "checkpoints": [str(first), str(second)], **fields}, Fit)  # type: ignore[type-abstract]
    assert not any((tmp_path / n / "guerdon.json").exists() for n in "ab")


def test_backbones_and_adapters_that_do_not_match_are_refused(
    tmp_path: Path, model_folder: Callable[..., Path]
) -> None:
    full = several(tmp_path / "full", model_folder("bert"), 2, tuning="full")
    file = full[0] / "backbone-0" / "model.safetensors"
    kept = load_file(file)
    name = next(n for n in kept if n.endswith("weight"))
    save_file({n: t for n, t in kept.items() if n != name}, file, metadata={"format": "pt"})
    with pytest.raises(CheckpointError, match=f"'{name}' is missing"):
        average(full, tmp_path / "a", device="cpu")
    save_file({**kept, name: kept[name][:-1].contiguous()}, file, metadata={"format": "pt"})
    with pytest.raises(CheckpointError, match=f"'{name}' does not match"):
        average(full, tmp_path / "b", device="cpu")
    adapted = several(tmp_path / "lora", model_folder("qwen3"), 2, tuning="lora")
    config = adapted[1] / "adapter-0" / "adapter_config.json"
    config.write_text(json.dumps({**json.loads(config.read_text()), "use_rslora": True}))
    with pytest.raises(CheckpointError, match="use_rslora"):
        average(adapted, tmp_path / "c", device="cpu")
    assert load_checkpoint(adapted[0], device="cpu").score([(pairs(1)[0].prompt, pairs(1)[0].responses[0])]).faults == (
        None,
    )
