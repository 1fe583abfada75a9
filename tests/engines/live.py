"""Servers that nobody here wrote, each in a process of its own on a loopback port, with tiny models built from a config."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

START = 300.0  # seconds a server may take to start on a busy machine


def serve_llama(model: str) -> None:
    """llama.cpp's own server on this model until standard input ends; the first line says its address."""
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path, params.n_ctx, params.n_parallel, params.warmup = model, 16384, 4, False
    params.cpuparams.n_threads = 1
    server = xllamacpp.Server(params)
    print(server.listening_address, flush=True)
    sys.stdin.read()
    del server


@contextmanager
def llama_cpp(folder: Path) -> Iterator[str]:
    """The base URL of llama.cpp's server; the test skips where the packages are not installed."""
    pytest.importorskip("xllamacpp")
    pytest.importorskip("gguf")
    from tests.engines.tiny_gguf import write_model

    model = write_model(folder / "tiny.gguf")
    command = [sys.executable, "-c", f"from tests.engines.live import serve_llama; serve_llama({str(model)!r})"]
    with (
        (folder / "log").open("wb") as log,
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True) as process,
    ):
        try:
            assert process.stdout is not None
            address = process.stdout.readline().strip()
            assert address.startswith("http"), (folder / "log").read_text()[-2000:]
            yield f"{address}/v1"
        finally:
            process.kill()


@contextmanager
def transformers_serve(model: Path) -> Iterator[str]:
    """The base URL of `transformers serve` on a model folder; the test skips where its extra is not installed."""
    from transformers.utils.import_utils import is_serve_available

    if not is_serve_available():
        pytest.skip("the extra transformers[serving] is not installed")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "transformers.cli.transformers", "serve", str(model), "--host", "127.0.0.1"]
    with subprocess.Popen([*command, "--port", str(port), "--device", "cpu"], stderr=subprocess.DEVNULL) as process:
        try:
            _wait(f"http://127.0.0.1:{port}/v1/models", process)
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            process.kill()


def _wait(url: str, process: subprocess.Popen[bytes]) -> None:
    ends = time.monotonic() + START
    while time.monotonic() < ends:
        assert process.poll() is None, "the server ended"
        try:
            urllib.request.urlopen(url, timeout=5).read()
            return
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.2)
    raise AssertionError(f"no server came up at {url}")
