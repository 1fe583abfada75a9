"""The process's one HTTP client: connections are kept and shared by everything that calls an endpoint.

It lives on Guerdon's background loop, so it is safe from any thread and any event loop, and anew after a fork. What goes
wrong becomes a CallFailed that says whether asking again may help; a key never gets into its text.
"""

from __future__ import annotations

import asyncio
import atexit
import email.utils
import json
import os
import re
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import aiohttp
from yarl import URL

from guerdon import __version__
from guerdon.core.errors import SpecError
from guerdon.core.types import Status
from guerdon.engines.failure import CallFailed

CONNECT, KEEP_ALIVE = 30.0, 4.0  # seconds; uvicorn drops an idle connection after 5, so ours goes first
MOST_BYTES = 64 << 20  # of one answer
SHOWN = 300  # characters of a server's own words in an error
MAY_PASS = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 520, 522, 524, 529})  # statuses worth asking again
_open: list[tuple[asyncio.AbstractEventLoop, aiohttp.ClientSession]] = []
_abandoned: list[tuple[asyncio.AbstractEventLoop, aiohttp.ClientSession]] = []
_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where calls go and what they carry. `secret` is kept out of every text, and out of `repr`."""

    base: str
    secret: str

    def __repr__(self) -> str:
        return f"Endpoint({self.base})"

    def url(self, path: str) -> URL:
        """The URL of a path below the base."""
        return URL(f"{self.base}/{path}")

    def headers(self) -> dict[str, str]:
        """The headers of every call."""
        fixed = {"Content-Type": "application/json", "User-Agent": f"guerdon/{__version__}"}
        return fixed | ({"Authorization": f"Bearer {self.secret}"} if self.secret else {})


def check_base(base: str, field: str = "base_url") -> None:
    """SpecError for a URL that is none, or that carries what must not stand in a spec; its text is not repeated."""
    if not base:
        return
    try:
        url = URL(base)
    except ValueError:
        raise SpecError(f"{field} is no URL") from None
    if url.scheme not in ("http", "https") or not url.host:
        raise SpecError(f"{field} starts with http:// or https:// and names a host")
    if url.user or url.password or url.query_string:
        raise SpecError(f"{field} carries a user, a password or a query: keys belong in an environment variable")


def check_key_name(name: str, field: str = "api_key_env") -> None:
    """SpecError for a text that is no name of an environment variable, such as a key; its text is not repeated."""
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,63}", name):
        raise SpecError(f"{field} is the name of an environment variable that holds the key, not the key itself")


def endpoint(base: str, key_name: str) -> Endpoint:
    """The endpoint at `base` with the key that the environment holds now. Raises CallFailed for a key that no header can hold."""
    secret = os.environ.get(key_name, "").strip()
    if secret and not (secret.isascii() and secret.isprintable()):
        raise CallFailed(f"the key in {key_name} holds characters that no HTTP header can carry")
    return Endpoint(base.rstrip("/"), secret)


def session() -> aiohttp.ClientSession:
    """The client of this process; call it on the background loop."""
    loop = asyncio.get_running_loop()
    for owner, client in _open:
        if owner is loop and not client.closed:
            return client
    connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=KEEP_ALIVE, ttl_dns_cache=300)
    client = aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar(), trust_env=False)
    _open.append((loop, client))
    return client


def _forget() -> None:
    """After a fork the connections are the parent's: they are kept from being closed, and never used."""
    _abandoned.extend(_open)
    _open.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)


@atexit.register
def _close() -> None:
    for loop, client in _open:
        if loop.is_running():
            with suppress(Exception):
                asyncio.run_coroutine_threadsafe(client.close(), loop).result(timeout=2)


async def call(to: Endpoint, path: str, body: Mapping[str, Any] | None, timeout: float, *, key_name: str = "") -> Any:
    """The JSON that `POST path` (GET where there is no body) answers. Raises CallFailed."""
    try:
        status, headers, raw = await _send(to, path, body, timeout)
    except TimeoutError:
        raise CallFailed(f"no answer in {timeout:g} s", status=Status.TIMEOUT, retry_after=0.0) from None
    except aiohttp.ClientConnectorError as error:
        place = f"{to.base.partition('//')[2].partition('/')[0]}"
        raise CallFailed(f"no server answers at {place}: {_plain(error.os_error, to)}", retry_after=0.0) from None
    except aiohttp.ClientError as error:
        raise CallFailed(f"the answer broke off: {_plain(error, to)}", retry_after=0.0) from None
    except (ValueError, OSError) as error:
        raise CallFailed(f"the call could not be made: {_plain(error, to)}") from None
    if status != 200:
        raise refusal(status, headers, raw, to, key_name)
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        raise CallFailed("the answer is not JSON (HTTP 200)", retry_after=0.0) from None


async def _send(
    to: Endpoint, path: str, body: Mapping[str, Any] | None, timeout: float
) -> tuple[int, Mapping[str, str], bytes]:
    data = None if body is None else _encode(body).encode("utf-8", "backslashreplace")
    limit = aiohttp.ClientTimeout(total=timeout, sock_connect=min(CONNECT, timeout))
    method = "GET" if data is None else "POST"
    async with session().request(
        method, to.url(path), data=data, headers=to.headers(), timeout=limit, allow_redirects=False
    ) as answer:
        if (answer.content_length or 0) <= MOST_BYTES and answer.content_length is not None:
            return answer.status, answer.headers, await answer.read()
        parts, size = [], 0
        async for part in answer.content.iter_chunked(1 << 16):
            parts.append(part)
            size += len(part)
            if size > MOST_BYTES:
                raise ValueError(f"the answer is longer than {MOST_BYTES >> 20} MiB")
        return answer.status, answer.headers, b"".join(parts)


def refusal(status: int, headers: Mapping[str, str], raw: bytes, to: Endpoint, key_name: str) -> CallFailed:
    """What an answer other than 200 means."""
    said, code = _said(raw)
    said = _hide(said, to)
    tail = f": {said}" if said else ""
    if status in (401, 403):
        known = f"the key in {key_name}" if to.secret else f"a call without a key ({key_name} is not set)"
        return CallFailed(f"the endpoint refused {known} (HTTP {status}){tail}")
    if 300 <= status < 400:
        return CallFailed(f"the endpoint answers with a redirect (HTTP {status}); give the address it points to")
    if status not in MAY_PASS or code == "insufficient_quota":
        return CallFailed(f"HTTP {status}{tail}")
    return CallFailed(f"HTTP {status}{tail}", retry_after=wait_of(headers))


def wait_of(headers: Mapping[str, str]) -> float:
    """Seconds a server asks to wait (`Retry-After-Ms`, `Retry-After` in seconds or as a date); 0 where it says nothing."""
    for name, unit in (("Retry-After-Ms", 1000.0), ("Retry-After", 1.0)):
        given = headers.get(name, "").strip()
        if re.fullmatch(r"\d{1,9}(\.\d{1,6})?", given):
            return float(given) / unit
    date = email.utils.parsedate_tz(headers.get("Retry-After", ""))
    return max(0.0, email.utils.mktime_tz(date) - time.time()) if date else 0.0


def _said(raw: bytes) -> tuple[str, str]:
    """(message, code) of an error body, whatever its shape."""
    text = raw[:20_000].decode("utf-8", "replace")
    try:
        found: Any = json.loads(text)
    except (ValueError, RecursionError):
        return ("" if text.lstrip().startswith("<") else text), ""
    inner = found.get("error", found) if isinstance(found, dict) else found
    if not isinstance(inner, dict):
        return str(inner), ""
    said = inner.get("message") or inner.get("detail") or inner.get("error_type") or ""
    return str(said), str(inner.get("code") or "")


def _plain(error: BaseException, to: Endpoint) -> str:
    said = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return _hide(str(said), to)


def _hide(text: str, to: Endpoint) -> str:
    if to.secret:
        text = text.replace(to.secret, "***")
    text = " ".join(re.sub(r"\b(sk|key|pk|gsk|hf)[-_][\w*.-]{8,}", "***", text).split())
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"
