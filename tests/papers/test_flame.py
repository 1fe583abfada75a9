"""FLAMe (arXiv:2407.10817): the known answers of its format, its tournament and what its judges are measured by."""

from __future__ import annotations

from guerdon.core.build import build
from guerdon.core.concurrency import run_sync
from guerdon.core.contracts import Reward
from guerdon.runs.present import judge
from guerdon.simulation.answers import AnswerWorld
from guerdon.simulation.judge import SimulatedJudge
from tests.rewards.judges.listening import margin_of

SAMPLES = AnswerWorld(responses=6, seed=11).samples(6)


def tournament(engine: SimulatedJudge) -> Reward:
    inner = {"use": "rewards.judges.flame", "engine": engine}
    return build({"use": "rewards.compose.tournament", "judge": inner}, Reward)


def test_a_round_robin_makes_every_comparison_once_and_finds_the_true_ranking() -> None:
    judged = run_sync(judge(tournament(SimulatedJudge()), SAMPLES))
    for sample, found in zip(SAMPLES, judged, strict=True):
        assert len(found.trials) == 15 and len({frozenset(t.order) for t in found.trials}) == 15
        true = [r.labels["quality"] for r in sample.responses]
        assert sorted(range(6), key=lambda i: -(found.values[i] or 0)) == sorted(range(6), key=lambda i: -true[i])


def test_a_judge_that_always_picks_the_first_ranks_by_the_order_shown_alone() -> None:
    first = build({"use": "rewards.judges.flame", "engine": SimulatedJudge(position_bias=900.0)}, Reward)
    judged = run_sync(first.score(AnswerWorld(seed=1).samples(20)))
    assert all(j.margins is not None and j.margins[0][1] == 1 for j in judged), "order bias at its most"


def test_the_target_is_one_line() -> None:
    assert margin_of("rewards.judges.flame", "Choice: A") == 1 and margin_of("rewards.judges.flame", "A") is None


def test_worked_by_hand_win_rates_of_a_consistent_judge() -> None:
    """Six players of different quality: 5, 4, 3, 2, 1 and 0 games won of five each."""
    (found,) = run_sync(judge(tournament(SimulatedJudge()), SAMPLES[:1]))
    assert sorted(round(5 * (v or 0)) for v in found.values) == [0, 1, 2, 3, 4, 5]
