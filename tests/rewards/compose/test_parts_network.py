"""`rewards.compose.parts_network`: another source of parts, and asking again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from guerdon.core.build import build, spec_of
from guerdon.core.concurrency import run_sync
from guerdon.core.contracts import Fit, Reward
from guerdon.core.errors import EngineError, SpecError
from guerdon.core.types import Judgement, Sample, Status
from guerdon.rewards.compose.parts_network import PartsNetwork
from tests.models.parts_world import rated, spec
from tests.models.test_parts_model import Forgetful


@dataclass(frozen=True)
class Down(Reward):
    """A source that gave up as a whole."""

    async def score(self, samples: Sequence[Sample]) -> list[Judgement]:
        raise EngineError("the server is gone")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(spec(), Fit).fit(rated(12), tmp_path_factory.mktemp("parts") / "m")  # type: ignore[type-abstract]


def test_another_source_of_the_same_parts_and_asking_again(folder: Path) -> None:
    asked = rated(3, seed=5)
    plain = run_sync(PartsNetwork(path=folder).score(asked))
    again = run_sync(PartsNetwork(path=folder, reward=Forgetful()).score(asked))
    assert [j.values for j in again] == [j.values for j in plain]
    once = run_sync(PartsNetwork(path=folder, reward=Forgetful(), resample=0).score(asked))
    assert all(v is None for j in once for v in j.values) and "right" in once[0].scores[0].error


def test_a_source_that_is_down_leaves_all_unscored(folder: Path) -> None:
    (found,) = run_sync(PartsNetwork(path=folder, reward=Down()).score(rated(1)))
    assert {s.status for s in found.scores} == {Status.FAILED} and "server is gone" in found.scores[0].error


def test_a_folder_that_is_gone_can_still_be_described(tmp_path: Path) -> None:
    reward = PartsNetwork(path=tmp_path / "gone")
    assert reward.needs == frozenset() and reward.group_size == (1, None)
    assert build(spec_of(reward)) == reward
    with pytest.raises(SpecError, match="resample"):
        PartsNetwork(path=tmp_path, resample=-1)
