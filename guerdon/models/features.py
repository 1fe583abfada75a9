"""Pooled features of a frozen backbone, kept on disk so that no text goes through it twice.

`GUERDON_CACHE` (default ~/.cache/guerdon)/features/<backbone>/<feature>/ holds shards: `<name>.npy` [n, width] float32, read
memory-mapped, and `<name>.keys`, 16 bytes a row. <backbone> hashes weights, config, dtype, attention and template version;
a key hashes a text's ids, segments and boundary, which carry max_length and truncation. A shard counts once its `.keys` is
there; both are written aside and renamed, under names of their own, so that any number of processes may write, and after a
kill at most one chunk is computed again.
"""

from __future__ import annotations

import hashlib
import os
import threading
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from guerdon.core.progress import Progress
from guerdon.models.backbone import LoadedBackbone
from guerdon.models.collate import TOKENS, same_texts
from guerdon.models.output import replacing, writing
from guerdon.models.pooling import Feature
from guerdon.models.states import infer
from guerdon.models.template import Encoded

CHUNK = 256  # texts between two commits
KEY = 16
_parsing = (
    threading.Lock()
)  # numpy parses an array's header as Python source, which CPython 3.11 cannot do in several threads


def cache_folder() -> Path:
    """`GUERDON_CACHE`, else ~/.cache/guerdon."""
    return Path(os.environ.get("GUERDON_CACHE") or "~/.cache/guerdon").expanduser()


def key_of(text: Encoded) -> bytes:
    """The content hash of a text as the backbone sees it."""
    step = [text.end] if text.end else []
    head = np.asarray([text.start, text.response_tokens, len(text.ids), *step], dtype="<i8").tobytes()
    body = np.asarray(text.ids, dtype="<i4").tobytes() + np.asarray(text.segments, dtype="i1").tobytes()
    return hashlib.blake2b(head + body, digest_size=KEY).digest()


class Store:
    """The rows of one feature of one backbone, by text key."""

    def __init__(self, folder: Path, width: int) -> None:
        self.folder, self.width = folder, width
        self.shards: list[np.ndarray] = []
        self.place: dict[bytes, tuple[int, int]] = {}
        for keys in sorted(folder.glob("*.keys")) if folder.is_dir() else ():
            self._open(keys)

    def _open(self, keys: Path) -> None:
        raw = keys.read_bytes()
        try:
            with _parsing:
                rows = np.load(keys.with_suffix(".npy"), mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError):
            return  # a shard whose rows are gone or cut off: its texts are computed again
        if rows.shape == (len(raw) // KEY, self.width) and len(raw) % KEY == 0:
            self._add([raw[i : i + KEY] for i in range(0, len(raw), KEY)], rows)

    def _add(self, keys: Sequence[bytes], rows: np.ndarray) -> None:
        self.place.update({key: (len(self.shards), i) for i, key in enumerate(keys)})
        self.shards.append(rows)

    def write(self, keys: Sequence[bytes], rows: np.ndarray) -> None:
        """Commits a shard. Raises OutputError when the disk is full."""
        with writing(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
        name = self.folder / uuid.uuid4().hex
        with replacing(name.with_suffix(".npy")) as aside, aside.open("wb") as file:
            np.save(file, rows.astype(np.float32, copy=False))
        with replacing(name.with_suffix(".keys")) as aside:
            aside.write_bytes(b"".join(keys))
        self._add(keys, np.load(name.with_suffix(".npy"), mmap_mode="r", allow_pickle=False))

    def read(self, keys: Sequence[bytes], into: np.ndarray) -> None:
        """Fills [len(keys), width] with the rows of the keys, shard by shard."""
        places = np.array([self.place[k] for k in keys], dtype=np.int64).reshape(-1, 2)
        for shard in np.unique(places[:, 0]):
            rows = np.flatnonzero(places[:, 0] == shard)
            into[rows] = self.shards[shard][places[rows, 1]]


def feature_rows(
    backbone: LoadedBackbone,
    texts: Sequence[Encoded],
    features: Sequence[Feature],
    *,
    cached: bool = True,
    budget: int = TOKENS,
    what: str = "reading texts",
) -> np.ndarray:
    """Features side by side, [len(texts), total width] float32; equal texts are computed once. No bar where `what` is empty."""
    keys = [key_of(t) for t in texts]
    first: dict[bytes, int] = {}
    for i, key in enumerate(keys):
        first.setdefault(key, i)
    if not cached:
        distinct = list(first.values())
        rows = _compute(backbone, [texts[i] for i in distinct], features, budget, None)
        number = {keys[i]: n for n, i in enumerate(distinct)}
        return rows[[number[k] for k in keys]] if len(keys) else rows
    folder = cache_folder() / "features" / backbone.identity
    stores = {f: Store(folder / str(f).replace(":", "-"), f.width(backbone.hidden_size)) for f in features}
    absent = [i for key, i in first.items() if any(key not in s.place for s in stores.values())]
    if backbone.packing == "padded":
        absent.sort(key=lambda i: len(texts[i].ids))
    wanted = [texts[i] for i in absent]
    with Progress(what, sum(len(wanted[n[0]].ids) for n in same_texts(wanted)), "tokens") as bar:
        bar.silent = bar.silent or not absent or not what
        for chunk in _chunks(absent, texts):
            rows = _compute(backbone, [texts[i] for i in chunk], features, budget, bar)
            _commit(stores, features, [keys[i] for i in chunk], rows)
    return _collect(stores, features, keys)


def _chunks(absent: Sequence[int], texts: Sequence[Encoded]) -> Iterator[list[int]]:
    """The numbers in chunks; neighbouring readings of one text are in one."""
    begin = 0
    while begin < len(absent):
        end = min(begin + CHUNK, len(absent))
        while end < len(absent) and texts[absent[end]].end and texts[absent[end]].ids == texts[absent[end - 1]].ids:
            end += 1
        yield list(absent[begin:end])
        begin = end


def _compute(
    backbone: LoadedBackbone, texts: Sequence[Encoded], features: Sequence[Feature], budget: int, bar: Progress | None
) -> np.ndarray:
    widths = [f.width(backbone.hidden_size) for f in features]
    out = np.empty((len(texts), sum(widths)), dtype=np.float32)
    for rows, found, tokens in infer(backbone, texts, features, budget):
        out[rows.numpy()] = np.concatenate([found[f].float().numpy() for f in features], axis=1)
        if bar is not None:
            bar.advance(tokens)
    return out


def _commit(stores: dict[Feature, Store], features: Sequence[Feature], keys: list[bytes], rows: np.ndarray) -> None:
    begin = 0
    for feature in features:
        store = stores[feature]
        part = rows[:, begin : begin + store.width]
        begin += store.width
        new = [i for i, key in enumerate(keys) if key not in store.place]
        if new:
            store.write([keys[i] for i in new], part[new])


def _collect(stores: dict[Feature, Store], features: Sequence[Feature], keys: list[bytes]) -> np.ndarray:
    out = np.empty((len(keys), sum(stores[f].width for f in features)), dtype=np.float32)
    begin = 0
    for feature in features:
        store = stores[feature]
        store.read(keys, out[:, begin : begin + store.width])
        begin += store.width
    return out
