"""Files of recorded answers: one JSON line a request, `{"call", "request", "answers"}`, written by `replay` and `guerdon cache export`.

`request` is canonical (`guerdon.engines.keys.request_text`): equal requests are equal texts. Several lines of one request are
its answers when it was asked several times. No key, no address and no cost is in such a file.
"""

from __future__ import annotations

import json
import os
import threading
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from guerdon.core.errors import DataError, OutputError
from guerdon.core.types import Completion
from guerdon.engines.keys import answers_from_text, answers_to_text

FIELDS = ("call", "request", "answers")


def line(call: str, request: str, answers: str) -> str:
    """One line of a file, from the JSON texts of a request and its answers."""
    return f'{{"call":{json.dumps(call)},"request":{request},"answers":{answers}}}\n'


class Recording:
    """The answers of one file, by call and request; new ones are appended as they come. Raises DataError, OutputError."""

    def __init__(self, path: Path, must_exist: bool) -> None:
        self.path, self.guard = path, threading.Lock()
        self.known: dict[tuple[str, str], list[str]] = defaultdict(list)
        if must_exist or path.exists():
            self._read()

    def _read(self) -> None:
        try:
            with self.path.open(encoding="utf-8") as file:
                for row, text in enumerate(file):
                    if text.strip():
                        self._take(row, text)
        except FileNotFoundError:
            raise DataError("there is no such recording", file=str(self.path)) from None
        except (OSError, UnicodeDecodeError) as error:
            raise DataError(f"cannot be read: {error}", file=str(self.path)) from None

    def _take(self, row: int, text: str) -> None:
        try:
            found = json.loads(text)
            call, request, answers = (found[name] for name in FIELDS)
            kept = json.dumps(answers, separators=(",", ":"))
            answers_from_text(kept)
        except (ValueError, KeyError, TypeError, IndexError) as error:
            raise DataError(f"no recorded answer: {error}", file=str(self.path), row=row) from None
        self.known[str(call), json.dumps(request, sort_keys=True, separators=(",", ":"))].append(kept)

    def answer(self, call: str, request: str, number: int) -> list[Completion] | None:
        """The answers to the `number`-th of equal requests, or None."""
        kept = self.known.get((call, request), ())
        return answers_from_text(kept[number]) if number < len(kept) else None

    def keep(self, call: str, rows: Sequence[tuple[str, Sequence[Completion]]]) -> None:
        """Appends a line for each (request, answers); whole lines of several processes do not mix. Raises OutputError."""
        texts = [(request, answers_to_text(answers)) for request, answers in rows]
        with self.guard:
            for request, text in texts:
                self.known[call, request].append(text)
            try:
                handle = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
                try:
                    os.write(handle, "".join(line(call, request, text) for request, text in texts).encode())
                finally:
                    os.close(handle)
            except OSError as error:
                raise OutputError(f"{self.path}: {error.strerror or error}") from error
