"""The verbs ``nearedge spectra ...``: what files of measured spectra hold, and simulated ones."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from nearedge import answers, datasets, files as reading, spectra
from nearedge.cli._arguments import Dataset, Force, Json, MoreNames, Seed, named, print_json
from nearedge.records import check_free

app = typer.Typer(
    no_args_is_help=True, help="Look into files of measured spectra, and simulate some."
)


@app.callback()
def _spectra() -> None:
    """Look into files of measured spectra."""


@app.command("list")
def list_(
    files: Annotated[
        list[str],
        typer.Argument(
            help="Files of spectra: columns of text, XDI, SPEC, Athena projects, NeXus, FEFF's or"
            " OCEAN's, gzipped or not. FILE::NAME is one spectrum of a file, or a reference foil.",
            metavar="FILE...",
            show_default=False,
        ),
    ],
    energy: Annotated[
        str | None,
        typer.Option(help="Column of the energies: its number from 1, or its label."),
    ] = None,
    mu: Annotated[
        str | None,
        typer.Option(help="Column of the spectrum, or several as in 4/2 or 'ln(2/4)'."),
    ] = None,
    json: Annotated[
        bool, typer.Option("--json", help="Print one JSON list and nothing else.")
    ] = False,
) -> None:
    """List the absorption spectra of files, and what was done or assumed in reading them."""
    read = [one for file in files for one in reading.read_spectra(file, energy=energy, mu=mu)]
    listed = [_with_edge(spectrum) for spectrum in read]
    if json:
        print_json([_record(spectrum) for spectrum in listed])
        return
    several = len({spectrum.source for spectrum in listed}) > 1
    table = Table()
    for heading in (*(["file"] if several else []), "name"):
        table.add_column(heading, overflow="fold")
    table.add_column("edge", no_wrap=True)
    table.add_column("channel", overflow="fold")
    table.add_column("points", justify="right")
    table.add_column("energies, eV", no_wrap=True)
    for spectrum in listed:
        cells = [
            *([Path(spectrum.source).name] if several else []),
            spectrum.name,
            str(spectrum.edge or "?"),
            spectrum.channel,
            str(len(spectrum.energy)),
            f"{spectrum.energy[0]:.2f} to {spectrum.energy[-1]:.2f}",
        ]
        # What files say is no markup.
        table.add_row(*(Text(cell) for cell in cells))
    Console().print(table)
    for spectrum in listed:
        remarks = [
            *spectrum.notes,
            *([] if spectrum.absolute else [f"0 eV: {spectrum.identity.zero}"]),
            *(f"left out {name}: {reason}" for name, reason in spectrum.left_out.items()),
        ]
        file = f"{Path(spectrum.source).name}::" if several else ""
        if remarks:
            typer.echo("\n  ".join([f"{file}{spectrum.name}:", *remarks]))


@app.command("simulate")
def simulate_(
    dataset: Dataset,
    output: Annotated[
        Path, typer.Option("-o", "--output", help="File to write.", show_default=False)
    ],
    more: MoreNames = None,
    only: Annotated[
        list[str] | None,
        typer.Option(
            help="Snapshots or trajectories that make up the sample (default: all).",
            metavar="NAME ...",
        ),
    ] = None,
    e0: Annotated[float, typer.Option("--e0", help="Where the computed zero lies, eV.")] = 530.0,
    broadening: Annotated[float, typer.Option(help="Extra full width at half maximum, eV.")] = 0.5,
    signal_to_noise: Annotated[
        float, typer.Option(help="Highest intensity over the noise.")
    ] = 50.0,
    background: Annotated[
        float, typer.Option(help="Constant background, share of the highest intensity.")
    ] = 0.3,
    slope: Annotated[
        float, typer.Option(help="Rise of the background over all energies, in the same unit.")
    ] = 0.2,
    seed: Seed = 0,
    json: Json = False,
    force: Force = False,
) -> None:
    """Simulate a measurement of a known sample: average a dataset's sites, and spoil the average.

    The truth is printed, and not in the file: predict it from the file, and compare.
    """
    check_free(output, force=force)
    beamline = answers.Beamline(e0, broadening, signal_to_noise, background, slope)
    names = named("--only", only, more)
    spectrum, truth = answers.simulate_sample(
        datasets.load_dataset(dataset), beamline, only=names, seed=seed
    )
    answers.write_columns(output, spectrum, "simulated by nearedge", force=force)
    if json:
        print_json({"file": str(output), **truth})
        return
    shares = ", ".join(f"{name}: {share:.0%}" for name, share in truth["fractions"].items())
    typer.echo(
        f"{output}: {truth['sites']} sites, mean coordination {truth['coordination']:.3f}, "
        f"fractions {shares}; E0 = {e0:g} eV, broadened by {broadening:g} eV"
    )


def _with_edge(spectrum: "spectra.Spectrum") -> "spectra.Spectrum":
    """Guess the edge that a file does not name, and say so."""
    edge = spectrum.edge or spectra.guess_edge(spectrum)
    if edge is None or spectrum.edge is not None:
        return spectrum
    note = f"the file names no edge; by its energies it is {edge}"
    identity = replace(spectrum.identity, edge=edge)
    return replace(spectrum, identity=identity, notes=(*spectrum.notes, note))


def _record(spectrum: "spectra.Spectrum") -> dict[str, Any]:
    return {
        "file": spectrum.source,
        "name": spectrum.name,
        "points": len(spectrum.energy),
        "energy_min": float(spectrum.energy[0]),
        "energy_max": float(spectrum.energy[-1]),
        "absorber": spectrum.edge.absorber if spectrum.edge else None,
        "edge": spectrum.edge.name if spectrum.edge else None,
        "channel": spectrum.channel,
        "zero": spectrum.identity.zero,
        "notes": list(spectrum.notes),
        "left_out": dict(spectrum.left_out),
        "metadata": dict(spectrum.metadata),
    }
