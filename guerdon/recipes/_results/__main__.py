"""`python -m guerdon.recipes._results`: measures data sets and writes or checks docs/results.md.

python -m guerdon.recipes._results --measure [SET …] [--size large] [--again]   measure (cached by source), then write
python -m guerdon.recipes._results --write docs                                 write the page from what was measured last
python -m guerdon.recipes._results --check docs                                 exit 1 where the page is not what would be written
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from guerdon.core.errors import GuerdonError, SpecError, closest
from guerdon.recipes._results.measure import SIZES, measure, source_hash
from guerdon.recipes._results.page import COMMAND, KEPT, PAGE, page, read_kept
from guerdon.recipes._results.sets import SETS, Set


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command and gives its exit code."""
    parser = argparse.ArgumentParser(prog=COMMAND, description="Measure data sets; write or check docs/results.md.")
    parser.add_argument("sets", nargs="*", metavar="SET", help="only these (default: all)")
    parser.add_argument("--measure", action="store_true", help="measure, then write the page")
    parser.add_argument(
        "--size", choices=list(SIZES), help="how many rows, large: five times as many (default: as kept)"
    )
    parser.add_argument("--again", action="store_true", help="measure even where nothing changed")
    parser.add_argument("--docs", default="docs", help="where the page and results.json are (default: docs)")
    parser.add_argument("--write", metavar="DOCS", help="only write the page into this folder")
    parser.add_argument("--check", metavar="DOCS", help="only check the page in this folder")
    given = parser.parse_args(arguments)
    try:
        return _run(given)
    except GuerdonError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2


def _run(given: argparse.Namespace) -> int:
    if given.check:
        path = Path(given.check) / PAGE
        stale = not path.is_file() or path.read_text(encoding="utf-8") != page(read_kept(path.parent))
        if stale:
            print(f"{path} is stale: run `{COMMAND} --write {given.check}`")
        return int(stale)
    docs = Path(given.write or given.docs)
    for found in _wanted(given.sets) if given.measure else ():
        print(f"{found.name}: {_measured(docs, found, given.size, given.again)}", flush=True)
    (docs / PAGE).write_text(page(read_kept(docs)), encoding="utf-8")
    return 0


def _measured(docs: Path, found: Set, asked: str | None, again: bool) -> str:
    kept = read_kept(docs).get(found.name, {})
    size = asked or kept.get("size", "small")
    if not again and (kept.get("source"), kept.get("size")) == (source_hash(found), size):
        return "unchanged since it was measured"
    result = measure(found, size)
    every = dict(sorted({**read_kept(docs), found.name: result}.items()))
    docs.mkdir(parents=True, exist_ok=True)
    (docs / KEPT).write_text(json.dumps(every, indent=1, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8")
    return "measured"


def _wanted(names: Sequence[str]) -> list[Set]:
    known = {s.name: s for s in SETS}
    for name in names:
        if name not in known:
            raise SpecError(f"no set '{name}'.{closest(name, known)} Sets: {', '.join(known)}.")
    return [known[n] for n in names] or list(SETS)


if __name__ == "__main__":
    sys.exit(main())
