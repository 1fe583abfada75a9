"""`guerdon cache stat|clear|export`: what engines.cached keeps on disk."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from guerdon.engines.store import Store

ACTIONS = ("stat", "clear", "export")
UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def command(
    action: Annotated[str, typer.Argument(help="stat, clear or export.")],
    path: Annotated[str, typer.Option(help="The cache file; the one in the cache folder if not given.")] = "",
    model: Annotated[str, typer.Option(help="Only answers of this model.")] = "",
    older: Annotated[str, typer.Option(help="clear: only answers not used for so long, such as 30d or 12h.")] = "",
    out: Annotated[str, typer.Option("-o", "--out", help="export: FILE.jsonl, or - for standard output.")] = "",
) -> None:
    """Show, clear or export the answers that engines.cached keeps. An export is a recording for engines.replay.

    Example: `guerdon cache clear --older 30d`
    """
    from pathlib import Path

    from guerdon.core.errors import SpecError, closest
    from guerdon.engines.cached import GIB, default_path
    from guerdon.engines.store import Store

    if action not in ACTIONS:
        raise SpecError(f"no action '{action}'.{closest(action, ACTIONS)} Actions: {', '.join(ACTIONS)}.")
    file = Path(path).expanduser() if path else default_path()
    if not file.is_file():
        raise SpecError(f"{file}: there is no cache file")
    seconds = _seconds(older)
    store = Store(file, 4 * GIB)
    if action == "stat":
        _stat(store)
    elif action == "clear":
        print(f"{store.clear(model, seconds):,} answers removed")
    else:
        _export(store, model, out)


def _seconds(text: str) -> float:
    from guerdon.core.errors import SpecError

    if not text:
        return 0.0
    if text[-1] not in UNITS or not text[:-1].isdigit():
        raise SpecError(f"--older is a number with s, m, h or d, such as 30d; found '{text}'")
    return int(text[:-1]) * UNITS[text[-1]]


def _stat(store: Store) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    count, held, rows = store.totals()
    print(f"{store.path}: {count:,} answers, {held / 1e6:,.1f} MB, {store.path.stat().st_size / 1e6:,.1f} MB on disk")
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for head in ("model", "call", "answers", "MB"):
        table.add_column(head, justify="left" if head in ("model", "call") else "right")
    for model, call, number, size in rows:
        table.add_row(Text(model), call, f"{number:,}", f"{size / 1e6:,.1f}")
    if rows:
        Console().print(table)


def _export(store: Store, model: str, out: str) -> None:
    import sys
    from pathlib import Path

    from guerdon.core.errors import OutputError, SpecError
    from guerdon.core.files import must_be_replaceable
    from guerdon.engines.recording import line

    if not out:
        raise SpecError("no output: give -o FILE.jsonl or -o - (standard output)")
    lines = (line(row.call, row.request, row.answer) for row in store.rows(model) if row.call != "embed")
    if out == "-":
        sys.stdout.writelines(lines)
        return
    path = Path(out)
    must_be_replaceable(path)
    fresh = path.with_name(f"{path.name}.new")
    try:
        with fresh.open("w", encoding="utf-8") as file:
            file.writelines(lines)
        fresh.replace(path)
    except OSError as error:
        raise OutputError(f"{path}: {error.strerror or error}") from error
