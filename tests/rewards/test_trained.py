"""`rewards.trained`: the same score whatever stands beside it, and nothing that spoils a neighbour."""

from __future__ import annotations

import asyncio
import pickle
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from guerdon.core.build import build, spec_of
from guerdon.core.concurrency import run_sync
from guerdon.core.contracts import Reward
from guerdon.core.errors import CheckpointError, SpecError
from guerdon.core.types import Judgement, Message, Part, Response, Sample, Status, answer, sample, user
from guerdon.models.heads.scalar import Scalar
from guerdon.models.reward_model import RewardModel
from guerdon.rewards.trained import Trained
from tests.models import tiny

REPLIES = ("Yes", "No, I would rather not say.", "Air scatters short wavelengths of sunlight. " * 9, "Paris", "2, 3, 5")


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Path]]:
    """`checkpoint("qwen3")` → a folder trained on a tiny model of that kind; made once."""
    made: dict[str, Path] = {}
    patch = pytest.MonkeyPatch()
    patch.setenv("GUERDON_CACHE", str(tmp_path_factory.mktemp("cache")))

    def get(kind: str) -> Path:
        if kind not in made:
            base = tmp_path_factory.mktemp(kind)
            fit = RewardModel(
                backbone=str(tiny.make(kind, base / "backbone")), epochs=1, device="cpu", max_length=96,
                head=Scalar(read=("last", "response_mean")),
            )  # fmt: skip
            made[kind] = fit.fit(tiny.pairs(8), base / "out")
        return made[kind]

    yield get
    patch.undo()


def scores(reward: Reward, *samples: Sample) -> list[Judgement]:
    return run_sync(reward.score(samples))


def rows() -> list[Sample]:
    prompts = ("Is it so?", "What is the capital of France? " * 8, "List three primes.", "Go to bed at the same time.")
    return [sample(p, *REPLIES[i:], *REPLIES[:i], id=str(i)) for i, p in enumerate(prompts)]


@pytest.mark.parametrize("kind", ["qwen3", "llama", "gemma", "bert"])
@pytest.mark.parametrize("batch_tokens", [1, 64, 2048])
def test_a_score_is_the_same_in_any_batch_and_order(
    kind: str, batch_tokens: int, checkpoint: Callable[[str], Path]
) -> None:
    """Batch sizes 1, 3, 8 and all, forwards and backwards, under any token budget: within 1e-5·max(1, |score|)."""
    reward = Trained(path=checkpoint(kind), device="cpu", batch_tokens=batch_tokens)
    wanted = [scores(Trained(path=checkpoint(kind), device="cpu"), sample(s.prompt_text, r.text))[0].values[0]
              for s in rows() for r in s.responses]  # fmt: skip
    flat = [sample(s.prompt_text, r.text, id=f"{s.id}{k}") for s in rows() for k, r in enumerate(s.responses)]
    seen = [[v for j in scores(reward, *rows()) for v in j.values]]
    for size in (3, 8, len(flat)):
        parts = [flat[i : i + size] for i in range(0, len(flat), size)]
        seen.append([j.values[0] for part in parts for j in scores(reward, *part)])
        seen.append([j.values[0] for part in parts for j in reversed(scores(reward, *reversed(part)))])
    for found in seen:
        for a, b in zip(found, wanted, strict=True):
            assert a is not None and b is not None and abs(a - b) <= 1e-5 * max(1.0, abs(b))
    assert len({round(float(w or 0), 4) for w in wanted}) > len(wanted) // 2, "scores that are all alike prove nothing"


@pytest.mark.parametrize("kind", ["gemma", "bert"])
def test_a_bad_response_spoils_no_neighbour(kind: str, checkpoint: Callable[[str], Path]) -> None:
    reward = Trained(path=checkpoint(kind), device="cpu")
    image = Response(
        messages=(Message(role="assistant", content=(Part(kind="image", value="x"), Part(kind="text", value="a"))),)
    )
    odd = [answer(""), answer(" \n\t"), image, answer("yes " * 5000), answer("[SEP] <eos> \x00 \ud800 ‮"), answer("Yes")]
    good = scores(reward, sample("Is it so?", "Yes"))[0].values[0]
    judged = scores(
        reward, sample("Is it so?", "Yes"), Sample(id="odd", prompt=user("Is it so?"), responses=tuple(odd))
    )
    found = judged[1].scores
    assert judged[0].values[0] == pytest.approx(good, abs=1e-5) and found[5].value == pytest.approx(good, abs=1e-5)
    assert [s.status for s in found[:3]] == [Status.FAILED] * 3 and all(s.value is None for s in found[:3])
    assert "empty" in found[0].error and "empty" in found[1].error and "reads text only" in found[2].error
    assert found[3].value is not None and found[4].value is not None, "too long is cut, odd characters are text"


def test_what_the_template_refuses_is_unscored_with_its_reason(checkpoint: Callable[[str], Path]) -> None:
    reward = Trained(path=checkpoint("gemma"), device="cpu")
    system = (Message(role="system", content="Yes"), *user("Is it so?"))
    judged = scores(reward, Sample(id="s", prompt=system, responses=(answer("Yes"),)), sample("Is it so?", "Yes"))
    assert judged[0].scores[0].status is Status.FAILED and "System role" in judged[0].scores[0].error
    assert judged[1].values[0] is not None


def test_an_empty_response_can_have_a_value(checkpoint: Callable[[str], Path]) -> None:
    reward = build({"use": "rewards.trained", "path": str(checkpoint("bert")), "on_empty": -3.0}, Reward)  # type: ignore[type-abstract]
    assert scores(reward, sample("Is it so?", "", "Yes"))[0].values[0] == -3.0


def test_scores_that_are_not_finite_are_unscored(checkpoint: Callable[[str], Path]) -> None:
    reward = Trained(path=checkpoint("bert"), device="cpu")
    with torch.no_grad():
        reward.scorer.members[0].head.score.weight.fill_(float("inf"))
    score = scores(reward, sample("Is it so?", "Yes"))[0].scores[0]
    assert score.value is None and score.status is Status.FAILED and "finite" in score.error


def test_it_opens_on_the_first_score_and_never_travels(checkpoint: Callable[[str], Path], tmp_path: Path) -> None:
    reward = Trained(path=checkpoint("bert"), device="cpu")
    assert "_lazy_scorer" not in reward.__dict__
    first = scores(reward, *rows())
    copied = pickle.loads(pickle.dumps(reward))
    assert "_lazy_scorer" in reward.__dict__ and "_lazy_scorer" not in copied.__dict__ and copied == reward
    assert [j.values for j in scores(copied, *rows())] == [j.values for j in first]
    assert build(spec_of(reward)) == reward
    nowhere = Trained(path=tmp_path / "nowhere")
    assert scores(nowhere) == [] and scores(nowhere, Sample(id="x", prompt=user("p"), responses=())) != []
    with pytest.raises(CheckpointError, match="no such folder"):
        scores(nowhere, sample("p", "a"))
    with pytest.raises(SpecError, match="batch_tokens"):
        Trained(path=tmp_path, batch_tokens=0)


def test_many_callers_at_once_get_their_own_scores(checkpoint: Callable[[str], Path]) -> None:
    reward = Trained(path=checkpoint("qwen3"), device="cpu")
    wanted = [j.values for j in scores(reward, *rows())]

    async def crowd() -> list[list[Judgement]]:
        return list(await asyncio.gather(*(reward.score([r]) for r in rows() * 5)))

    for i, found in enumerate(run_sync(crowd())):
        assert found[0].values == pytest.approx(wanted[i % 4], abs=1e-5)


def test_texts_are_scored_some_at_a_time_so_that_a_stopped_run_ends_soon(
    checkpoint: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    reward = Trained(path=checkpoint("bert"), device="cpu")
    many = [sample(f"Is it so? {'yes ' * (i * 7 % 20)}", *REPLIES, id=str(i)) for i in range(16)]
    wanted = [j.values for s in many for j in scores(reward, s)]
    calls, whole = [], reward.scorer.score
    begun = asyncio.Event()

    def watched(texts: Any) -> Any:
        calls.append([len(m[0].text) + len(r.text) for m, r in texts])
        asyncio.run_coroutine_threadsafe(tell(), loop)
        return whole(texts)

    async def tell() -> None:
        begun.set()

    async def both() -> list[Judgement]:
        nonlocal loop
        loop = asyncio.get_running_loop()
        found = await reward.score(many)
        begun.clear()
        task = asyncio.create_task(reward.score(many))
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return found

    loop: Any = None
    monkeypatch.setattr(reward.scorer, "score", watched)
    for found, one in zip(run_sync(both()), wanted, strict=True):
        assert found.values == pytest.approx(one, abs=1e-5)
    assert [len(c) for c in calls] == [32, 32, 16, 32], "the cancelled run asked for one group only"
    assert max(calls[0]) <= max(calls[1]) <= max(calls[2]), "texts of similar length go together"


def test_the_cache_gives_the_same_scores(checkpoint: Callable[[str], Path], tmp_path: Path, monkeypatch: Any) -> None:
    plain = [j.values for j in scores(Trained(path=checkpoint("bert"), device="cpu"), *rows())]
    monkeypatch.setenv("GUERDON_CACHE", str(tmp_path))
    cached = Trained(path=checkpoint("bert"), device="cpu", cache=True)
    for _ in range(2):
        for found, wanted in zip(scores(cached, *rows()), plain, strict=True):
            assert found.values == pytest.approx(wanted, abs=1e-5)
    assert list(tmp_path.glob("features/*/*/*.npy"))


def test_the_example_is_a_real_model() -> None:
    reward = Trained.example()
    judged = scores(reward, sample("What is the capital of France?", "The capital of France is Paris.", "idk"))
    assert judged[0].values[0] > judged[0].values[1]  # type: ignore[operator]
    assert Trained.example() == reward


def test_one_member_of_an_ensemble(tmp_path: Path) -> None:
    folder = RewardModel(epochs=1, validation=0.0, ensemble=2, device="cpu").fit(tiny.pairs(8), tmp_path / "model")
    mean, first, second = (
        run_sync(Trained(path=folder, member=m, device="cpu").score(tiny.pairs(1))) for m in (None, 0, 1)
    )
    values = [j[0].values[0] for j in (first, second)]
    assert values[0] != values[1] and mean[0].values[0] == pytest.approx(sum(values) / 2)  # type: ignore[arg-type]
    assert first[0].scores[0].std is None
    each = run_sync(Trained(path=folder, each=True, device="cpu").score(tiny.pairs(1)))[0].scores[0]
    assert each.parts == {"member_0": values[0], "member_1": values[1]} and each.value == mean[0].values[0]
    with pytest.raises(CheckpointError, match="no member 2; it has 2"):
        run_sync(Trained(path=folder, member=2, device="cpu").score(tiny.pairs(1)))
    with pytest.raises(SpecError, match="member counts from 0"):
        Trained(path=folder, member=-1)
