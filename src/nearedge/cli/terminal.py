"""How results reach the terminal: JSON, tables, sentences, progress."""

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import typer
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
    """Print a table: columns of words at the left, numbers flush right after them."""
    table = Table(title=title and escape(title), title_justify="left")
    for place, head in enumerate(heads):
        table.add_column(Text(head), justify="left" if place < words else "right", overflow="fold")
    for row in rows:
        table.add_row(*map(Text, row))
    Console().print(table)


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
