"""The verbs ``nearedge spectra ...``: what files of measured spectra hold, and simulated ones."""

from collections.abc import Sequence
from typing import Annotated

import typer
from typer import Argument, Option

from nearedge import answers, datasets, files as reading, spectra
from nearedge.cli import options, terminal
from nearedge.errors import NearEdgeError
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
        Argument(
            help="Files of spectra: columns of text, XDI, SPEC, Athena projects, NeXus, FEFF's or"
            " OCEAN's, gzipped or not. FILE::NAME is one spectrum of a file, or a reference foil.",
            metavar="FILE...",
        ),
    ],
    energy: options.EnergyColumn = None,
    mu: options.MuColumn = None,
    json: options.Json = False,
) -> None:
    """List the absorption spectra of files, and what was done or assumed in reading them.

    A file that cannot be read is reported, the others go on; the exit code is then 1.
    """
    listed: list[spectra.Spectrum] = []
    failures: list[NearEdgeError] = []
    for file in files:
        try:
            listed += map(spectra.with_edge, reading.read_spectra(file, energy=energy, mu=mu))
        except NearEdgeError as error:
            failures.append(error)
    if listed:
        _print(listed, json=json)
    for failure in failures:
        typer.echo(f"nearedge: {failure}", err=True)
    if failures:
        raise typer.Exit(1)


def _print(listed: "Sequence[spectra.Spectrum]", *, json: bool) -> None:
    if json:
        plain = [
            {
                "file": spectrum.source,
                "name": spectrum.name,
                "points": len(spectrum.energy),
                "energy_min": float(spectrum.energy[0]),
                "energy_max": float(spectrum.energy[-1]),
                "absorber": spectrum.edge and spectrum.edge.absorber,
                "edge": spectrum.edge and spectrum.edge.name,
                "channel": spectrum.channel,
                "zero": spectrum.identity.zero,
                "notes": list(spectrum.notes),
                "left_out": dict(spectrum.left_out),
                "metadata": dict(spectrum.metadata),
            }
            for spectrum in listed
        ]
        terminal.print_json(plain)
        return
    names = reading.tell_apart(spectrum.source for spectrum in listed)
    several = len(names) > 1
    rows = [
        [
            *([names[spectrum.source]] if several else []),
            spectrum.name,
            str(spectrum.edge or "?"),
            spectrum.channel,
            str(len(spectrum.energy)),
            f"{spectrum.energy[0]:.2f} to {spectrum.energy[-1]:.2f}",
        ]
        for spectrum in listed
    ]
    heads = [*(["file"] if several else []), "name", "edge", "channel", "points", "energies, eV"]
    terminal.print_table(heads, rows, words=len(heads) - 2)
    for spectrum in listed:
        remarks = [
            *spectrum.notes,
            *([] if spectrum.absolute else [f"0 eV: {spectrum.identity.zero}"]),
            *(f"left out {name}: {reason}" for name, reason in spectrum.left_out.items()),
        ]
        file = f"{names[spectrum.source]}::" if several else ""
        if remarks:
            typer.echo("\n  ".join([f"{file}{spectrum.name}:", *remarks]))


@app.command("simulate")
def simulate_(
    dataset: options.Dataset,
    output: options.OutputFile,
    more: options.MoreNames = None,
    only: options.Only = None,
    e0: Annotated[float, Option("--e0", help="Where the computed zero lies, eV.")] = 530.0,
    broadening: Annotated[float, Option(help="Extra full width at half maximum, eV.")] = 0.5,
    signal_to_noise: Annotated[float, Option(help="Highest intensity over the noise.")] = 50.0,
    background: Annotated[float, Option(help="Background, share of the highest intensity.")] = 0.3,
    slope: Annotated[
        float, Option(help="Rise of the background over all energies, in the same unit.")
    ] = 0.2,
    seed: options.Seed = 0,
    json: options.Json = False,
    force: options.Force = False,
) -> None:
    """Simulate a measurement of a known sample: a dataset's average, shifted, broadened, noisy.

    The truth is printed, and not in the file: predict it from the file, and compare.
    """
    check_free(output, force=force)
    beamline = answers.Beamline(e0, broadening, signal_to_noise, background, slope)
    names = options.named("--only", only, more)
    spectrum, truth = answers.simulate_sample(
        datasets.load_dataset(dataset), beamline, only=names, seed=seed
    )
    answers.write_columns(output, spectrum, "simulated by nearedge", force=force)
    if json:
        terminal.print_json({"file": str(output), **truth})
        return
    shares = ", ".join(f"{name}: {share:.0%}" for name, share in truth["fractions"].items())
    mean = truth["coordination"]
    number = "unclear" if mean is None else f"{mean:.3f}"
    typer.echo(
        f"{output}: {truth['sites']} sites, mean coordination {number}, "
        f"fractions {shares}; E0 = {e0:g} eV, broadened by {broadening:g} eV"
    )
