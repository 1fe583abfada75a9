"""Recipes on tiny chat models: their worlds, and that figures of a reward that knows nothing do not make a claim hold."""

from __future__ import annotations

import numpy as np
import pytest

from guerdon.recipes import cdr, flr, likelihood_rewards, pine
from guerdon.recipes._toy_chat import gap, interval, rendered


def test_a_rendered_dialogue_is_what_the_toy_template_writes() -> None:
    from guerdon.models.toy_lm import word_tokenizer

    turns = (("user", "What now?"), ("assistant", "Nothing."))
    tokenizer = word_tokenizer([rendered(turns)])
    messages = [{"role": role, "content": words} for role, words in turns]
    assert tokenizer.apply_chat_template(messages, tokenize=False) == rendered(turns)
    ids = tokenizer(rendered(turns), add_special_tokens=False)["input_ids"]
    assert tokenizer.unk_token_id not in ids and tokenizer.decode(ids) == rendered(turns)


def test_differences_are_taken_item_by_item() -> None:
    rows = [{"a": 1.0, "b": 3.0}, {"a": 2.0, "b": 4.0}]
    assert interval(rows)[0] == 2.5 and gap(rows, rows) == [0.0, 0.0, 0.0]


def test_held_out_wordings_are_never_trained_on() -> None:
    rng = np.random.default_rng(0)
    trained = {cdr.wording(rng, held_out=False) for _ in range(300)}
    tested = {cdr.wording(rng, held_out=True) for _ in range(300)}
    assert not trained & tested and len(trained) + len(tested) == len(cdr.OPENINGS) * len(cdr.CLOSINGS)


def test_pairs_name_the_right_fact_as_better() -> None:
    for n, group in enumerate(cdr.pairs(0)):
        for p in group.preferences:
            better, worse = (group.responses[i].text for i in (p.better, p.worse))
            assert f" {cdr.FACTS[n]} " in better and f" {cdr.FACTS[n]} " not in worse


@pytest.mark.parametrize("good", [True, False])
def test_the_cdr_claim_needs_the_gaps_in_order_and_the_control_at_chance(
    monkeypatch: pytest.MonkeyPatch, good: bool
) -> None:
    levels = {"equal shares": 0.5 if good else 1.0, "60 % right": 0.6, "75 % right": 0.8, "all right": 1.0}

    def figures(seed: int, steps: int, tuning: int) -> dict[str, dict[str, float]]:
        return {name: dict.fromkeys(cdr.SUBJECTS, level) for name, level in levels.items()}

    monkeypatch.setattr(cdr, "_accuracies", figures)
    assert cdr.run("toy").holds is good and cdr.run("smoke").holds is None


@pytest.mark.parametrize("shuffled", [50.0, 80.0])
def test_the_flr_claim_needs_its_control_at_chance(monkeypatch: pytest.MonkeyPatch, shuffled: float) -> None:
    levels = {"follow-ups": 90.0, "the response itself": 50.0, "shuffled follow-ups": shuffled}
    monkeypatch.setattr(
        flr, "_accuracies", lambda seed, steps: {n: dict.fromkeys(cdr.SUBJECTS, v) for n, v in levels.items()}
    )
    assert flr.run("toy").holds is (shuffled == 50.0)


@pytest.mark.parametrize("consistent", [100.0, 95.0])
def test_the_pine_claim_needs_every_verdict_the_same(monkeypatch: pytest.MonkeyPatch, consistent: float) -> None:
    def figures(seed: int, steps: int, count: int) -> dict[tuple[str, str], dict[str, float]]:
        levels = {
            "plain": (40.0, 50.0, 100.0),
            "pine": (consistent, 80.0, 80.0),
            "importance after rotary": (60.0, 70.0, 80.0),
        }
        return {
            (key, s): {str(i): v[j] for i in range(5)}
            for s, v in levels.items()
            for j, key in enumerate(("consistent", "second", "first"))
        }

    monkeypatch.setattr(pine, "_figures", figures)
    assert pine.run("toy").holds is (consistent == 100.0)


def test_every_method_of_the_likelihood_world_leads_to_its_own_answer() -> None:
    rows = {likelihood_rewards.row(m, 26) for m in range(8)}
    assert len(rows) == 8 and {likelihood_rewards.reference(p, 26) for p in range(8)} == rows
    at_a_place = [likelihood_rewards.row(m, 1) for m in range(8)]
    assert len(set(at_a_place)) == 8, "one word tells the methods apart"
