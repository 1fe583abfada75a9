"""Text overlap: ROUGE by hand, BLEU and chrF as sacrebleu gives them."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from guerdon.api import score
from guerdon.core.build import build
from guerdon.core.errors import SpecError
from guerdon.core.types import Score, Status, sample

USE = "rewards.verifiers.text_overlap"


def judged(said: str, gold: str, *more: str, **spec: Any) -> Score:
    return score({"use": USE, **spec}, [sample("q", said, reference=gold, context={"references": list(more)})])[
        0
    ].scores[0]


@pytest.mark.parametrize(("measure", "f1"), [("rouge_1", 0.75), ("rouge_2", 1 / 3), ("rouge_l", 0.75)])
def test_rouge_of_the_papers_example(measure: str, f1: float) -> None:
    found = judged("Police kill the gunman.", "police killed the gunman", measure=measure)
    assert found.value == pytest.approx(f1) and found.parts["recall"] == pytest.approx(f1)


def test_the_reference_with_the_highest_f1_counts() -> None:
    found = judged("the cat", "a dog", "the cat sat", "the")
    assert found.value == pytest.approx(0.8) and found.parts == {"precision": 1.0, "recall": pytest.approx(2 / 3)}


def test_tokens_decide_what_a_script_without_blanks_gives() -> None:
    assert judged("我喜欢猫", "我喜欢狗").value == 0.0
    assert judged("我喜欢猫", "我喜欢狗", tokens="characters").value == pytest.approx(0.75)
    assert judged("straße naïve", "straße", tokens="words").value == pytest.approx(2 / 3)


@pytest.mark.parametrize("measure", ["rouge_1", "rouge_2", "rouge_l"])
def test_hostile_lengths_are_bounded(measure: str) -> None:
    assert judged("a " * 300_000, "b " * 300_000, measure=measure).value == 0.0


def test_bleu_and_chrf_are_sacrebleus_sentence_scores() -> None:
    metrics = pytest.importorskip("sacrebleu.metrics")
    said, golds = "The cat is on the mat.", ["The cat sat on the mat.", "A cat is on a mat."]
    for measure, metric in (
        ("bleu", metrics.BLEU(effective_order=True)), ("chrf", metrics.CHRF()), ("chrf++", metrics.CHRF(word_order=2)),
    ):  # fmt: skip
        value = judged(said, *golds, measure=measure).value
        assert value == pytest.approx(metric.sentence_score(said, golds).score / 100) and 0 < value < 1
        assert judged(golds[0], *golds, measure=measure).value == pytest.approx(1.0)
        assert judged("", *golds, measure=measure).value == 0.0
    chinese = judged("我喜欢吃红苹果", "我喜欢吃青苹果", measure="bleu", tokens="characters").value
    assert chinese is not None and chinese > (judged("我喜欢吃红苹果", "我喜欢吃青苹果", measure="bleu").value or 0)


def test_bleu_by_hand() -> None:
    pytest.importorskip("sacrebleu")
    # matches 4/5, 2/4, 1/3, then 0/2 smoothed to 1/(2·2); equal lengths, so no brevity penalty
    expected = (4 / 5 * 2 / 4 * 1 / 3 * 1 / 4) ** 0.25
    assert judged("a b c x e", "a b c d e", measure="bleu").value == pytest.approx(expected)


def test_without_sacrebleu_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sacrebleu", None)
    monkeypatch.setitem(sys.modules, "sacrebleu.metrics", None)
    with pytest.raises(SpecError, match=r"guerdon\[verifiers\]"):
        judged("a", "a", measure="chrf")


def test_bad_specs_and_bad_references() -> None:
    with pytest.raises(SpecError, match="measure"):
        build({"use": USE, "measure": "rouge"})
    found = score(USE, [sample("q", "a", reference="a", context={"references": "a"}), sample("q", "a", reference="a")])
    assert found[0].scores[0].status is Status.FAILED and found[1].values == (1.0,), "its neighbour stays"
