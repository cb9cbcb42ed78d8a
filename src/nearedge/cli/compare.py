"""The verb that compares two engines on the same atoms."""

from pathlib import Path
from typing import Annotated

import typer

from nearedge.cli._arguments import Force, Json, print_json


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
    from rich.console import Console
    from rich.table import Table

    from nearedge.datasets import load_dataset
    from nearedge.ladder import comparison
    from nearedge.records import check_free

    if output is not None:
        check_free(output, force=force)
    result = comparison.compare(load_dataset(first), load_dataset(second))
    if output is not None:
        comparison.write_comparison(output, result, force=force)
    if json:
        print_json(comparison.report(result))
        return
    title = (
        f"{' / '.join(result.engines)}, the same atoms; {result.mover} moved onto {result.still}"
    )
    table = Table(title=title, title_justify="left")
    table.add_column("class")
    for name in ("atoms", "shift eV", "broad. eV", "left", "pre-edge", "main peak eV"):
        table.add_column(name, justify="right")
    for name, fit in result.classes.items():
        table.add_row(
            name,
            str(fit.n),
            f"{fit.alignment.shift:+.2f}",
            f"{fit.alignment.broadening:.2f}",
            f"{fit.alignment.residual:.0%}",
            " / ".join(f"{share:.0%}" for share in fit.pre_edge_weight),
            " / ".join(f"{peak:.1f}" for peak in fit.main_peak),
        )
    console = Console()
    console.print(table)
    for text in comparison.findings(result):
        console.print(f"- {text}", highlight=False, markup=False)
    if output is not None:
        console.print(f"{output}/comparison.png, comparison.pdf, report.json", highlight=False)
