"""The recipes on label noise: their data, and their judgement of figures that are decided here instead of trained."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from guerdon.recipes import crm, secrets_ii
from guerdon.recipes._noise import real_pairs, real_sets, with_noise

Rates = Mapping[str, float]


def rows(rate: float, seeds: int = 3) -> list[dict[str, float]]:
    return [{str(i): float((i * 7 + s) % 100 < 100 * rate) for i in range(200)} for s in range(seeds)]


def test_without_the_data_folder_the_shipped_pairs_are_used(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GUERDON_DATA", str(tmp_path))
    assert real_sets() == ("hh-rlhf",)
    training, test = real_pairs("hh-rlhf", 0, (30, 10))
    assert len(training) == 30 and len(test) == 10
    assert sum(a.preferences != b.preferences for a, b in zip(training, with_noise(training, 0.5, 0), strict=True)) > 5


@pytest.mark.shared
@pytest.mark.parametrize("name", ["ukp-convarg", "wmt19-darr"])
def test_no_debate_or_sentence_is_on_both_sides(name: str, shared_data: Path) -> None:
    assert name in real_sets()
    first, second = (real_pairs(name, seed, (300, 100)) for seed in (0, 1))
    keys = [{s.prompt_text.partition("_")[0] for s in side} for side in first]
    assert len(first[0]) == 300 and len(first[1]) == 100 and not keys[0] & keys[1]
    assert first == real_pairs(name, 0, (300, 100)) and first != second


PEER = {crm.ALONE: 0.6, crm.PEERS: 0.75, crm.CHANCE: 0.6}


@pytest.mark.parametrize(
    ("second", "holds"),
    [
        (PEER, True),
        ({**PEER, crm.PEERS: 0.6}, True),
        ({**PEER, crm.PEERS: 0.5}, False),
        ({**PEER, crm.CHANCE: 0.75}, None),
    ],
)
def test_crm_holds_with_a_gain_no_loss_and_a_control_that_fails(second: Rates, holds: bool | None) -> None:
    found = {name: {arm: rows(r) for arm, r in rates.items()} for name, rates in (("one", PEER), ("two", second))}
    evidence = crm._evidence(found, {"one": [0.8] * 3, "two": [0.8] * 3}, (10, 10))
    assert evidence.holds is holds and (holds is not True or "Peer review gains on one" in evidence.note)
    flat = {"one": {arm: rows(0.6) for arm in PEER}}
    assert crm._evidence(flat, {"one": [0.8] * 3}, (10, 10)).holds is None
    alone = {"one": {arm: rows(r, 1) for arm, r in PEER.items()}}
    assert crm._evidence(alone, {"one": [0.8]}, (10, 10)).holds is None, "one seed shows nothing"


VOTED = {
    secrets_ii.PLAIN: 0.7, secrets_ii.FLIPPED: 0.8, secrets_ii.ALL: 0.8, secrets_ii.BOTTOM: 0.3, secrets_ii.TURNED: 0.7,
    secrets_ii.CHANCE: 0.6,
}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "holds"),
    [
        ({}, True),
        ({secrets_ii.BOTTOM: 0.7}, False),
        ({secrets_ii.FLIPPED: 0.6}, False),
        ({secrets_ii.FLIPPED: 0.7}, None),
        ({secrets_ii.CHANCE: 0.8}, None),
    ],
)
def test_voting_holds_below_chance_with_a_gain_and_a_control_that_fails(change: Rates, holds: bool | None) -> None:
    found = {arm: rows(r) for arm, r in {**VOTED, **change}.items()}
    assert secrets_ii._evidence("one", found, rows(0.7), (10, 10)).holds is holds
    assert secrets_ii._evidence("one", {a: r[:1] for a, r in found.items()}, rows(0.7, 1), (10, 10)).holds is None
