"""The verb that compares two engines on the same atoms."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from nearedge.cli._arguments import Force, Json, print_json
from nearedge.datasets import load_dataset
from nearedge.ladder.comparison import (
    Comparison,
    compare as compare_datasets,
    plain_words,
    report,
    write_comparison,
)
from nearedge.records import check_free


def compare(
    first: Annotated[
        Path, typer.Argument(help="Dataset folder of the engine to judge.", show_default=False)
    ],
    second: Annotated[
        Path,
        typer.Argument(
            help="Dataset folder of the same atoms by the engine it is measured against.",
            show_default=False,
        ),
    ],
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", help="Folder for the numbers and the figure."),
    ] = None,
    json: Json = False,
    force: Force = False,
) -> None:
    """Compare two engines' spectra of the same atoms, feature by feature.

    Snapshots are matched by name, failing that by structure. To compute the structures of another
    dataset again: nearedge simulate OTHER/structures.extxyz ...
    """
    if output is not None:
        check_free(output, force=force)
    result = compare_datasets(load_dataset(first), load_dataset(second))
    if output is not None:
        write_comparison(output, result, force=force)
    if json:
        print_json(report(result))
        return
    console = Console()
    console.print(_class_table(result))
    for text in plain_words(result):
        console.print(f"- {text}", highlight=False, markup=False)
    if output is not None:
        console.print(f"{output}/comparison.png, comparison.pdf, report.json", highlight=False)


def _class_table(result: Comparison) -> Table:
    first, second = result.engines
    mover, still = (first, second) if result.moved == "first" else (second, first)
    table = Table(
        title=f"{first} / {second}, the same atoms; {mover} moved onto {still}",
        title_justify="left",
    )
    table.add_column("class")
    for name in ("atoms", "shift eV", "broad. eV", "left", "pre-edge", "main peak eV"):
        table.add_column(name, justify="right")
    for name in result.classes:
        row = result.class_means(name)
        fit = row["alignment"]
        table.add_row(
            name,
            str(row["n"]),
            f"{fit['shift']:+.2f}",
            f"{fit['broadening']:.2f}",
            f"{fit['residual']:.0%}",
            " / ".join(f"{one:.0%}" for one in row["pre_edge_weight"]),
            " / ".join("-" if one is None else f"{one:.1f}" for one in row["main_peak"]),
        )
    fit = result.alignment
    table.add_section()
    table.add_row(
        "all",
        str(len(result.environment)),
        f"{fit.alignment.shift:+.2f}",
        f"{fit.alignment.broadening:.2f}",
        f"{fit.residual:.0%}",
        " / ".join(f"{float(one.weight.mean()):.0%}" for one in result.measures),
        "",
    )
    return table
