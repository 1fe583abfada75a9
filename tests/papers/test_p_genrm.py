"""P-GenRM (arXiv:2602.12116): the known answers of its chain, its fusion, its prototypes and its attention."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from guerdon.core.build import build
from guerdon.core.concurrency import run_sync
from guerdon.core.contracts import Fit, Reward
from guerdon.core.errors import CheckpointError, DataError, SpecError
from guerdon.core.types import Sample, Status, sample
from guerdon.models.prototype_refiner import Refiner, RefinerModule, User
from guerdon.models.prototypes import load_prototypes
from guerdon.simulation.personal_judge import PersonalJudge, PersonalWorld
from tests.rewards.judges.listening import Listening, judged, prompt_text

USE = "rewards.judges.evaluation_chain"
HISTORY = [{"query": "q1", "chosen": "short", "rejected": "long"}]
ONE = sample("q", "first", "second", id="u", context={"history": HISTORY})


def chain(*criteria: tuple[float, float, float], final: tuple[float, float] | None = None) -> str:
    rows = [
        {"name": f"c{i}", "weight": w, "scores": {"response_1": a, "response_2": b}}
        for i, (w, a, b) in enumerate(criteria)
    ]
    given = final or (1.0, 2.0)
    better = {"response_1": given[0], "response_2": given[1]}
    return f"Likes it short. <JSON_START>{json.dumps({'rationale': {'criteria': rows}, 'better_response': better})}<JSON_END>"


def values(replies: list[str], given: Sample = ONE, **fields: object) -> tuple[float | None, ...]:
    return judged(USE, replies, given, **fields)[0].values


def test_the_weighted_sum() -> None:
    reply = chain((60, 8, 6), (40, 5, 9), final=(6.8, 7.2))
    assert values([reply]) == (6.8, 7.2) and values([reply], recompute=True) == pytest.approx((6.8, 7.2))
    off, _ = judged(USE, [chain((60, 8, 6), (30, 5, 9))], ONE)
    assert off.scores[0].parts["weights_off"] == 10, "weights that do not sum to 100 are flagged"


def test_fusion_of_own_and_neighbours_and_its_fallbacks() -> None:
    reward = build({"use": USE, "engine": {"use": "engines.scripted", "reply": "x"}}, Reward)
    from guerdon.judging.chains import Chain
    from guerdon.judging.reading import Reading

    def reading(*final: float) -> Reading[Chain]:
        return Reading(Chain(final, final, 0.0, ""), "r", Status.OK)

    lost: Reading[Chain] = Reading(None, "r", Status.UNPARSED, "no")
    fused = reward._fused(ONE, [[reading(6, 7)], [reading(8, 5)]])  # type: ignore[attr-defined]
    assert fused.values == (7.0, 6.0)
    assert reward._fused(ONE, [[reading(6, 7)], [lost]]).values == (6, 7)  # type: ignore[attr-defined]
    assert reward._fused(ONE, [[lost], [reading(8, 5)]]).values == (8, 5)  # type: ignore[attr-defined]
    none = reward._fused(ONE, [[lost], [lost]])  # type: ignore[attr-defined]
    assert {s.status for s in none.scores} == {Status.UNPARSED}


@pytest.mark.parametrize(
    "reply",
    ["no JSON", chain((50, 8, 6)).replace("<JSON_END>", ""), chain((50, 11, 6)), chain((50, 8, 6)).replace("response_2", "response_3"),
     chain((50, 8, 6)) + chain((50, 1, 9)), '<JSON_START>{"better_response": {"response_1": 1, "response_2": 2}}<JSON_END>'],
)  # fmt: skip
def test_replies_it_refuses(reply: str) -> None:
    found, _ = judged(USE, [reply], ONE)
    assert {s.status for s in found.scores} == {Status.UNPARSED} and found.scores[0].error


def test_published_takes_the_first_block_and_final_numbers_alone() -> None:
    assert values([chain(final=(3, 4)) + chain(final=(9, 1))], parse="published") == (3, 4)


def test_unread_samples_are_dropped_from_the_average() -> None:
    replies = [chain((100, 5, 5), final=(6, 7)), "?", chain((100, 5, 5), final=(8, 5))]
    found, _ = judged(USE, replies, ONE, samples=3)
    assert found.values == (7, 6) and found.scores[0].std == 1


def test_the_prompt_shows_history_statement_query_and_responses() -> None:
    told = sample("my query", "first", "second", context={"history": HISTORY, "preference": "I like lists."})
    text = prompt_text(judged(USE, [chain((100, 5, 5))], told)[1])
    wanted = [
        "percentages that sum to 100",
        "1 to 10",
        "Chosen: short\nRejected: long",
        "I like lists.",
        "my query",
        "first",
        "second",
    ]
    places = [text.index(w) for w in wanted]
    assert places == sorted(places) and "<JSON_START>" in text


def refiner(rho: float = 0.5) -> Refiner:
    return Refiner(rho, 1.0, 1.0, 1e-3, 1e-3, 0.98)


def someone(events: int, width: int = 4, seed: int = 0) -> User:
    g = torch.Generator().manual_seed(seed)
    rows = [torch.randn(n, width, generator=g, dtype=torch.float64) for n in (3, events, events, events)]
    return User(*rows)


def test_attention_over_the_history() -> None:
    module, a = RefinerModule(4), torch.randn(4, dtype=torch.float64)
    alpha, o = module.attention(a, someone(1), 0.5)
    assert alpha.tolist() == [1.0] and torch.equal(alpha @ o, o[0])
    alpha, _ = module.attention(torch.zeros(4, dtype=torch.float64), someone(5), 0.0)
    assert alpha.tolist() == pytest.approx([0.2] * 5)
    user = someone(5)
    order = torch.tensor([3, 0, 4, 1, 2])
    turned = User(user.pair, user.queries[order], user.chosen[order], user.rejected[order])
    assert torch.allclose(module(a, user, refiner()), module(a, turned, refiner()))
    empty = module(a, someone(0), refiner())
    assert torch.allclose(empty, a + module.query(someone(0).pair[0]) + module.summary.bias), (
        "the bias stays, as released"
    )


def fit(tmp_path: Path, world: PersonalWorld, **fields: object) -> Path:
    spec = {"use": "models.prototypes", "embedder": PersonalJudge(), "prototypes": 2, **fields}
    return build(spec, Fit).fit(world.samples(40), tmp_path / "prototypes")


def test_prototypes_find_the_tastes_and_neighbours_share_them(tmp_path: Path) -> None:
    world = PersonalWorld(seed=1)
    found = load_prototypes(fit(tmp_path, world))
    tastes = [s.context["taste"] for s in world.samples(40)]
    for kind in set(tastes):
        assert len({int(found.assigned[i]) for i, t in enumerate(tastes) if t == kind}) == 1
    assert np.allclose(np.linalg.norm(found.prototypes, axis=1), 1)
    (vector,) = run_sync(PersonalJudge().embed([_block(world.samples(1, part=1)[0])]))
    near = found.neighbours(vector, 5)
    assert len(near) == 5 and all(e in [*_events(world, "costs")] for history in near for e in history)
    again = load_prototypes(fit(tmp_path / "again", world))
    assert np.array_equal(found.prototypes, again.prototypes), "the same twice"


def _block(one: Sample):  # type: ignore[no-untyped-def]
    from guerdon.core.types import Part
    from guerdon.data.histories import events_of, history_block

    return Part(kind="text", value=history_block(events_of(one)))


def _events(world: PersonalWorld, kind: str):  # type: ignore[no-untyped-def]
    from guerdon.data.histories import events_of

    return [e for s in world.samples(40) if s.context["taste"] == kind for e in events_of(s)]


def test_neighbours_from_the_right_prototype_help_a_user_with_little_history(tmp_path: Path) -> None:
    folder = fit(tmp_path, PersonalWorld(seed=1))
    users = PersonalWorld(seed=2, events=1).samples(120, part=3)

    def right(**fields: object) -> float:
        spec = {
            "use": USE,
            "engine": PersonalJudge(noise=16.0),
            "embedder": PersonalJudge(),
            "prototypes": str(folder),
            **fields,
        }
        found = run_sync(build(spec, Reward).score(users))
        ahead = [
            (j.values[p.better] or 0) > (j.values[p.worse] or 0)
            for s, j in zip(users, found, strict=True)
            for p in s.preferences
        ]
        return sum(ahead) / len(ahead)

    alone, helped = right(), right(neighbours=8)
    assert helped > alone + 0.1


def test_bad_input_is_told(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="need prototypes"):
        build({"use": USE, "engine": Listening(("x",)), "neighbours": 2}, Reward)
    with pytest.raises(DataError, match="as many users"):
        build({"use": "models.prototypes", "embedder": PersonalJudge(), "prototypes": 9}, Fit).fit(
            PersonalWorld().samples(3), tmp_path / "x"
        )
    with pytest.raises(CheckpointError, match="no prototypes"):
        load_prototypes(tmp_path)
    reward = build({"use": USE, "engine": Listening((chain((100, 5, 5)),))}, Reward)
    bad, good = sample("q", "a", "b", context={"history": ["text"]}), ONE
    first, second = run_sync(reward.score([bad, good]))
    assert first.scores[0].status is Status.FAILED and "query, chosen and rejected" in first.scores[0].error
    assert second.values == (1, 2)


def test_worked_by_hand_three_criteria() -> None:
    """50/30/20 over (8, 6), (4, 10), (10, 5): 8·.5 + 4·.3 + 10·.2 = 7.2 and 6·.5 + 10·.3 + 5·.2 = 7.0."""
    assert values([chain((50, 8, 6), (30, 4, 10), (20, 10, 5))], recompute=True) == pytest.approx((7.2, 7.0))
