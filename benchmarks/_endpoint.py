"""A chat endpoint in a process of its own: 50 ms an answer, 64 slots, and on request a share of every kind of fault.

    python benchmarks/_endpoint.py [--faults] prints its URL, serves until standard input ends, then prints what it saw.

Written on asyncio's bare protocols, so that it is never what a client waits for. `--faults`: by a hash of the request 5 % of
first tries get a 429 (half of them with Retry-After), 2 % a 500, 1 % hang, 1 % hold malformed JSON; a tenth of the faults stay
for ever.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import sys
from collections import Counter

DELAY, SLOTS = 0.05, 64
FAULTS = (("429", 0.05), ("500", 0.02), ("hang", 0.01), ("malformed", 0.01))
LASTING = 0.1


class Endpoint:
    """The answers of all connections."""

    def __init__(self, faults: bool) -> None:
        self.faults, self.slots = faults, asyncio.Semaphore(SLOTS)
        self.seen: Counter[str] = Counter()
        self.kinds: Counter[str] = Counter()

    def fault(self, body: bytes) -> str:
        """What becomes of this request."""
        if not self.faults:
            return ""
        text = json.loads(body)["messages"][-1]["content"]
        drawn = hashlib.blake2b(text.encode(), digest_size=8).digest()
        first, lasting = int.from_bytes(drawn[:4]) / 2**32, int.from_bytes(drawn[4:]) / 2**32
        self.seen[text] += 1
        for kind, share in FAULTS:
            if first < share:
                return kind if self.seen[text] == 1 or lasting < LASTING else ""
            first -= share
        return ""

    async def answer(self, body: bytes, transport: asyncio.Transport) -> None:
        async with self.slots:
            kind = self.fault(body)
            self.kinds[kind or "ok"] += 1
            if kind != "hang":
                await asyncio.sleep(DELAY)
        if kind == "hang":
            return
        if kind in ("429", "500"):
            retry = "Retry-After: 1\r\n" if kind == "429" and len(body) % 2 else ""
            transport.write(reply(b'{"error":{"message":"a fault"}}', f"{kind} X", retry))
        else:
            transport.write(reply(BODY[:100] + b"}" if kind == "malformed" else BODY))


BODY = json.dumps(
    {
        "id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "judge",
        "choices": [
            {"index": 0, "message": {"role": "assistant", "content": "VERDICT"}, "logprobs": None, "finish_reason": "stop"}
        ],
        "usage": {"prompt_tokens": 200, "completion_tokens": 20, "total_tokens": 220},
    }
).encode()  # fmt: skip


def reply(body: bytes, status: str = "200 OK", more: str = "") -> bytes:
    """An HTTP answer."""
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\n{more}Content-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


class Connection(asyncio.Protocol):
    """Requests of one connection, one after another."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint, self.buffer = endpoint, b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while (end := self.buffer.find(b"\r\n\r\n")) >= 0:
            head = self.buffer[:end].lower()
            at = head.find(b"content-length:")
            length = int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
            if len(self.buffer) < end + 4 + length:
                return
            body, self.buffer = self.buffer[end + 4 : end + 4 + length], self.buffer[end + 4 + length :]
            if head.startswith(b"get"):
                self.transport.write(reply(b'{"object":"list","data":[{"id":"judge","object":"model"}]}'))
            else:
                task = asyncio.ensure_future(self.endpoint.answer(body, self.transport))
                TASKS.add(task)
                task.add_done_callback(TASKS.discard)


TASKS: set[asyncio.Task[None]] = set()


async def main() -> None:
    """Serves until standard input ends."""
    global BODY
    verdict = next((a.partition("=")[2] for a in sys.argv if a.startswith("--verdict=")), "Output (a)")
    BODY = BODY.replace(b"VERDICT", json.dumps(verdict)[1:-1].encode())
    endpoint = Endpoint("--faults" in sys.argv)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(endpoint), "127.0.0.1", 0, backlog=4096)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1", flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    print(json.dumps(endpoint.kinds), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
