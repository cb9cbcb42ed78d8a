"""The command line: every verb, and the one place where errors become exit codes."""

import sys
from importlib.metadata import version
from typing import Annotated

import typer

from nearedge.cli import dataset, learn, spectra, structures
from nearedge.cli.compare import compare
from nearedge.cli.explain import explain
from nearedge.cli.ladder import ladder
from nearedge.cli.map import map_
from nearedge.cli.paper import paper
from nearedge.cli.predict import predict
from nearedge.cli.production import make
from nearedge.cli.robustness import robustness
from nearedge.cli.simulate import potentials, simulate
from nearedge.errors import NearEdgeError

app = typer.Typer(
    name="nearedge",
    help="Atomic structure from X-ray absorption near-edge spectra (XANES).",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(wanted: bool | None) -> None:
    if wanted:
        typer.echo(f"nearedge {version('nearedge')}")
        raise typer.Exit


@app.callback()
def _options(
    _version: Annotated[
        bool | None,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version."),
    ] = None,
) -> None:
    pass


app.add_typer(structures.app, name="structures")
app.add_typer(dataset.app, name="dataset")
app.add_typer(spectra.app, name="spectra")
dataset.app.command("make")(make)
for verb in (
    paper,
    potentials,
    simulate,
    learn.train,
    learn.evaluate,
    robustness,
    ladder,
    compare,
    predict,
    explain,
):
    app.command()(verb)
app.command("map")(map_)


def main() -> None:
    """Run the command line: 0 on success, 2 on bad usage, 1 on bad input with one clear line."""
    try:
        app()
    except NearEdgeError as error:
        typer.echo(f"nearedge: {' '.join(str(error).split())}", err=True)
        sys.exit(1)
