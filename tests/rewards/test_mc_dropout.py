"""`rewards.trained` with `mc_dropout`: the spread that the masks give, the same for a text wherever it stands."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from guerdon.core.build import build
from guerdon.core.concurrency import run_sync
from guerdon.core.contracts import Head, Reward
from guerdon.core.errors import SpecError
from guerdon.core.types import Sample, Score, answer
from guerdon.models.heads.ratings import Ratings
from guerdon.models.heads.scalar import Scalar
from guerdon.models.mc_dropout import ROWS, DropoutPasses
from guerdon.models.reward_model import RewardModel
from guerdon.rewards.trained import Trained
from tests.models import tiny

LINEAR = Scalar(read=("response_mean", "mean"), input_dropout=0.3, standardise=True)
DEEP = Scalar(read=("response_mean",), hidden=(16,), dropout=0.2, standardise=True)
SEVERAL = Ratings(names=("b", "a"), reward="a", read=("response_mean",), hidden=(8,), dropout=0.2)
NONE = Scalar(read=("response_mean",))


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Path]]:
    """`checkpoint(head)` → a folder trained on a tiny encoder with that head; made once."""
    made: dict[str, Path] = {}
    patch = pytest.MonkeyPatch()
    patch.setenv("GUERDON_CACHE", str(tmp_path_factory.mktemp("cache")))
    backbone = tiny.make("bert", tmp_path_factory.mktemp("bert"))

    def get(head: Head, ensemble: int = 1) -> Path:
        key = repr((head, ensemble))
        if key not in made:
            fit = RewardModel(
                backbone=str(backbone), epochs=2, device="cpu", head=head, ensemble=ensemble, validation=0.0
            )
            made[key] = fit.fit(tiny.pairs(8), tmp_path_factory.mktemp("out") / "model")
        return made[key]

    yield get
    patch.undo()


def reward(folder: Path, **fields: Any) -> Trained:
    spec = {"use": "rewards.trained", "path": str(folder), "device": "cpu", **fields}
    made = build(spec, Reward)  # type: ignore[type-abstract]
    assert isinstance(made, Trained)
    return made


def scores(made: Reward, samples: Sequence[Sample]) -> list[Score]:
    return [s for j in run_sync(made.score(samples)) for s in j.scores]


def stds(found: Sequence[Score]) -> list[float]:
    return [s.std if s.std is not None else float("nan") for s in found]


def with_dropout(folder: Path, out: Path, **fields: float) -> Path:
    """The same weights under another rate."""
    shutil.copytree(folder, out)
    said = json.loads((out / "guerdon.json").read_text())
    said["head"].update(fields)
    (out / "guerdon.json").write_text(json.dumps(said))
    return out


def test_a_linear_head_has_the_variance_of_its_masks(checkpoint: Callable[..., Path]) -> None:
    """Var r = Σ_i (w_i x_i)²·p/(1 − p) and mean r = w·x, as k grows."""
    passes = 20_000
    made = reward(checkpoint(LINEAR), mc_dropout=passes)
    found = scores(made, tiny.pairs(3))
    head = made.scorer.members[0].head
    seen: list[torch.Tensor] = []
    hook = head.body.register_forward_pre_hook(lambda _, x: seen.append(x[0]))  # type: ignore[union-attr,operator]
    texts = [(s.prompt, r) for s in tiny.pairs(3) for r in s.responses]
    made.scorer.passes = None
    made.scorer.score(texts)
    hook.remove()
    weights = head.score.weight[0].double()  # type: ignore[union-attr,index]
    expected = ((weights * seen[0].double()) ** 2).sum(1) * 0.3 / 0.7
    torch.testing.assert_close(torch.tensor(stds(found)).double() ** 2, expected.detach(), rtol=0.05, atol=0)
    mean = scores(reward(checkpoint(LINEAR), mc_dropout=passes, mc_value="mean"), tiny.pairs(3))
    for plain, averaged in zip(found, mean, strict=True):
        assert plain.value is not None and averaged.value is not None and plain.std is not None
        assert 0 < abs(averaged.value - plain.value) < 5 * plain.std / passes**0.5
        assert averaged.std == plain.std


@pytest.mark.parametrize("head", [LINEAR, DEEP, SEVERAL])
def test_the_value_is_that_without_and_the_spread_depends_on_no_neighbour(
    head: Head, checkpoint: Callable[..., Path]
) -> None:
    samples = tiny.pairs(12)
    made = reward(checkpoint(head), mc_dropout=20)
    found = scores(made, samples)
    plain = scores(reward(checkpoint(head)), samples)
    assert [(s.value, s.parts) for s in found] == [(s.value, s.parts) for s in plain]
    assert {s.std for s in plain} == {None}
    distinct = len({s.value for s in plain})  # texts that the tiny vocabulary cannot tell apart are one text
    assert min(stds(found)) > 0 and len(set(stds(found))) == distinct > 20
    assert scores(made, samples) == found == scores(reward(checkpoint(head), mc_dropout=20), samples), (
        "drawn once and again"
    )
    alone = [s for one in samples for s in scores(made, [one])]
    back = scores(made, samples[::-1])
    turned = [s for i in range(len(samples)) for s in back[len(back) - 2 * i - 2 : len(back) - 2 * i]]
    for other in (alone, turned, scores(reward(checkpoint(head), mc_dropout=20, batch_tokens=1), samples)):
        np.testing.assert_allclose(stds(other), stds(found), rtol=1e-4)
    assert stds(scores(reward(checkpoint(head), mc_dropout=20, seed=1), samples)) != stds(found)


def test_more_dropout_is_more_spread_and_hardly_any_is_none(checkpoint: Callable[..., Path], tmp_path: Path) -> None:
    means = []
    for p in (1e-12, 0.1, 0.3, 0.6):
        folder = with_dropout(checkpoint(LINEAR), tmp_path / str(p), input_dropout=p)
        means.append(float(np.mean(stds(scores(reward(folder, mc_dropout=50), tiny.pairs(8))))))
    assert means[0] == 0.0 and means == sorted(means) and means[1] > 0


def test_members_and_passes_add_their_variances(checkpoint: Callable[..., Path]) -> None:
    folder = checkpoint(DEEP, ensemble=2)
    samples = tiny.pairs(4)
    members, both = scores(reward(folder), samples), scores(reward(folder, mc_dropout=30), samples)
    made = reward(folder, mc_dropout=30)
    raw = made.scorer.score([(s.prompt, r) for s in samples for r in s.responses]).passes
    assert raw is not None and raw.shape == (2, 30, 8, 1) and not np.array_equal(raw[0], raw[1])
    within = raw[..., 0].var(axis=1, ddof=1).mean(0)
    expected = np.sqrt(np.square(stds(members)) + within)
    np.testing.assert_allclose(stds(both), expected, rtol=1e-4)


def test_what_has_no_dropout_or_no_passes_is_refused(checkpoint: Callable[..., Path], tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="trained with dropout; this one has none"):
        scores(reward(checkpoint(NONE), mc_dropout=10), tiny.pairs(1))
    off = with_dropout(checkpoint(LINEAR), tmp_path / "off", input_dropout=0.0)
    with pytest.raises(SpecError, match="trained with dropout"):
        scores(reward(off, mc_dropout=10), tiny.pairs(1))
    said = json.loads((checkpoint(DEEP) / "guerdon.json").read_text())
    shutil.copytree(checkpoint(DEEP), tmp_path / "steps")
    said["positions"] = said["head"]["read"] = ["step:mean"]
    (tmp_path / "steps" / "guerdon.json").write_text(json.dumps(said))
    with pytest.raises(SpecError, match="a head on steps gives no std"):
        _ = reward(tmp_path / "steps", mc_dropout=10).scorer
    for fields in ({"mc_dropout": 1}, {"mc_dropout": -3}, {"mc_value": "mean"}):
        with pytest.raises(SpecError, match="mc_dropout"):
            reward(tmp_path, **fields)
    with pytest.raises(SpecError, match="mc_value"):
        reward(tmp_path, mc_dropout=4, mc_value="median")


def test_an_empty_response_and_its_neighbours(checkpoint: Callable[..., Path]) -> None:
    made = reward(checkpoint(DEEP), mc_dropout=10)
    first = tiny.pairs(1)[0]
    empty = Sample(id="e", prompt=first.prompt, responses=(answer(""), first.responses[1]))
    found = scores(made, [empty])
    assert found[0].value is None and found[0].std is None and "empty" in found[0].error
    np.testing.assert_allclose(found[1].std or 0.0, scores(made, [first])[1].std or 1.0, rtol=1e-4)


def test_texts_in_several_chunks_and_the_head_as_it_was() -> None:
    torch.manual_seed(0)
    head = Scalar(read=("last",), hidden=(4,), dropout=0.5).module(6).eval()
    rows, keys = torch.randn(7, 6), [bytes([i]) for i in range(7)]
    passes = ROWS // 2  # two texts at once
    before = torch.get_rng_state()
    out = DropoutPasses(passes).run(head, rows, keys, 0)
    assert torch.equal(before, torch.get_rng_state()), "no one else's generator is touched"
    assert out.shape == (passes, 7, 1)
    one = DropoutPasses(passes).run(head, rows[4:5], keys[4:5], 0)
    torch.testing.assert_close(out[:, 4:5], one, rtol=1e-6, atol=1e-6)
    assert not torch.equal(one, DropoutPasses(passes).run(head, rows[4:5], keys[4:5], 1)), "another member, other masks"
    assert not head.training and torch.equal(head(rows), head(rows)), "the noise is gone with the call"
