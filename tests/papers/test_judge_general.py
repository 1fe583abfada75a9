"""RISE-Judge (arXiv:2502.11689): the known answers of its parser and its swap-consistency filter."""

from __future__ import annotations

from guerdon.core.build import build
from guerdon.core.concurrency import run_sync
from guerdon.core.contracts import Stage
from guerdon.core.types import Preference, sample
from guerdon.simulation.answers import AnswerWorld
from guerdon.simulation.judge import SimulatedJudge
from tests.rewards.judges.listening import Listening, margin_of

GOLD = sample("q", "winner", "loser", preferences=(Preference(better=0, worse=1),))


def swap(first: str, second: str, keep: str = "consistent") -> int:
    judge = {"use": "rewards.judges.rise", "engine": Listening((f"[[{first}]]", f"[[{second}]]"))}
    stage = build({"use": "curation.swap_consistent", "judge": judge, "keep": keep}, Stage)
    return len(run_sync(stage.apply([GOLD]))[0].preferences)


def test_the_swap_filter() -> None:
    assert swap("A", "B") == 1, "right in both orders"
    assert swap("A", "A") == 0, "biased by position"
    assert swap("B", "A") == 0 and swap("B", "A", keep="hard") == 1, "consistent but wrong: a hard case"


def test_an_always_first_judge_yields_nothing_and_a_perfect_one_everything() -> None:
    samples = AnswerWorld(seed=4).samples(30)
    for engine, count in ((SimulatedJudge(position_bias=900.0), 0), (SimulatedJudge(), 30)):
        stage = build(
            {"use": "curation.swap_consistent", "judge": {"use": "rewards.judges.rise", "engine": engine}}, Stage
        )
        assert sum(len(s.preferences) for s in run_sync(stage.apply(samples))) == count


def test_the_last_verdict_wins_in_free_critiques_and_both_modes_are_there() -> None:
    free = "[[A]] is clear, but its claim is false. [[B]]"
    assert (
        margin_of("rewards.judges.rise", free, parse="published") == -1
        and margin_of("rewards.judges.rise", free) is None
    )
    assert margin_of("rewards.judges.rise", "no verdict", parse="published") is None


def test_worked_by_hand_a_judge_biased_by_position_keeps_only_what_its_bias_does_not_decide() -> None:
    """slope 1, bias 2.5: a pair is decided alike in both orders only where the qualities differ by 3 or more."""
    samples = AnswerWorld(seed=6).samples(60)
    engine = SimulatedJudge(slope=1.0, position_bias=2.5)
    stage = build({"use": "curation.swap_consistent", "judge": {"use": "rewards.judges.rise", "engine": engine}}, Stage)
    found = run_sync(stage.apply(samples))
    gaps = [abs(s.responses[0].labels["quality"] - s.responses[1].labels["quality"]) for s in samples]
    assert [len(s.preferences) for s in found] == [int(g >= 3) for g in gaps] and 0 < sum(g >= 3 for g in gaps) < 60
