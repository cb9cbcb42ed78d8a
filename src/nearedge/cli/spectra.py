"""The verbs ``nearedge spectra ...``: what files of measured spectra hold."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from nearedge.cli._arguments import print_json
from nearedge.measured import MeasuredSpectrum, pick

app = typer.Typer(no_args_is_help=True, help="Look into files of measured spectra.")


@app.callback()
def _spectra() -> None:
    """Look into files of measured spectra."""


@app.command("list")
def list_(
    files: Annotated[
        list[str],
        typer.Argument(
            help="Files of spectra: columns of text, XDI, SPEC, Athena projects, NeXus, FEFF's or"
            " OCEAN's, gzipped or not. FILE::NAME is one spectrum of a file.",
            metavar="FILE...",
            show_default=False,
        ),
    ],
    json: Annotated[
        bool, typer.Option("--json", help="Print one JSON list and nothing else.")
    ] = False,
) -> None:
    """List the absorption spectra of files, and what was done or assumed in reading them."""
    found = [spectrum for file in files for spectrum in pick(file)]
    if json:
        print_json([_record(spectrum) for spectrum in found])
        return
    several = len({spectrum.source for spectrum in found}) > 1
    table = Table()
    for heading in (*(["file"] if several else []), "name"):
        table.add_column(heading, overflow="fold")
    table.add_column("points", justify="right")
    table.add_column("energies, eV", no_wrap=True)
    table.add_column("notes", overflow="fold")
    for spectrum in found:
        notes = [*spectrum.notes, *([f"0 eV: {spectrum.zero}"] if spectrum.zero else [])]
        cells = [
            *([Path(spectrum.source).name] if several else []),
            spectrum.name,
            str(len(spectrum.energy)),
            f"{spectrum.energy[0]:.2f} to {spectrum.energy[-1]:.2f}",
            "\n".join(notes),
        ]
        # What files say is no markup.
        table.add_row(*(Text(cell) for cell in cells))
    Console().print(table)


def _record(spectrum: MeasuredSpectrum) -> dict[str, Any]:
    return {
        "file": spectrum.source,
        "name": spectrum.name,
        "points": len(spectrum.energy),
        "energy_min": float(spectrum.energy[0]),
        "energy_max": float(spectrum.energy[-1]),
        "zero": spectrum.zero,
        "notes": list(spectrum.notes),
        "metadata": spectrum.metadata,
    }
