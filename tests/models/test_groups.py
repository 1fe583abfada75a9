"""Taking samples in and splitting them by prompt."""

from __future__ import annotations

import pytest

from guerdon.core.types import Message, Preference, Sample, answer, sample
from guerdon.models.groups import Intake, drop_unreadable, fingerprint, split, take
from guerdon.models.objectives.bradley_terry import BradleyTerry


def test_only_the_responses_that_pairs_name_are_kept() -> None:
    made = sample("p", "a", "b", "c", "d", preferences=(Preference(better=3, worse=1, margin=0.5),))
    group = take([made], BradleyTerry())[0][0]
    assert [r.text for r in group.responses] == ["b", "d"]
    assert group.preferences == (Preference(better=1, worse=0, margin=0.5),)


def test_one_bad_pair_of_a_group_leaves_the_others() -> None:
    pairs = (Preference(better=0, worse=1), Preference(better=0, worse=2), Preference(better=3, worse=2))
    groups, intake = take([sample("p", "a", "a", "b", "", id="x", preferences=pairs)], BradleyTerry())
    assert len(groups) == 1 and len(groups[0].preferences) == 1
    assert intake.left_out == {"identical": 1, "empty": 1} and intake.used == 1 and intake.pairs == 3


def test_an_unreadable_response_of_a_labelled_group_leaves_the_others() -> None:
    intake = Intake()
    kept = drop_unreadable(
        [sample("p", "a", "b", "c", id="x"), sample("q", "d", id="y")], [[False, True, False], [True]], intake
    )
    assert [[r.text for r in g.responses] for g in kept] == [["a", "c"]] and intake.left_out == {"unreadable": 2}


def conversation(first: str, second: str) -> Sample:
    turns = [("user", first), ("assistant", "x"), ("user", second)]
    prompt = tuple(Message(role=r, content=c) for r, c in turns)
    return Sample(id=first + second, prompt=prompt, responses=(answer("a"), answer("b")))


def test_conversations_with_the_same_first_turn_stand_on_one_side() -> None:
    rows = [conversation(f"opening {i // 4}", f"then {i}") for i in range(400)]
    training, validation = split(rows, 0.25)
    sides = [{s.prompt[0].text for s in side} for side in (training, validation)]
    assert not sides[0] & sides[1] and len(training) + len(validation) == 400
    assert 0.15 < len(validation) / 400 < 0.35
    again = split(rows[::-1], 0.25)[1]
    assert {s.id for s in again} == {s.id for s in validation}, "the order of the rows decides nothing"
    spaced = conversation("  Opening   0 ", "else")
    assert (spaced in split([*rows, spaced], 0.25)[1]) == ("opening 0" in sides[1])


@pytest.mark.parametrize("share", [0.0, 0.99])
def test_a_split_never_leaves_nothing_to_train_on(share: float) -> None:
    training, validation = split([sample("one prompt", "a", "b")], share)
    assert len(training) == 1 and validation == []


def test_the_fingerprint_sees_every_change() -> None:
    base = sample("p", "a", "b", preferences=(Preference(better=0, worse=1),))
    others = [
        sample("q", "a", "b", preferences=base.preferences),
        sample("p", "a", "c", preferences=base.preferences),
        sample("p", "a", "b", preferences=(Preference(better=1, worse=0),)),
        sample("p", "a", "b", id="other", preferences=base.preferences),
    ]
    assert len({fingerprint([s]) for s in (base, *others)}) == 5 and fingerprint([base]) == fingerprint([base])
