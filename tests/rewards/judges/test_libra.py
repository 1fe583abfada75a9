"""Libra's judge: what its prompt demands, which replies it takes, which it refuses."""

from __future__ import annotations

import pytest

from guerdon.core.types import sample
from tests.rewards.judges.listening import judged, prompt_text, value_of

ONE = sample("What is 2+2?", "It is 4.", id="p", reference="the secret reference 4")
RIGHT, WRONG = r"2 + 2 = 4. \boxed{correct}", r"The last step fails. \boxed{incorrect}"


@pytest.mark.parametrize(("reply", "value"), [(RIGHT, 1.0), (WRONG, 0.0), (r"so \boxed{\text{Yes}}", 1.0)])
def test_replies_it_takes(reply: str, value: float) -> None:
    assert value_of("rewards.judges.libra", reply, ONE) == value


@pytest.mark.parametrize("reply", ["It is correct.", r"\boxed{4}", rf"{RIGHT} but {WRONG}"])
def test_replies_it_refuses(reply: str) -> None:
    assert value_of("rewards.judges.libra", reply, ONE) is None


def test_published_takes_the_last_box_with_a_verdict() -> None:
    assert (
        value_of(
            "rewards.judges.libra",
            r"\boxed{correct}? No: \boxed{incorrect}. The answer is \boxed{5}",
            ONE,
            parse="published",
        )
        == 0
    )


def test_the_reference_never_reaches_the_judge() -> None:
    _, asked = judged("rewards.judges.libra", [RIGHT], ONE)
    assert "secret" not in prompt_text(asked)
    assert all(w in prompt_text(asked) for w in ("step by step", r"\boxed{correct}", r"\boxed{incorrect}", "What is 2+2?", "It is 4."))  # fmt: skip


def test_the_mean_of_k_verdicts() -> None:
    found, _ = judged("rewards.judges.libra", [RIGHT, WRONG, RIGHT, "?"], ONE, samples=4, temperature=1.0)
    score = found.scores[0]
    assert score.value == pytest.approx(2 / 3) and score.std == pytest.approx(0.4714, abs=1e-4)
    assert score.parts["votes_read"] == 3
