"""The rubric judge: one question a criterion, verifiers, trees, what a missing verdict does."""

from __future__ import annotations

from dataclasses import replace

import pytest

from guerdon.core.types import Criterion, Rubric, Status, sample
from tests.rewards.judges.listening import judged, prompt_text

YES, NO = "It does. <verdict>yes</verdict>", "It does not. <verdict>no</verdict>"


def rubric(*criteria: Criterion) -> Rubric:
    return Rubric(id="r", version="1", criteria=criteria)


TWO = rubric(Criterion(id="city", text="Names a city.", weight=3), Criterion(id="short", text="Is short."))
ONE = sample("Capital of France?", "Paris", "London is large.", id="p", rubric=TWO)


def test_the_weighted_share_of_yes() -> None:
    found, asked = judged("rewards.judges.rubric", [YES, NO, NO, YES], ONE)
    assert found.values == (0.75, 0.25) and len(asked) == 4
    assert found.scores[0].parts == {"city": 1.0, "short": 0.0}
    first = found.scores[0].verdicts[0]
    assert (first.criterion, first.label, first.value) == ("city", "yes", 1.0) and first.evidence == YES
    text = prompt_text(asked)
    assert (
        text.index("Capital of France?")
        < text.index("Paris")
        < text.index("Names a city.")
        < text.index("<verdict>yes")
    )


@pytest.mark.parametrize("reply", ["yes", f"{YES} {NO}", "<verdict>partly</verdict>"])
def test_a_reply_without_a_single_verdict_leaves_the_response_unparsed(reply: str) -> None:
    found, _ = judged("rewards.judges.rubric", [YES, reply, YES, YES], ONE)
    assert found.scores[0].value is None and found.scores[0].status is Status.UNPARSED
    assert found.scores[0].error.startswith("criterion 'short'") and found.scores[1].value == 1
    rest, _ = judged(
        "rewards.judges.rubric",
        [YES, reply, YES, YES],
        ONE,
        aggregate={"use": "judging.weighted_mean", "partial": True},
    )
    assert rest.scores[0].value == 1


def test_a_verifier_checks_its_criterion_without_a_call() -> None:
    exact = Criterion(id="exact", text="Is Paris.", verifier={"use": "rewards.verifiers.exact"})
    given = replace(ONE, rubric=rubric(TWO.criteria[0], exact), reference="Paris")
    found, asked = judged("rewards.judges.rubric", [YES, YES], given)
    assert found.values == (1.0, 0.75) and len(asked) == 2 and found.scores[1].parts["exact"] == 0
    wrong = replace(given, rubric=rubric(Criterion(id="x", text="t", verifier={"use": "rewards.verifiers.exat"})))
    lost, asked = judged("rewards.judges.rubric", [YES], wrong)
    assert not asked and lost.scores[0].status is Status.FAILED and "exact" in lost.scores[0].error


def test_a_tree_is_the_mean_of_means() -> None:
    tree = rubric(
        Criterion(id="top", text="all", weight=1), Criterion(id="a", text="a", parent="top"), Criterion(id="b", text="b", parent="top"),
        Criterion(id="other", text="o", weight=3),
    )  # fmt: skip
    found, asked = judged("rewards.judges.rubric", [YES, NO, YES], sample("q", "a", rubric=tree))
    assert len(asked) == 3 and found.values == ((0.5 + 3) / 4,)


def test_votes_make_shares() -> None:
    found, _ = judged(
        "rewards.judges.rubric",
        [YES, YES, NO, "?"],
        sample("q", "a", rubric=rubric(TWO.criteria[0])),
        samples=4,
        temperature=0.7,
    )
    assert found.values == pytest.approx((2 / 3,))


def test_a_sample_without_a_rubric_spoils_no_neighbour() -> None:
    from guerdon.core.build import build
    from guerdon.core.concurrency import run_sync
    from guerdon.core.contracts import Reward

    reward = build({"use": "rewards.judges.rubric", "engine": {"use": "engines.scripted", "reply": YES}}, Reward)
    bare, empty = replace(ONE, rubric=None), replace(ONE, rubric=rubric())
    first, second, third = run_sync(reward.score([bare, ONE, empty]))
    assert second.values == (1.0, 1.0) and first.scores[0].status is Status.FAILED is third.scores[0].status
