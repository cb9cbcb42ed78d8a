"""The command line: every verb, and the one place where errors become exit codes."""

import sys
from importlib.metadata import version
from typing import Annotated

import typer

from nearedge.errors import NearEdgeError

app = typer.Typer(
    name="nearedge",
    help="Atomic structure from X-ray absorption near-edge spectra (XANES).",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"nearedge {version('nearedge')}")
        raise typer.Exit


@app.callback()
def _options(
    _version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    pass


def main() -> None:
    """Run the command line: 0 on success, 2 on bad usage, 1 on bad input with one clear line."""
    try:
        app()
    except NearEdgeError as error:
        typer.echo(f"nearedge: {' '.join(str(error).split())}", err=True)
        sys.exit(1)
