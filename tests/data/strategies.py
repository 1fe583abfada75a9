"""Generated samples: any sample at all, and for each format samples that it can hold."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from guerdon.core.types import Criterion, Message, Part, Preference, Response, Rubric, Sample, Step, answer, user
from guerdon.data.formats.opinion_pair import prompt_of

WORDS = st.text(max_size=20)
PROMPTS = st.text(min_size=1, max_size=30).filter(str.strip)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False, width=32)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | NUMBERS | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=6,
)
EXTRA = st.dictionaries(
    st.sampled_from(("x_source", "x_meta", "x_note")), JSON.filter(lambda v: v is not None), max_size=3
)
REFERENCE = st.none() | WORDS
IDS = st.text(min_size=1, max_size=12)
PARTS = st.builds(Part, kind=st.sampled_from(("text", "image", "audio", "video")), value=WORDS)
MESSAGES = st.builds(
    Message,
    role=st.sampled_from(("user", "assistant", "system", "tool")),
    content=WORDS | st.lists(PARTS, max_size=2).map(tuple),
    tool_calls=st.lists(st.dictionaries(WORDS, JSON, max_size=2), max_size=1).map(tuple),
)
ANSWERS = WORDS.map(answer)
CHATS = st.lists(st.tuples(PROMPTS, WORDS), max_size=2).flatmap(
    lambda turns: PROMPTS.map(lambda last: _chat(turns) + user(last))
)


def _chat(turns: list[tuple[str, str]]) -> tuple[Message, ...]:
    return tuple(m for ask, say in turns for m in (*user(ask), *answer(say).messages))


@st.composite
def any_sample(draw: Any) -> Sample:
    """Whatever the core types allow, with context names that may clash with columns."""
    responses = draw(st.lists(st.builds(Response, messages=st.lists(MESSAGES, min_size=1, max_size=3).map(tuple),
                                        steps=st.just(()) | st.just((Step(message=0, start=0, end=0),)),
                                        labels=st.dictionaries(WORDS, NUMBERS, max_size=2)), max_size=3))  # fmt: skip
    k = len(responses)
    pairs = (
        st.tuples(st.integers(0, k - 1), st.integers(0, k - 1)).filter(lambda p: p[0] != p[1])
        if k > 1
        else st.nothing()
    )
    preferences = st.builds(
        lambda p, **rest: Preference(better=p[0], worse=p[1], **rest),
        pairs,
        margin=NUMBERS,
        prob=st.floats(0, 1),
        tie=st.booleans(),
        annotator=WORDS,
        dimensions=st.lists(WORDS, max_size=2).map(tuple),
    )
    names = st.sampled_from(("prompt", "label", "reference", "responses", "id", "notes", "margin", "context", "a.b"))
    rubric = Rubric(id="r", version="1", criteria=(Criterion(id="c", text="is right", levels=("no", "yes")),))
    return Sample(
        id=draw(IDS),
        prompt=tuple(draw(st.lists(MESSAGES, min_size=1, max_size=3))),
        responses=tuple(responses),
        reference=draw(REFERENCE),
        rubric=draw(st.none() | st.just(rubric)),
        preferences=tuple(draw(st.lists(preferences, max_size=2))) if k > 1 else (),
        context=draw(st.dictionaries(names, JSON, max_size=2)),
    )


def _sample(**fields: Any) -> st.SearchStrategy[Sample]:
    given = {"id": IDS, "prompt": PROMPTS.map(user) | CHATS, "reference": REFERENCE, "context": EXTRA}
    return st.builds(Sample, **(given | fields))


def _pair(**extra: Any) -> st.SearchStrategy[tuple[Preference, ...]]:
    return st.builds(lambda **e: (Preference(better=0, worse=1, **e),), **extra)


def _sides(n: int, m: int) -> st.SearchStrategy[Sample]:
    preferences = tuple(Preference(better=i, worse=n + j) for i in range(n) for j in range(m))
    return _sample(responses=st.tuples(*[ANSWERS] * (n + m)), preferences=st.just(preferences))


def _scored(values: list[float]) -> st.SearchStrategy[Sample]:
    ranked = [(i, j) for i in range(len(values)) for j in range(i + 1, len(values)) if values[i] != values[j]]
    better = tuple(
        Preference(better=max(p, key=values.__getitem__), worse=min(p, key=values.__getitem__)) for p in ranked
    )
    answers = st.tuples(*[WORDS.map(lambda w, v=v: answer(w, labels={"score": v})) for v in values])
    return _sample(responses=answers, preferences=st.just(better))


def _opinions() -> st.SearchStrategy[Sample]:
    """Two rated summaries of reviews, whose prompt is made of them; the preference's own numbers have no place in a row."""
    rated = st.builds(
        lambda w, v: answer(w, labels=v),
        WORDS,
        st.dictionaries(st.sampled_from(("relevance", "conciseness")), st.floats(0, 5)),
    )
    pairs = st.sampled_from(((Preference(better=0, worse=1),), (Preference(better=1, worse=0),)))
    return st.lists(WORDS, min_size=1, max_size=3).flatmap(
        lambda reviews: _sample(
            prompt=st.just(user(prompt_of(reviews))),
            responses=st.tuples(rated, rated),
            preferences=pairs,
            context=st.just({"reviews": reviews}),
        )
    )


def _voted(members: int) -> st.SearchStrategy[Response]:
    values = st.lists(NUMBERS, min_size=members, max_size=members)
    return st.builds(lambda w, v: answer(w, labels={f"vote_{m}": x for m, x in enumerate(v)}), WORDS, values)


def _stepwise(rows: list[tuple[str, float | None]]) -> Response:
    texts, start, spans = [text for text, _ in rows], 0, []
    for text in texts:
        spans.append(Step(message=0, start=start, end=start + len(text)))
        start += len(text) + 1
    labels = {f"step.{t}": label for t, (_, label) in enumerate(rows) if label is not None}
    return answer("\n".join(texts), steps=tuple(spans), labels=labels)


def _to_first_error(found: tuple[list[str], int]) -> tuple[Response]:
    texts, wrong = found
    return (_stepwise([(t, 1.0 if i < wrong else 0.0 if i == wrong else None) for i, t in enumerate(texts)]),)


FIRST_ERROR = st.tuples(st.lists(WORDS, min_size=1, max_size=4), st.integers(0, 3)).map(_to_first_error)
PLAIN_TURNS = st.text(alphabet=st.characters(codec="utf-8"), max_size=15)
HH_PAIR = st.tuples(PLAIN_TURNS, PLAIN_TURNS).filter(lambda p: p[0] != p[1]).map(lambda p: tuple(map(answer, p)))
MODELS = st.fixed_dictionaries(dict.fromkeys(("chosen_model", "rejected_model", "subset"), WORDS))
HOLDS: dict[str, st.SearchStrategy[Sample]] = {
    "guerdon_v1": any_sample().filter(lambda s: any(m.text.strip() for m in s.prompt)),
    "verl": _sample(
        responses=st.lists(ANSWERS, max_size=2).map(tuple),
        context=st.fixed_dictionaries(
            {"data_source": WORDS, "reward_model": st.fixed_dictionaries({"style": WORDS})}, optional={"extra_info": JSON}
        ),
    ),
    "rewardbench2": _sides(1, 3),
    "rm_bench": _sides(3, 3),
    "voted_pair": st.integers(1, 4).flatmap(lambda m: _sample(responses=st.tuples(_voted(m), _voted(m)), preferences=_pair())),
    "opinion_pair": _opinions(),
    "rewardbench1": _sample(responses=st.tuples(ANSWERS, ANSWERS), preferences=_pair(), context=MODELS),
    "hh": _sample(responses=HH_PAIR, preferences=_pair()),
    "preference": _sample(
        responses=st.tuples(ANSWERS, WORDS.map(lambda w: answer(w, labels={"score": 2.0}))),
        preferences=_pair(margin=NUMBERS, strength=st.floats(0, 9), prob=st.floats(0, 1), tie=st.booleans()),
    ),
    "stepwise": _sample(
        responses=st.lists(
            st.tuples(WORDS, st.none() | st.floats(-1, 1)), min_size=1, max_size=4
        ).map(lambda rows: (_stepwise(rows),))
    ),
    "prmbench": _sample(
        responses=st.lists(
            st.tuples(WORDS, st.sampled_from((0.0, 1.0))), min_size=1, max_size=4
        ).map(lambda rows: (_stepwise(rows),))
    ),
    "bigbench_mistake": _sample(responses=FIRST_ERROR),
    "processbench": _sample(responses=FIRST_ERROR),
    "best_of_n": st.lists(NUMBERS, min_size=1, max_size=4).flatmap(_scored),
    "labelled_pair": _sample(
        responses=st.tuples(ANSWERS, ANSWERS),
        preferences=st.sampled_from((
            (Preference(better=0, worse=1),), (Preference(better=1, worse=0, strength=2.0),),
            (Preference(better=0, worse=1, tie=True),),
        )),
    ),
    "unpaired": _sample(
        responses=st.builds(lambda w, y: (answer(w, labels={"label": y}),), WORDS, st.sampled_from((0.0, 1.0)))
    ),
    "ratings": _sample(
        responses=st.builds(
            lambda w, labels: (answer(w, labels=labels),),
            WORDS,
            st.dictionaries(st.sampled_from(("helpfulness", "verbosity")) | IDS, NUMBERS, min_size=1, max_size=3),
        )
    ),
    "messages": _sample(responses=ANSWERS.map(lambda a: (a,))),
    "plain": _sample(responses=st.lists(ANSWERS, min_size=1, max_size=3).map(tuple)),
}  # fmt: skip
