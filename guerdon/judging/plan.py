"""`judging.plan`: writes a plan for judging a prompt's responses, from the prompt alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Self

from guerdon.core.contracts import Engine, Stage
from guerdon.core.types import Sample
from guerdon.judging.ask import conversation_text
from guerdon.judging.prompts import prompted
from guerdon.judging.protocols import check_asking
from guerdon.judging.reading import Question, readings


@dataclass(frozen=True)
class Plan(Stage):
    """Plan, then judge: sample → the same sample with `context.plan`, what to check in its responses and how.

    The engine sees the prompt alone, never a response, so a response cannot bend the plan. A plan that is there already is
    kept; one that could not be had is left out, and a judge that needs it says so. Raises SpecError for max_tokens below
    1. EvalPlanner (arXiv 2501.18099); the prompt is in our own words.
    """

    engine: Engine
    max_tokens: int = 1024
    temperature: float = 0.0

    def __post_init__(self) -> None:
        check_asking(self.max_tokens, self.temperature, self.samples)

    @property
    def samples(self) -> int:
        """One plan a prompt."""
        return 1

    @classmethod
    def example(cls) -> Self:
        from guerdon.engines.scripted import Scripted

        return cls(engine=Scripted(reply="1. Is the city named? 2. Is it right?"))

    @property
    def requires(self) -> Mapping[str, frozenset[str]]:
        return {"engine": frozenset({"generate"})}

    async def apply(self, samples: Sequence[Sample]) -> list[Sample]:
        open_ = [i for i, s in enumerate(samples) if not s.context.get("plan")]
        asked = [self.question(samples[i]) for i in open_]
        made = list(samples)
        for i, found in zip(open_, await readings(self.engine, asked), strict=True):
            if found[0].value is not None:
                made[i] = replace(samples[i], context={**samples[i].context, "plan": found[0].value})
        return made

    def question(self, sample: Sample) -> Question[str]:
        """What is asked about one prompt."""
        texts = {"prompt": ("Prompt", conversation_text(sample.prompt))}
        request = prompted(self, "plan.txt", texts, package="guerdon.judging")
        return Question(request, lambda reply: reply.strip() or None)
