"""The feature scorer of opinion summaries: seven questions, missing scores, the naive mean."""

from __future__ import annotations

import pytest

from guerdon.core.build import build
from guerdon.core.contracts import Reward
from guerdon.core.errors import SpecError
from guerdon.core.types import Status, sample
from guerdon.rewards.judges.features import FEATURES
from tests.rewards.judges.listening import judged, prompt_text

ONE = sample("Review 1: good battery.\nReview 2: bad screen.", "Good battery, bad screen.", id="s")


def test_each_feature_is_asked_and_divided_by_five() -> None:
    replies = [f"Step by step … <score>{n}</score>" for n in ("5", "4.25", "0", "3", "2.5", "5", "4")]
    found, asked = judged("rewards.judges.features", replies, ONE)
    score = found.scores[0]
    assert (
        tuple(score.parts) == FEATURES
        and score.parts["opinion-faithfulness"] == 0.85
        and score.parts["opinion-coverage"] == 0
    )
    assert (
        score.value == pytest.approx(sum((5, 4.25, 0, 3, 2.5, 5, 4)) / 35)
        and score.usage is not None
        and score.usage.calls == 7
    )
    assert len(asked) == 7 and all(name in r.messages[0].text for name, r in zip(FEATURES, asked, strict=True))


@pytest.mark.parametrize("reply", ["no tag", "<score>six</score>", "<score>6</score>"])
def test_a_missing_score_is_missing_and_never_zero(reply: str) -> None:
    found, _ = judged("rewards.judges.features", ["<score>5</score>", reply, "<score>5</score>"], ONE)
    score = found.scores[0]
    assert score.value is None and score.status is Status.UNPARSED and score.error.startswith("opinion-faithfulness")
    assert score.parts["opinion-faithfulness"] is None and score.parts["aspect-coverage"] == 1
    rest, _ = judged("rewards.judges.features", ["<score>5</score>", reply, "<score>5</score>"], ONE, complete=False)
    assert rest.scores[0].value == 1, "the mean over the six that were read"


def test_the_prompt_has_definition_bands_form_reviews_summary_and_recipe() -> None:
    text = prompt_text(judged("rewards.judges.features", ["<score>5</score>"], ONE)[1])
    wanted = [
        "aspects",
        "scale from 0 to 5",
        "good battery.",
        "Good battery, bad",
        "list the aspects",
        "<score>4.25</score>",
    ]
    places = [text.index(w) for w in wanted]
    assert places == sorted(places)


def test_an_unknown_feature_is_told() -> None:
    with pytest.raises(SpecError, match="conciseness"):
        build({"use": "rewards.judges.features", "engine": {"use": "engines.scripted", "reply": "x"}, "features": ["concisenes"]}, Reward)  # fmt: skip
