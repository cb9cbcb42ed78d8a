"""The command line: every verb, and the one place where errors become exit codes."""

import os
import sys
from importlib import import_module
from typing import Annotated, NoReturn

import typer
from typer import Option

import nearedge
from nearedge.cli import dataset, learn, spectra, structures
from nearedge.cli.explain import explain
from nearedge.cli.ladder import compare, ladder, robustness
from nearedge.cli.map import map_
from nearedge.cli.match import match
from nearedge.cli.page import open_page
from nearedge.cli.paper import paper
from nearedge.cli.predict import predict
from nearedge.cli.simulate import cluster, potentials, simulate
from nearedge.errors import NearEdgeError, OutputError

app = typer.Typer(
    name="nearedge",
    help="Atomic structure from X-ray absorption near-edge spectra (XANES).",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

QUIET, PROGRESS = "--quiet", "nearedge.drawing.progress"


def _show_version(wanted: bool | None) -> None:
    if wanted:
        typer.echo(f"nearedge {nearedge.__version__}")
        raise typer.Exit


@app.callback()
def _options(
    _version: Annotated[
        bool | None,
        Option("--version", callback=_show_version, is_eager=True, help="Show the version."),
    ] = None,
    quiet: Annotated[bool, Option(QUIET, help="Show no progress; may follow the verb.")] = False,
) -> None:
    if quiet or PROGRESS in sys.modules:
        import_module(PROGRESS).be_quiet(quiet)


app.add_typer(structures.app, name="structures")
app.add_typer(dataset.app, name="dataset")
app.add_typer(spectra.app, name="spectra")
for verb in (
    paper,
    potentials,
    simulate,
    cluster,
    learn.train,
    learn.evaluate,
    robustness,
    ladder,
    compare,
    predict,
    match,
    explain,
):
    app.command()(verb)
app.command("models")(learn.list_models)
app.command("map")(map_)
app.command("app")(open_page)


def main() -> None:
    """Run the command line: 0 on success, 2 on bad usage, 1 on bad input with one clear line."""
    words = sys.argv[1:]
    if QUIET in words:
        # It belongs to the program, and is typed after the verb by many.
        words = [QUIET, *(word for word in words if word != QUIET)]
    try:
        app(words)
    except NearEdgeError as error:
        _fail(error, str(error))
    except OSError as error:
        # A file that went away, a disk that filled: nothing that a traceback would explain.
        named = f"{error.filename}: " if error.filename else ""
        _fail(error, f"{named}{error.strerror or error}")


def _fail(error: Exception, message: str) -> NoReturn:
    typer.echo(f"nearedge: {' '.join(message.split())}", err=True)
    if isinstance(error, OutputError) and _unflushed():
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(1)
    sys.exit(1)


def _unflushed() -> bool:
    """Whether HDF5 holds a file that it could not write: it would crash at the program's end."""
    if "h5py" not in sys.modules:
        return False
    h5f = import_module("h5py.h5f")
    return h5f.get_obj_count(h5f.OBJ_ALL, h5f.OBJ_FILE) > 0
