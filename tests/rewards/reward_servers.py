"""Reward servers of other makers in their documented forms, on a loopback socket; scores are the length of the response."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

KINDS = ("vllm-pooling", "vllm-classify", "vllm-score", "sglang", "tei-predict", "tei-rerank")


class Server:
    """What a server says; `scale` and `shift` turn its scores, `raw` is false where it ignores the wish for logits."""

    def __init__(self, kind: str, scale: float = 1.0, raw: bool = True) -> None:
        self.kind, self.scale, self.raw = kind, scale, raw
        self.bodies: list[tuple[str, Any]] = []
        self.url = ""

    def value(self, text: str) -> float:
        found = self.scale * len(text)
        return found if self.raw else 1 / (1 + 2.0 ** (-found / 10))

    def get(self, path: str) -> Any:
        known: dict[str, Any] = {}
        if self.kind.startswith("vllm"):
            known = {"/version": {"version": "0.11.0"}}
        if self.kind == "sglang":
            known = {"/get_model_info": {"model_path": "rm", "is_generation": False}}
        if self.kind.startswith("tei"):
            type_ = "reranker" if self.kind == "tei-rerank" else "classifier"
            known = {"/info": {"model_id": "rm", "model_type": {type_: {"id2label": {"0": "LABEL_0"}}}}}
        return known.get(path)

    def post(self, path: str, body: Any) -> Any:
        made = {
            ("vllm-pooling", "/pooling"): self._pooling, ("vllm-classify", "/classify"): self._classify,
            ("vllm-score", "/score"): self._score, ("sglang", "/classify"): self._sglang,
            ("tei-predict", "/predict"): self._predict, ("tei-rerank", "/rerank"): self._rerank,
        }.get((self.kind, path))  # fmt: skip
        return None if made is None else made(body)

    def _pooling(self, body: Any) -> Any:
        value = self.value(body["messages"][-1]["content"])
        return {"data": [{"index": 0, "object": "pooling", "data": [[0.0], [0.0], [value]]}]}

    def _classify(self, body: Any) -> Any:
        rows = [{"index": i, "probs": [self.value(t.rpartition("|")[2])]} for i, t in enumerate(body["input"])]
        return {"data": rows[::-1]}

    def _score(self, body: Any) -> Any:
        return {"data": [{"index": i, "score": self.value(t)} for i, t in enumerate(body["text_2"])][::-1]}

    def _sglang(self, body: Any) -> Any:
        return [{"embedding": [self.value(t.rpartition("|")[2])]} for t in body["text"]]

    def _predict(self, body: Any) -> Any:
        return [
            [{"label": "LABEL_1", "score": 9e9}, {"label": "LABEL_0", "score": self.value(y)}]
            for _, y in body["inputs"]
        ]

    def _rerank(self, body: Any) -> Any:
        rows = [{"index": i, "score": self.value(t)} for i, t in enumerate(body["texts"])]
        return sorted(rows, key=lambda row: -row["score"])


@contextmanager
def reward_server(kind: str, **options: Any) -> Iterator[Server]:
    """A server of that kind while the block runs."""
    made = Server(kind, **options)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._say(made.get(self.path))

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            made.bodies.append((self.path, body))
            self._say(made.post(self.path, body))

        def _say(self, answer: Any) -> None:
            data = json.dumps({"error": "not found"} if answer is None else answer).encode()
            self.send_response(404 if answer is None else 200)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *words: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    made.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()
