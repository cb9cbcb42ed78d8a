"""Answers as tables: on the terminal, and as a file that spreadsheets read."""

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path

from rich.table import Table
from rich.text import Text

from nearedge.answers._answer import Answer, Value, heading
from nearedge.records import replacing


def write_csv(path: str | Path, answers: Iterable[Answer], *, force: bool = False) -> None:
    """Write answers as comma-separated values under a line of names."""
    rows = [answer.row() for answer in answers]
    # Models and kinds of spectra have different columns.
    names = list(dict.fromkeys(name for row in rows for name in row))
    with (
        replacing(path, force=force) as temporary,
        temporary.open("w", newline="", encoding="utf-8") as file,
    ):
        writer = csv.DictWriter(file, names, restval="")
        writer.writeheader()
        writer.writerows(rows)


def answer_table(answers: Sequence[Answer]) -> Table:
    """Make a table of the answers: a row for each spectrum, a column for each target."""
    targets = list(dict.fromkeys(target for answer in answers for target in answer.values))
    table = Table()
    table.add_column("spectrum", overflow="fold")
    for head in (*map(heading, targets), "E0, eV"):
        table.add_column(head, justify="right")
    table.add_column("applies")
    for answer in answers:
        table.add_row(
            Text(answer.name),
            *(_cell(answer.values.get(target)) for target in targets),
            "-" if answer.e0 is None else f"{answer.e0:.1f}",
            "yes" if answer.applies else "no",
        )
    return table


def _cell(value: Value | None) -> str:
    if value is None:
        return "-"
    if value.intervals is not None and value.probabilities is not None:
        shares = (f"{name}: {share:.0%}" for name, share in value.probabilities.items())
        return ", ".join(shares)
    return value.text()
