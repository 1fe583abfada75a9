"""`models.extrapolate`: the ends are the checkpoints themselves, the way between and beyond is straight."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from guerdon.core.build import build
from guerdon.core.contracts import Fit
from guerdon.core.errors import CheckpointError, DataError, OutputError, SpecError
from guerdon.models.checkpoint import read_checkpoint
from guerdon.models.extrapolate import extrapolate
from tests.models.test_start import outputs, train
from tests.models.tiny import pairs


def stages(tmp_path: Path, backbone: Path, **fields: object) -> tuple[Path, Path]:
    first = train(tmp_path / "1", pairs(16), backbone=backbone, **fields)
    return first, train(tmp_path / "2", pairs(16), backbone=backbone, init=str(first), seed=3, **fields)


@pytest.mark.parametrize(("tuning", "kind"), [("frozen", "bert"), ("lora", "qwen3"), ("full", "qwen3")])
def test_zero_is_the_start_one_is_the_end(
    tuning: str, kind: str, tmp_path: Path, model_folder: Callable[..., Path]
) -> None:
    ends = stages(tmp_path, model_folder(kind), tuning=tuning, learning_rate=1e-2)
    for factor in (0, 1):
        made = extrapolate(*ends, factor, tmp_path / f"f{factor}", device="cpu")
        for file in sorted(p.relative_to(made) for p in made.rglob("*.safetensors")):
            found, wanted = load_file(made / file), load_file(ends[factor] / file)
            assert found.keys() == wanted.keys() and all(torch.equal(found[n], wanted[n]) for n in wanted), (
                factor,
                file,
            )
        torch.testing.assert_close(outputs(made), outputs(ends[factor]), rtol=0, atol=1e-6)


def test_a_linear_head_moves_on_in_a_straight_line(tmp_path: Path, model_folder: Callable[..., Path]) -> None:
    first, second = stages(tmp_path, model_folder("bert"), ensemble=2)
    made = extrapolate(first, second, 1.5, tmp_path / "out", device="cpu")
    expected = outputs(first) + 1.5 * (outputs(second) - outputs(first))
    torch.testing.assert_close(outputs(made), expected, rtol=0, atol=1e-5)
    assert read_checkpoint(made).about["extrapolated"]["factor"] == 1.5


def test_the_best_factor_is_chosen_on_preferences(tmp_path: Path, model_folder: Callable[..., Path]) -> None:
    first, second = stages(tmp_path, model_folder("bert"), learning_rate=1e-2, epochs=3)
    spec = {
        "use": "models.extrapolate",
        "start": str(first),
        "end": str(second),
        "device": "cpu",
        "factors": [-50.0, 0.0, 1.0],
    }
    made = build(spec, Fit).fit(pairs(16), tmp_path / "out")  # type: ignore[type-abstract]
    told = read_checkpoint(made).about["extrapolated"]
    by_factor = dict(map(tuple, told["tried"]))
    assert set(by_factor) == {-50.0, 0.0, 1.0} and by_factor[told["factor"]] == max(by_factor.values())
    assert by_factor[-50.0] < by_factor[1.0], "backwards is worse"
    assert not list(tmp_path.glob(".*candidate"))
    with pytest.raises(DataError, match="no sample has a preference to choose by"):
        build(spec, Fit).fit([], tmp_path / "none")  # type: ignore[type-abstract]


def test_what_does_not_match_is_refused(tmp_path: Path, model_folder: Callable[..., Path]) -> None:
    folder = model_folder("bert")
    first, second = stages(tmp_path, folder)
    apart = train(tmp_path / "3", pairs(24)[12:], backbone=folder)
    with pytest.raises(CheckpointError, match="train it with init"):
        extrapolate(first, apart, 1.5, tmp_path / "a")
    plain = train(tmp_path / "4", pairs(16), backbone=folder, head={"use": "models.heads.scalar"})
    with pytest.raises(CheckpointError, match="its head is not that of"):
        extrapolate(first, plain, 1.5, tmp_path / "b")
    with pytest.raises(OutputError, match="holds a model already"):
        extrapolate(first, second, 1.5, second)
    with pytest.raises(SpecError, match="factors"):
        build({"use": "models.extrapolate", "start": "a", "end": "b", "factors": []}, Fit)  # type: ignore[type-abstract]
