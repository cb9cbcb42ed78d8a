"""How results reach the terminal: JSON, tables, sentences, progress."""

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import typer
from rich.cells import cell_len
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from nearedge.datasets import SiteSpectra


def print_json(result: object) -> None:
    """Print one JSON object, or one list of them, on stdout."""
    typer.echo(json.dumps(result, indent=2, allow_nan=False))


def say(text: str, style: str | None = None) -> None:
    """Print a sentence as it is: what files say is no markup."""
    Console().print(text, style=style, highlight=False, markup=False)


def print_table(
    heads: Sequence[str], rows: Iterable[Sequence[str]], *, title: str | None = None, words: int = 1
) -> None:
    """Print a table: columns of words at the left, numbers flush right after them.

    Numbers stay whole: those that do not fit beside the words follow below, beside them again.
    """
    console, cells = Console(), list(map(list, zip(heads, *rows, strict=True)))
    # Long words are folded, so that they leave room.
    most = console.width // (words + 1)
    room = console.width - 1 - sum(min(_longest(column), most) + _FRAME for column in cells[:words])
    parts, left = [cells[:words]], room
    for head, *numbers in cells[words:]:
        need = max([_longest(numbers), *map(cell_len, head.split())]) + _FRAME
        if need > left and len(parts[-1]) > words:
            parts.append(cells[:words])
            left = room
        parts[-1] = [*parts[-1], [head, *numbers]]
        left -= need
    for part in parts:
        table = Table(title=title and escape(title), title_justify="left")
        for place, (head, *_) in enumerate(part):
            table.add_column(
                Text(head), justify="left" if place < words else "right", overflow="fold"
            )
        for row in list(zip(*part, strict=True))[1:]:
            table.add_row(*map(Text, row))
        console.print(table)
        title = None


_FRAME = 3
"""What a column takes beside its texts."""


def _longest(texts: Iterable[str]) -> int:
    return max(map(cell_len, texts), default=0)


def say_where(*paths: Path | None) -> None:
    """Say what was written: each path whole, on a line of its own."""
    for path in paths:
        if path is not None:
            typer.echo(str(path))


def say_written(path: Path, data: "SiteSpectra") -> None:
    """Say what a dataset that was written holds."""
    counts = ", ".join(f"{name}: {count}" for name, count in data.counts().items())
    typer.echo(f"{path}: {len(data)} sites, classes {counts}")


@contextmanager
def interruptible() -> Iterator[None]:
    """Turn Ctrl-C into one line that says how to go on."""
    try:
        yield
    except KeyboardInterrupt:
        typer.echo("nearedge: interrupted; the same command with --resume goes on", err=True)
        raise typer.Exit(130) from None
