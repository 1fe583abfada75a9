"""What an endpoint that declares nothing is found to offer: shown by the first call of each kind, before the others are made."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack

from guerdon.core.types import Completion, Request, Status, Usage, user
from guerdon.engines.failure import CallFailed
from guerdon.engines.flight import Slots

One = Callable[[Request], Awaitable[list[Completion]]]
TINY = Request(
    messages=user("Is water wet? Answer Yes or No."),
    choices=("Yes", "No"),
    continuation="Yes",
    max_tokens=16,
    top_logprobs=1,
)  # some models refuse to write fewer tokens
# What a tiny question may fail on although the call as such is there.
FINE = ("no choice is among", "one token spans", "the reply is empty")


class Proof:
    """What is known of one endpoint's calls: shown to work, or why they cannot."""

    def __init__(self) -> None:
        self.works: set[str] = set()
        self.lacks: dict[str, str] = {}
        self.turn = Slots(1)

    async def ask(self, call: str, one: One, request: Request) -> list[Completion]:
        """`one(request)`; while nothing is known of the call its requests take turns, and once it is known to be missing
        none is sent."""
        if call in self.works:
            return await one(request)
        async with AsyncExitStack() as turn:
            await turn.enter_async_context(self.turn)
            if call not in self.lacks and call not in self.works:
                found = await one(request)
                if found[0].status is Status.OK:
                    self.works.add(call)
                elif found[0].retry_after is None and not await offered(one):
                    self.lacks[call] = found[0].error
                return found
        if call in self.lacks:
            why = f"{self.lacks[call]}; nothing more was asked"
            return [Completion(status=Status.FAILED, error=why, usage=Usage())] * request.n
        return await one(request)


async def offered(one: One) -> bool:
    """Whether a tiny request of this kind is answered. Raises CallFailed where the endpoint, not the call, is at fault."""
    found = (await one(TINY))[0]
    if found.retry_after is not None or found.error.startswith("the endpoint refused"):
        raise CallFailed(found.error, status=found.status, retry_after=found.retry_after)
    return found.status is Status.OK or found.error.startswith(FINE)
