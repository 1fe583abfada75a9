"""Tournaments: the true ranking from a consistent judge, by all pairs, Swiss rounds or an anchor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from guerdon.core.build import build
from guerdon.core.concurrency import run_sync
from guerdon.core.contracts import Reward
from guerdon.core.errors import SpecError
from guerdon.core.types import Judgement, Sample, Score, Status, sample

EIGHT = sample("q", *"dbhafceg", id="t")


@dataclass(frozen=True)
class Alphabet(Reward):
    """margin(a, b) = 1 if a stands before b in the alphabet; games that name `lost` fail, `cycle` beats itself round."""

    lost: str = ""
    cycle: bool = False
    games: list[str] = field(default_factory=list, compare=False)

    @property
    def gives(self) -> frozenset[str]:
        return frozenset({"margins"})

    @property
    def group_size(self) -> tuple[int, int | None]:
        return (2, 2)

    async def score(self, samples: Sequence[Sample]) -> list[Judgement]:
        return [self._one(s) for s in samples]

    def _one(self, sample: Sample) -> Judgement:
        a, b = (r.text for r in sample.responses)
        self.games.append(a + b)
        if self.lost and self.lost in (a, b):
            return Judgement.unscored(2, Status.TIMEOUT, "slow")
        m = 1.0 if (a < b) != (self.cycle and {a, b} == {"a", "c"}) else -1.0
        return Judgement(scores=(Score(value=None),) * 2, margins=((None, m), (-m, None)))


def table(judge: Reward, given: Sample = EIGHT, **fields: object) -> Judgement:
    reward = build({"use": "rewards.compose.tournament", "judge": judge, **fields}, Reward)
    (found,) = run_sync(reward.score([given]))
    return found


def ranked(found: Judgement, given: Sample = EIGHT) -> str:
    return "".join(
        r.text
        for _, r in sorted(
            zip(found.values, given.responses, strict=True), key=lambda x: -(-1 if x[0] is None else x[0])
        )
    )


@pytest.mark.parametrize("aggregate", ["win_rate", "bradley_terry"])
def test_all_pairs_give_the_true_ranking(aggregate: str) -> None:
    judge = Alphabet()
    found = table(judge, aggregate=aggregate)
    assert ranked(found) == "abcdefgh" and len(judge.games) == 28 and len(found.trials) == 28
    if aggregate == "win_rate":
        assert sorted(found.values) == pytest.approx([i / 7 for i in range(8)])  # type: ignore[type-var]


def test_swiss_rounds_find_the_best_in_few_games() -> None:
    judge = Alphabet()
    found = table(judge, plan="swiss")
    assert len(judge.games) == 3 * 4 and len({frozenset(g) for g in judge.games}) == 12, "nobody meets twice"
    assert ranked(found)[0] == "a"


def test_the_anchor_meets_everyone() -> None:
    judge = Alphabet()
    found = table(judge, plan="anchor")
    assert len(judge.games) == 7 and all("d" in g for g in judge.games)
    assert found.values[0] == pytest.approx(4 / 7) and found.values[1] == 1 and found.values[2] == 0


def test_a_cycle_is_a_tie() -> None:
    assert table(Alphabet(cycle=True), sample("q", "a", "b", "c")).values == (0.5, 0.5, 0.5)


def test_lost_games_are_left_out_and_too_many_lose_the_group() -> None:
    found = table(Alphabet(lost="h"))
    assert found.values[2] is None and found.scores[2].status is Status.ABSTAINED
    assert ranked(found)[:7] == "abcdefg" and "7 of 28" in found.scores[2].error
    lost = table(Alphabet(lost="a"), sample("q", "a", "b"))
    assert {s.status for s in lost.scores} == {Status.TIMEOUT}


def test_soft_outcomes_keep_how_sure_the_judge_is() -> None:
    soft = table(Alphabet(), sample("q", "a", "b"), soft=True)
    assert soft.values == pytest.approx((0.7311, 0.2689), abs=1e-4)


def test_bad_settings_are_told() -> None:
    for wrong in ({"rounds": 2}, {"most_lost": 0.0}):
        with pytest.raises(SpecError):
            table(Alphabet(), **wrong)
