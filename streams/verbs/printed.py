"""How data reaches the reader: a table for people, JSON for programs."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, is_dataclass
from datetime import UTC, datetime
from typing import Any

import click

_CONTROLS = {n: f"\\u{n:04x}" for n in (*range(9), *range(11, 32), *range(127, 160))}  # all but tab and line end
_PIPE_WIDTH = 10_000  # a pipe has no width: never fold what somebody wants to grep


def table(columns: Sequence[str], rows: Iterable[Sequence[Any]], *, title: str | None = None, empty: str = "") -> None:
    """Print rows under their columns; `empty` says in words that there are none."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    shown = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        shown.add_column(column, overflow="fold")
    for row in rows:
        shown.add_row(*(Text(cell(value)) for value in row))
    if not shown.row_count:
        return click.echo(empty) if empty else None
    console = Console()
    if not console.is_terminal:
        console = Console(width=_PIPE_WIDTH)
    console.print(shown)


def facts(rows: Mapping[str, Any]) -> None:
    """Print names and values under each other; what is nested as indented JSON."""
    width = max(map(len, rows))
    for name, value in rows.items():
        text = _json(value) if isinstance(value, dict | list) else cell(value)
        click.echo(f"{name:{width}}  " + text.rstrip().replace("\n", "\n" + " " * (width + 2)))


def data(value: Any) -> None:
    """Print a dataclass, or a list or mapping of them, as JSON."""
    click.echo(_json(value))


def cell(value: Any) -> str:
    """One value as text; control characters, which others may have sent to command a terminal, are written out."""
    return _text(value).translate(_CONTROLS)


def _json(value: Any) -> str:
    return json.dumps(value, default=_plain, indent=2, ensure_ascii=False).translate(_CONTROLS)


def _text(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return str(value)


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return {name: part for name, part in asdict(value).items() if name != "time"}
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, bytes):
        return value.decode(errors="backslashreplace")
    if isinstance(value, Mapping):
        return dict(value)
    return str(value)


def moment(ms: int | None) -> datetime | None:
    return None if ms is None else datetime.fromtimestamp(ms / 1000, UTC)


def span(seconds: float) -> str:
    """A length of time as people say it: 12 s, 3 min, 2.5 h, 4 d; negative ones are over."""
    size = abs(seconds)
    for unit, length in (("d", 86_400.0), ("h", 3_600.0), ("min", 60.0)):
        if size >= 2 * length:
            return f"{seconds / length:.1f} {unit}".replace(".0 ", " ")
    return f"{seconds:.1f} s".replace(".0 ", " ")
