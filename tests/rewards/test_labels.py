"""`rewards.labels`: recorded ratings, and what is not there."""

from __future__ import annotations

import pytest

from guerdon.core.build import build
from guerdon.core.concurrency import run_sync
from guerdon.core.contracts import Reward
from guerdon.core.errors import SpecError
from guerdon.core.types import Sample, Status, answer, user


def test_the_value_is_the_mean_of_the_parts() -> None:
    one = Sample(
        id="s", prompt=user("q"),
        responses=(answer("a", labels={"clear": 4.0, "right": 1.0, "other": 9.0}), answer("b", labels={"clear": 3.0}),
                   answer("c", labels={"clear": 0.0, "right": 0.0})),
    )  # fmt: skip
    reward = build({"use": "rewards.labels", "names": ["right", "clear"]}, Reward)  # type: ignore[type-abstract]
    (found,) = run_sync(reward.score([one]))
    assert found.values == (2.5, None, 0.0), "a rating of 0 is a rating"
    assert found.scores[0].parts == {"right": 1.0, "clear": 4.0}
    assert found.scores[1].parts == {"right": None, "clear": 3.0} and found.scores[1].status is Status.FAILED
    assert "right" in found.scores[1].error


@pytest.mark.parametrize("names", [[], ["a", "a"]])
def test_bad_names_are_spec_errors(names: list[str]) -> None:
    with pytest.raises(SpecError, match="different labels"):
        build({"use": "rewards.labels", "names": names})
