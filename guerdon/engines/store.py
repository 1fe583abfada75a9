"""The file of a cache: answers by key in SQLite, shared by any number of threads and processes.

Write-ahead logging lets readers go on while one process writes; a writer waits for its turn. Answers are written a few at a
time by whoever has them, so a kill loses at most those of the last half second. What is least lately used goes first when the
file grows over its bound. A file that is no cache, or is broken, is an OutputError; nothing is thrown away by itself.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from guerdon.core.errors import OutputError

APPLICATION, WAIT = 0x6775_7264, 60.0  # "gurd"; seconds to wait for another writer
LOT = 500  # keys a query
FRESH = 3600  # seconds within which a second use is not noted again
KEPT = 0.9  # of the bound, once it is passed
TABLES = """
CREATE TABLE IF NOT EXISTS answers (
  key TEXT PRIMARY KEY, model TEXT NOT NULL, call TEXT NOT NULL, request TEXT NOT NULL, answer TEXT NOT NULL,
  size INTEGER NOT NULL, made INTEGER NOT NULL, used INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS by_use ON answers (used, size);
CREATE TABLE IF NOT EXISTS totals (id INTEGER PRIMARY KEY CHECK (id = 0), count INTEGER NOT NULL, bytes INTEGER NOT NULL);
INSERT OR IGNORE INTO totals VALUES (0, 0, 0);
CREATE TRIGGER IF NOT EXISTS added AFTER INSERT ON answers BEGIN
  UPDATE totals SET count = count + 1, bytes = bytes + new.size; END;
CREATE TRIGGER IF NOT EXISTS removed AFTER DELETE ON answers BEGIN
  UPDATE totals SET count = count - 1, bytes = bytes - old.size; END;
"""


@dataclass(frozen=True, slots=True)
class Row:
    """One answer as it is kept: JSON texts."""

    key: str
    model: str
    call: str
    request: str
    answer: str


class Store:
    """The answers in one file. Every method is safe from any thread; connections are a process's own."""

    def __init__(self, path: Path, max_bytes: int) -> None:
        self.path, self.max_bytes = path, max_bytes
        self.lock, self.owner = threading.RLock(), 0
        self.connection: sqlite3.Connection | None = None

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """The connection, one user at a time. Raises OutputError."""
        if self.owner != os.getpid():  # another process's connection must not be used after a fork, nor its lock
            self.lock, self.connection, self.owner = threading.RLock(), None, os.getpid()
        with self.lock:
            try:
                if self.connection is None:
                    self.connection = self._patiently()
                yield self.connection
            except (sqlite3.Error, OSError) as error:
                raise OutputError(f"{self.path}: {error}") from error

    def _patiently(self) -> sqlite3.Connection:
        """A connection; several processes may be making the file at the same time."""
        ends = time.monotonic() + WAIT
        while True:
            try:
                return self._connect()
            except sqlite3.OperationalError as error:
                if "locked" not in str(error) or time.monotonic() > ends:
                    raise
                time.sleep(0.02)

    def _connect(self) -> sqlite3.Connection:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        made = sqlite3.connect(self.path, timeout=WAIT, isolation_level=None, check_same_thread=False)
        (mark,) = made.execute("PRAGMA application_id").fetchone()
        (tables,) = made.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if tables and mark != APPLICATION:
            raise OutputError(f"{self.path} is another program's database")
        if not tables:
            made.execute("PRAGMA auto_vacuum=INCREMENTAL")
            made.execute(f"PRAGMA application_id={APPLICATION}")
        made.execute("PRAGMA journal_mode=WAL")
        made.execute("PRAGMA synchronous=NORMAL")
        made.executescript(TABLES)
        return made

    def get(self, keys: Sequence[str]) -> dict[str, str]:
        """The answers known, by key; those not used of late are noted as used."""
        found: dict[str, str] = {}
        stale: list[str] = []
        now = int(time.time())
        with self._open() as db:
            for at in range(0, len(keys), LOT):
                lot = list(dict.fromkeys(keys[at : at + LOT]))
                marks = ",".join("?" * len(lot))
                for key, answer, used in db.execute(
                    f"SELECT key, answer, used FROM answers WHERE key IN ({marks})", lot
                ):
                    found[key] = answer
                    if used < now - FRESH:
                        stale.append(key)
            if stale:
                with _written(db):
                    db.executemany("UPDATE answers SET used = ? WHERE key = ?", [(now, key) for key in stale])
        return found

    def put(self, rows: Sequence[Row]) -> None:
        """Keeps the answers; of an answer that is there already the first stays. The oldest go if the bound is passed."""
        if not rows:
            return
        now = int(time.time())
        made = [
            (r.key, r.model, r.call, r.request, r.answer, len(r.request) + len(r.answer) + len(r.key), now, now)
            for r in rows
        ]
        with self._open() as db:
            with _written(db):
                db.executemany("INSERT OR IGNORE INTO answers VALUES (?,?,?,?,?,?,?,?)", made)
                gone = self._evict(db)
            if gone:
                db.execute("PRAGMA incremental_vacuum")

    def _evict(self, db: sqlite3.Connection) -> int:
        (held,) = db.execute("SELECT bytes FROM totals").fetchone()
        if held <= self.max_bytes:
            return 0
        over, going = held - KEPT * self.max_bytes, []
        for key, size in db.execute("SELECT key, size FROM answers ORDER BY used, size DESC"):
            if over <= 0:
                break
            going.append((key,))
            over -= size
        db.executemany("DELETE FROM answers WHERE key = ?", going)
        return len(going)

    def totals(self) -> tuple[int, int, list[tuple[str, str, int, int]]]:
        """(answers, bytes, rows of (model, call, answers, bytes))."""
        with self._open() as db:
            count, held = db.execute("SELECT count, bytes FROM totals").fetchone()
            each = db.execute(
                "SELECT model, call, count(*), sum(size) FROM answers GROUP BY model, call ORDER BY 4 DESC"
            )
            return count, held, each.fetchall()

    def clear(self, model: str = "", older: float = 0.0) -> int:
        """Removes the answers of a model (all where it is empty) not used for `older` seconds; gives how many."""
        where: list[str] = ["used <= ?"]
        values: list[object] = [int(time.time() - older)]
        if model:
            where.append("model = ?")
            values.append(model)
        with self._open() as db:
            with _written(db):
                gone = db.execute(f"DELETE FROM answers WHERE {' AND '.join(where)}", values).rowcount
            db.execute("PRAGMA incremental_vacuum")
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return gone

    def rows(self, model: str = "") -> Iterator[Row]:
        """Every answer, by key, a few at a time."""
        last = ""
        while True:
            with self._open() as db:
                found = db.execute(
                    "SELECT key, model, call, request, answer FROM answers WHERE key > ? AND (? = '' OR model = ?)"
                    " ORDER BY key LIMIT ?",
                    (last, model, model, LOT),
                ).fetchall()
            if not found:
                return
            yield from (Row(*row) for row in found)
            last = found[-1][0]


@contextmanager
def _written(db: sqlite3.Connection) -> Iterator[None]:
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        db.execute("ROLLBACK")
        raise
    db.execute("COMMIT")


_stores: dict[tuple[Path, int], Store] = {}
_guard = threading.Lock()


def store_at(path: Path, max_bytes: int) -> Store:
    """The store of a file: one a process, a file and a bound, so that many engines share one connection."""
    with _guard:
        return _stores.setdefault((path.resolve(), max_bytes), Store(path.resolve(), max_bytes))
