"""Known answers of the likelihood rewards (arXiv:2602.03979, 2505.21493, 2503.19618, 2506.18254, 2505.16022)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from guerdon.core.build import build
from guerdon.core.concurrency import run_sync
from guerdon.core.contracts import Reward
from guerdon.core.types import Judgement, Message, Sample, sample
from guerdon.metrics.likelihood import chain_perplexity, leave_one_out, log_mean_exp, multi_sample_bound
from tests.models import tiny
from tests.rewards.likelihood.told import Told


def logs(*probabilities: float) -> tuple[float, ...]:
    return tuple(math.log(p) for p in probabilities)


def judged(spec: Mapping[str, Any], engine: Told, *responses: str, reference: str = "ten cats") -> Judgement:
    """The judgement of one group through build and the public call."""
    made = build({"engine": {"use": "engines.scripted", "token_logprob": -1.0}, **spec}, Reward)  # type: ignore[type-abstract]
    group = sample("How many?", *responses, reference=reference)
    (found,) = run_sync(replace(made, engine=engine).score([group]))  # type: ignore[call-arg]
    return found


def answer(variant: str, probabilities: Sequence[float]) -> Judgement:
    engine = Told({"Z": logs(*probabilities)})
    return judged({"use": "rewards.likelihood.answer", "variant": variant}, engine, "Z<answer> no </answer>")


@pytest.mark.parametrize(
    ("variant", "value", "weight"),
    [
        ("logprob", -0.9163, 1.0),
        ("avg_logprob", -0.4581, 0.5),
        ("prob", 0.40, 0.40),
        ("avg_prob", 0.65, 0.325),
        ("normalised", 0.6325, 0.6325 / 2),
    ],
)
def test_two_tokens_of_a_half_and_four_fifths(variant: str, value: float, weight: float) -> None:
    (score,) = answer(variant, (0.5, 0.8)).scores
    assert score.value == pytest.approx(value, abs=1e-4)
    assert score.parts["answer_weight"] == pytest.approx(weight, abs=1e-4)
    assert score.parts["logprob"] == pytest.approx(-0.9163, abs=1e-4) and score.parts["answer_tokens"] == 2
    assert score.parts["perplexity"] == pytest.approx(math.exp(0.4581), abs=1e-4)


def test_only_the_references_tokens_count_not_the_tags_around_it() -> None:
    near, far = Told({"Z": logs(0.5, 0.8)}, around=-0.1), Told({"Z": logs(0.5, 0.8)}, around=-50.0)
    spec = {"use": "rewards.likelihood.answer"}
    assert judged(spec, near, "Z<answer>").values == judged(spec, far, "Z<answer>").values


def test_jepo_on_a_group_of_four() -> None:
    pis = (0.1, 0.2, 0.3, 0.4)
    engine = Told({f"z{i}": (math.log(p),) for i, p in enumerate(pis)})
    found = judged({"use": "rewards.likelihood.jepo"}, engine, *(f"z{i}<answer>x</answer>" for i in range(4)))
    assert found.values == pytest.approx((-0.1823, -0.0645, 0.0690, 0.2231), abs=1e-4)
    assert [s.parts["bound"] for s in found.scores] == pytest.approx([math.log(0.25)] * 4)
    assert [s.parts["answer_weight"] for s in found.scores] == pytest.approx(pis)
    assert math.log(0.25) == pytest.approx(-1.3863, abs=1e-4) and multi_sample_bound(logs(*pis))[0] == pytest.approx(
        log_mean_exp(logs(*pis))
    )


def test_rloo_on_the_log_probabilities() -> None:
    found = leave_one_out(logs(0.1, 0.2, 0.3, 0.4))
    assert found == pytest.approx([-1.0594, -0.1352, 0.4055, 0.7890], abs=1e-4)
    assert sum(found) == pytest.approx(0.0, abs=1e-12)


def test_on_long_answers_the_probability_loses_its_spread_and_the_log_keeps_it() -> None:
    engine = Told({f"z{p}": logs(*(p,) * 200) for p in (0.6, 0.7, 0.8)})
    texts = [f"z{p}<answer>x</answer>" for p in (0.6, 0.7, 0.8)]
    prob = judged({"use": "rewards.likelihood.answer", "variant": "prob"}, engine, *texts, reference="x" * 200).values
    assert prob[1] == pytest.approx(1.04e-31, rel=0.01) and max(prob) < 1e-18  # type: ignore[type-var]
    log = judged({"use": "rewards.likelihood.answer"}, engine, *texts, reference="x" * 200).values
    assert max(log) - min(log) > 57  # type: ignore[type-var, operator]


def test_rlpr_takes_off_what_the_answer_has_without_reasoning_and_never_goes_below_zero() -> None:
    engine = Told({"": logs(0.40, 0.50), "Z": logs(0.20, 0.40)})
    (score,) = judged({"use": "rewards.likelihood.rlpr"}, engine, "Z<answer>x</answer>").scores
    assert score.parts["pr"] == pytest.approx(0.30) and score.parts["pr0"] == pytest.approx(0.45)
    assert score.value == 0.0 and score.parts["debiased"] == 0.0
    thought = "<think>Z</think> <answer>x</answer>"
    formatted = Told({"": logs(0.4, 0.5), "<think>Z</think> ": logs(0.2, 0.4)})
    (score,) = judged({"use": "rewards.likelihood.rlpr"}, formatted, thought).scores
    assert score.value == pytest.approx(0.1), "0.9 · 0 + 0.1 · format"
    better = Told({"": logs(0.4, 0.5), "<think>Z</think> ": logs(0.7, 0.8)})
    (score,) = judged({"use": "rewards.likelihood.rlpr"}, better, thought).scores
    assert score.value == pytest.approx(0.9 * 0.30 + 0.1)


@pytest.mark.parametrize(("spare", "base", "expected"), [(True, 0.2, 0.09 - 1), (True, 0.5, 0.0), (False, 0.5, -1.0)])
def test_rlprs_repetition_spares_a_reward_of_exactly_zero(spare: bool, base: float, expected: float) -> None:
    loop = "a_b c_d e f g h i j " * 10  # ten words, blanks and underscores split them
    engine = Told({"": logs(base, base), loop: logs(0.3, 0.3)})
    (score,) = judged({"use": "rewards.likelihood.rlpr", "spare_zero": spare}, engine, loop + "<answer>").scores
    assert score.value == pytest.approx(expected)
    nine = "a b c d e f g h i j " * 9
    engine = Told({"": logs(0.2, 0.2), nine: logs(0.3, 0.3)})
    assert judged({"use": "rewards.likelihood.rlpr"}, engine, nine + "<answer>").values == pytest.approx((0.09,))


def test_novers_perplexity_ranks_and_efficiency() -> None:
    assert chain_perplexity(2.0, 100) == pytest.approx(1.9477, abs=1e-4)

    def text(thought: str) -> str:
        return f"<think>{thought}</think><answer>x</answer>"

    nll = {"a": 2.0, "b": 1.0, "c": 3.0, "d": 2.0}
    tokens = {"a": 100, "b": 10, "c": 200, "d": 100}
    engine = Told({f"<think>{k}</think>": (-v, -v) for k, v in nll.items()}, tokens)
    found = judged(
        {"use": "rewards.likelihood.nover"}, engine, *(text(k) for k in "abcd"), "no format <answer>x</answer>"
    )
    ppl = {k: math.exp(nll[k] / (1 + math.log10(tokens[k]))) for k in "abcd"}
    assert [s.parts["perplexity"] for s in found.scores[:4]] == pytest.approx(list(ppl.values()))
    assert found.scores[0].parts["perplexity"] == pytest.approx(1.9477, abs=1e-4)
    assert [s.parts["reasoning"] for s in found.scores] == [0.75, 1.0, 0.25, 0.75, 0.0], "equal ones rank alike"
    assert [s.parts["efficiency"] for s in found.scores] == pytest.approx([1 / 3, 1.0, 0.0, 1 / 3, 0.0])
    assert found.values == pytest.approx((0.75 + 1 / 3 + 1, 3.0, 1.25, 0.75 + 1 / 3 + 1, 0.0))
    assert [r.messages[-1].text for r in engine.asked][:2] == ["<think>a</think><answer", "<think>"]


def test_the_binary_baseline_is_a_hundred_ten_or_nothing() -> None:
    reward = build({"use": "rewards.likelihood.binary"}, Reward)  # type: ignore[type-abstract]
    texts = ("thus <answer> ten cats </answer>", "<answer>nine</answer>", "ten cats")
    (found,) = run_sync(reward.score([sample("q", *texts, reference="ten cats")]))
    assert found.values == (100.0, 10.0, 0.0)


def test_with_a_real_model_the_forced_text_and_its_boundary(tmp_path: Path) -> None:
    """Worked out here: the value is the sum over the reference's own tokens of the model's log-probabilities after
    everything up to `<answer`, whatever the response wrote as its answer."""
    model = tiny.make("qwen3", tmp_path / "model")
    engine = {"use": "engines.local", "model": str(model), "device": "cpu"}
    reward = build({"use": "rewards.likelihood.answer", "engine": engine}, Reward)  # type: ignore[type-abstract]
    group = sample("What is it?", "Air.<answer> no </answer>", "Air.<answer>yes", "Air.", reference="The capital")
    (found,) = run_sync(reward.score([group]))
    assert found.values[0] == found.values[1], "what was answered does not matter"
    assert found.values[2] is None and found.scores[2].status == "abstained"
    local: Any = reward.engine  # type: ignore[attr-defined]
    opened = (*group.prompt, Message(role="assistant", content="Air.<answer"))
    text = local.conversation.continued(opened, "> The capital </answer>")
    values = local.loaded.logprobs([(text.prompt, text.ids)])[0]
    at, kept = 0, 0.0
    for piece, value in zip(text.pieces, values, strict=True):
        kept += value if at < 2 + len("The capital") and at + len(piece) > 2 else 0.0
        at += len(piece)
    assert found.values[0] == pytest.approx(kept, abs=1e-4)


def test_a_sample_without_a_reference_is_told() -> None:
    engine = Told({"Z": logs(0.5)})
    bare: Sample = sample("q", "Z<answer>")
    for use in ("answer", "jepo", "rlpr", "nover"):
        spec = {"use": f"rewards.likelihood.{use}", "engine": {"use": "engines.scripted", "token_logprob": -1.0}}
        reward = replace(build(spec, Reward), engine=engine)  # type: ignore[type-abstract, call-arg]
        assert "needs 'reference'" in run_sync(reward.score([bare]))[0].scores[0].error
