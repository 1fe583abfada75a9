"""URPO (arXiv:2507.17515): the known answers of its referee and of the reward that trains it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guerdon.core.build import build
from guerdon.core.concurrency import run_sync
from guerdon.core.contracts import Reward
from guerdon.core.types import sample
from guerdon.metrics.ranks import kendall_tau_a
from guerdon.runs.present import judge
from tests.rewards.judges.listening import Listening, judged

FOUR = sample("q", "a", "b", "c", "d")


def tau(text: str, ranking: list[int]) -> float | None:
    reward = build({"use": "rewards.verifiers.ranking_tau"}, Reward)
    return run_sync(reward.score([sample("q", text, context={"ranking": ranking})]))[0].values[0]


def test_the_reward_of_a_judgement() -> None:
    assert tau("<scores>9,7,8,3</scores>", [1, 2, 3, 4]) == pytest.approx(4 / 6)
    assert tau("<scores>5,5</scores>", [1, 2]) == 0 and tau("<scores>2,9</scores>", [1, 2]) == -1
    assert tau("<scores>1,2,3,4</scores>", [1, 2, 3, 4]) == -1
    for wrong in ("no list", "<scores>9,7,8</scores>", "<scores>9,7,8,x</scores>"):
        assert tau(wrong, [1, 2, 3, 4]) == -1


@given(st.lists(st.integers(1, 10), min_size=2, max_size=6))
def test_any_increasing_transform_leaves_tau(scores: list[int]) -> None:
    gold = list(range(len(scores)))
    assert kendall_tau_a(scores, gold) == kendall_tau_a([s**3 + 1 for s in scores], gold)
    assert kendall_tau_a(scores, gold) == -kendall_tau_a([-s for s in scores], gold)


def test_rank_rewards_and_their_advantages() -> None:
    found, _ = judged("rewards.judges.referee", ["<scores>9,7,8,3</scores>"], FOUR)
    values = [v or 0.0 for v in found.values]
    assert values == pytest.approx([1, 1 / 3, 2 / 3, 0])
    mean = sum(values) / 4
    std = (sum((v - mean) ** 2 for v in values) / 4) ** 0.5
    assert [(v - mean) / std for v in values] == pytest.approx([1.3416, -0.4472, 0.4472, -1.3416], abs=1e-4)


def test_shuffled_responses_are_mapped_back() -> None:
    """The engine scores by the text it is shown, so the outcome must not depend on the order."""

    class ByText(Listening):
        async def generate(self, requests):  # type: ignore[no-untyped-def]
            from guerdon.core.types import Completion
            from guerdon.simulation.judge import texts_of

            worth = {"a": 9, "b": 7, "c": 8, "d": 3}
            return [
                [Completion(text=f"<scores>{','.join(str(worth[t]) for t in texts_of(r)[1:])}</scores>")]
                for r in requests
            ]

    reward = build({"use": "rewards.judges.referee", "engine": ByText(("x",))}, Reward)
    assert run_sync(judge(reward, [FOUR]))[0].values == pytest.approx((1, 1 / 3, 2 / 3, 0))


def test_all_equal_scores_are_one_half_each() -> None:
    assert judged("rewards.judges.referee", ["<scores>6,6,6,6</scores>"], FOUR)[0].values == (0.5,) * 4


def test_worked_by_hand_a_tie_in_the_middle() -> None:
    """(8, 5, 5) against 1 > 2 > 3: two pairs agree, the tied one counts neither way: 2/3."""
    assert tau("<scores>8,5,5</scores>", [1, 2, 3]) == pytest.approx(2 / 3)
