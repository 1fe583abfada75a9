"""`simulation.judge`: an engine that judges by known quality, with errors and biases that are set."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from guerdon.core.contracts import Engine
from guerdon.core.errors import SpecError
from guerdon.core.types import Completion, Request, Status, Usage
from guerdon.simulation.answers import quality, signature

BLOCK = re.compile(r"<<([^<>\n]+) ([0-9a-f]{16})>>\n(.*?)\n<</\1 \2>>", re.DOTALL)
# What a judge's prompt asks for → its replies, the first shown better and the second.
PAIR_FORMS: Mapping[str, tuple[str, str]] = {
    "[[A>>B]]": ("My final verdict is: [[A>B]]", "My final verdict is: [[B>A]]"),
    "\\boxed{A>>B}": ("\\boxed{A>B}", "\\boxed{B>A}"),
    "<answer>[[A]]</answer>": ("<eval>A is better.</eval><answer>[[A]]</answer>", "<eval>B is better.</eval><answer>[[B]]</answer>"),
    "<answer>1</answer>": ("<think>The first.</think><answer>1</answer>", "<think>The second.</think><answer>2</answer>"),
    "Output (a)": ("Output (a)", "Output (b)"),
    '"winner"': ('{"winner": "A", "rationale": "better"}', '{"winner": "B", "rationale": "better"}'),
    "Choice: value": ("Choice: A", "Choice: B"),
    "[[A]]": ("A is better. [[A]]", "B is better. [[B]]"),
}  # fmt: skip
SINGLE_FORMS: Mapping[str, Callable[[float], str]] = {
    "\\boxed{correct}": lambda p: f"\\boxed{{{'correct' if p >= 0.5 else 'incorrect'}}}",
    "<verdict>yes</verdict>": lambda p: f"<verdict>{'yes' if p >= 0.5 else 'no'}</verdict>",
    "Rating: value": lambda p: f"Rating: {1 + round(4 * p)}",
    "<score>": lambda p: f"<score>{1 + round(4 * p)}</score>",
    '"overall"': lambda p: f'{{"scores": {{}}, "overall": {round(10 * p)}, "rationale": "so"}}',
}
LIST_FORM = "<scores>"


@dataclass(frozen=True)
class SimulatedJudge(Engine):
    """A simulated judge of `simulation.answers`: P(first shown is better) = ε + (1 − 2ε)·σ(z).

    z = slope·(q₁ − q₂) + position_bias + length_bias·log(n₁ / n₂) + self_preference·(own₁ − own₂); q the known quality, n the
    words, own 1 where the text carries `author`'s signature, ε the error_rate. At temperature 0 the likelier side is said,
    but for errors; above it is drawn. generate answers in the form the prompt asks for (labels, tags, JSON, ratings, lists of
    scores); single texts are rated by σ(slope·(q − middle)) with the same length and author terms. next_token gives these
    probabilities to the choices YES/NO, Yes/No, A/B and 1/2. Draws are a hash of the seed, the texts and the number of the
    reply: the same twice, in any order. A request that shows no fenced text fails. Raises SpecError for an error_rate
    outside [0, 0.5]. No paper: the construction is ours.
    """

    slope: float = 1.5
    error_rate: float = 0.0
    position_bias: float = 0.0
    length_bias: float = 0.0
    self_preference: float = 0.0
    author: str = "the judge"
    middle: float = 2.0
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.error_rate <= 0.5:
            raise SpecError(f"error_rate is in [0, 0.5], found {self.error_rate}")

    @property
    def capabilities(self) -> frozenset[str] | None:
        return frozenset({"generate", "next_token"})

    async def generate(self, requests: Sequence[Request]) -> list[list[Completion]]:
        return [[self._reply(r, number) for number in range(r.n)] for r in requests]

    async def next_token(self, requests: Sequence[Request]) -> list[Completion]:
        return [self._weigh(r) for r in requests]

    def first_wins(self, first: str, second: str) -> float:
        """P(the first shown is said to be better)."""
        return self._flawed(self._merit(first) - self._merit(second) + self.position_bias)

    def good(self, text: str) -> float:
        """P(a single text is said to be good)."""
        return self._flawed(self._merit(text) - self.slope * self.middle)

    def _merit(self, text: str) -> float:
        words = math.log(max(len(text.split()), 1))
        return (
            self.slope * quality(text)
            + self.length_bias * words
            + self.self_preference * (signature(self.author) in text)
        )

    def _flawed(self, z: float) -> float:
        p = 1 / (1 + math.exp(-max(-700.0, min(700.0, z))))
        return self.error_rate + (1 - 2 * self.error_rate) * p

    def _reply(self, request: Request, number: int) -> Completion:
        shown, asked = texts_of(request), "\n".join(m.text for m in request.messages)
        if len(shown) < 2:
            return Completion(status=Status.FAILED, error="the request shows no fenced texts to judge")
        if LIST_FORM in asked and len(shown) > 2:
            return _said(asked, self._list(shown[1:], number))
        if len(shown) == 3:
            form = next((f for f in PAIR_FORMS if f in asked), None)
            if form is not None:
                won = self._draw(self.first_wins(shown[1], shown[2]), request.temperature, number, *shown)
                return _said(asked, PAIR_FORMS[form][0 if won else 1])
        single = next((f for f in SINGLE_FORMS if f in asked), None)
        if single is None:
            return Completion(status=Status.FAILED, error="the simulated judge does not know the form asked for")
        p = self.good(shown[-1])
        if request.temperature > 0:
            p = float(self._draw(p, request.temperature, number, *shown))
        return _said(asked, SINGLE_FORMS[single](p))

    def _list(self, shown: Sequence[str], number: int) -> str:
        scores = [1 + 9 * self.good(t) + self.error_rate * (self._hash(number, t) - 0.5) for t in shown]
        return f"<scores>{','.join(f'{max(1.0, min(10.0, s)):.3f}' for s in scores)}</scores>"

    def _weigh(self, request: Request) -> Completion:
        shown = texts_of(request)
        if len(shown) not in (2, 3):
            return Completion(status=Status.FAILED, error="the request shows no fenced texts to judge")
        p = self.first_wins(shown[1], shown[2]) if len(shown) == 3 else self.good(shown[1])
        yes, no = ("YES", "Yes", "A", "1"), ("NO", "No", "B", "2")
        found = {c: math.log(max(p, 1e-300)) for c in request.choices if c in yes}
        found |= {c: math.log(max(1 - p, 1e-300)) for c in request.choices if c in no}
        if not found:
            return Completion(status=Status.FAILED, error="none of the choices is one the simulated judge knows")
        return Completion(text=max(found, key=lambda c: found[c]), top_logprobs=(found,), usage=Usage(calls=1))

    def _draw(self, p: float, temperature: float, number: int, *texts: str) -> bool:
        if temperature > 0:
            return self._hash(number, *texts) < p
        wrong = self._hash(0, *texts) < self.error_rate
        return (p >= 0.5) != wrong

    def _hash(self, number: int, *texts: str) -> float:
        digest = hashlib.blake2b(
            "\0".join([str(self.seed), str(number), *texts]).encode("utf-8", "replace"), digest_size=8
        )
        return int.from_bytes(digest.digest(), "big") / 2**64


def texts_of(request: Request) -> list[str]:
    """The texts inside the fences of a request, in order: the prompt, then the responses."""
    return [found[3] for m in request.messages for found in BLOCK.finditer(m.text)]


def _said(asked: str, reply: str) -> Completion:
    usage = Usage(input_tokens=len(asked.split()), output_tokens=len(reply.split()), calls=1)
    return Completion(text=reply, tokens=tuple(reply.split()), usage=usage)
