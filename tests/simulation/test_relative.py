"""`guerdon.simulation.relative`: seeded, and a single answer says nothing of its rank while two say all of it."""

from __future__ import annotations

from collections import Counter

import pytest

from guerdon.core.errors import SpecError
from guerdon.core.types import Sample
from guerdon.simulation.relative import DIRECTIONS, RelativeWorld


def directions(one: Sample) -> list[int]:
    return [DIRECTIONS.index(r.text.split()[-1]) for r in one.responses]


def best(one: Sample) -> int:
    won = Counter(p.better for p in one.preferences)
    return max(range(len(one.responses)), key=lambda i: won[i])


def test_samples_repeat_by_seed_and_differ_by_part() -> None:
    world = RelativeWorld(seed=3)
    assert world.samples(5) == world.samples(5) != world.samples(5, part=1)
    assert RelativeWorld(seed=4).samples(5) != world.samples(5)


def test_the_turn_between_two_answers_says_who_ranks_higher() -> None:
    for one in RelativeWorld().samples(50):
        shown = directions(one)
        for p in one.preferences:
            assert 1 <= (shown[p.better] - shown[p.worse]) % 8 <= 3


def test_a_single_answer_says_nothing_of_its_rank() -> None:
    """Each direction is best about as often as it is not."""
    found = RelativeWorld().samples(4000)
    seen = Counter(d for one in found for d in directions(one))
    first = Counter(directions(one)[best(one)] for one in found)
    assert all(abs(first[d] / seen[d] - 0.25) < 0.04 for d in range(8))


def test_the_controls_tell_alone_or_not_at_all() -> None:
    for one in RelativeWorld(labels="alone").samples(30):
        assert best(one) == max(range(4), key=lambda i: directions(one)[i])
    turned = [(directions(o)[p.better] - directions(o)[p.worse]) % 8
              for o in RelativeWorld(labels="shuffled").samples(300) for p in o.preferences]  # fmt: skip
    assert 0.45 < sum(t <= 3 for t in turned) / len(turned) < 0.55


@pytest.mark.parametrize("fields", [{"responses": 5}, {"responses": 1}, {"labels": "flase"}])
def test_bad_fields_are_spec_errors(fields: dict[str, object]) -> None:
    with pytest.raises(SpecError):
        RelativeWorld(**fields)  # type: ignore[arg-type]
