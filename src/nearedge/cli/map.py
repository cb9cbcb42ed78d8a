"""The verb that maps compositions out of a stack of images."""

from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console
from rich.table import Table

from nearedge import models
from nearedge.answers import maps
from nearedge.cli._arguments import Json, Output, print_json
from nearedge.drawing.progress import counting_bar
from nearedge.files import stacks
from nearedge.models import inference
from nearedge.records import check_free


def map_(
    paths: Annotated[
        list[Path],
        typer.Argument(
            help="A model folder (default: the model that ships, trained on O K-edge spectra of"
            " Li3FeO3.5), then the absorption in each pixel at many energies: .npy, HDF5, or TIFF"
            " with a page for each energy.",
            metavar="[MODEL] STACK",
            show_default=False,
        ),
    ],
    output: Output,
    energies: Annotated[
        Path | None,
        typer.Option(
            help="Text with an energy in eV on each line; not needed if an HDF5 file holds them.",
            metavar="FILE",
            show_default=False,
        ),
    ] = None,
    path: Annotated[
        str | None,
        typer.Option(
            help="Images within an HDF5 file, if it holds several stacks.",
            metavar="/ENTRY/DATA",
            show_default=False,
        ),
    ] = None,
    energy_path: Annotated[
        str | None,
        typer.Option(
            help="Energies within an HDF5 file, if they are not found.",
            metavar="/ENTRY/ENERGY",
            show_default=False,
        ),
    ] = None,
    axis: Annotated[
        Literal["first", "last"] | None,
        typer.Option(
            help="Axis of the energies (default: the one of their number).", show_default=False
        ),
    ] = None,
    i0: Annotated[
        Path | None,
        typer.Option(
            help="Spectrum of the incident light, energy and intensity on each line, if the images"
            " are transmitted intensities.",
            metavar="FILE",
            show_default=False,
        ),
    ] = None,
    e0: Annotated[
        float | None,
        typer.Option(
            help="Where the model's energy zero lies on the measured axis, eV (default: found by"
            " the mean spectrum).",
            metavar="EV",
            show_default=False,
        ),
    ] = None,
    e0_uncertainty: Annotated[
        float, typer.Option(help="Standard deviation of --e0, eV.", metavar="EV", min=0)
    ] = 0.5,
    mask_below: Annotated[
        float | None,
        typer.Option(
            help="Leave out pixels whose mean intensity is below this share of the brightest.",
            metavar="SHARE",
            show_default=False,
        ),
    ] = None,
    json: Json = False,
    force: Annotated[
        bool,
        typer.Option(
            "--force", help="Map what the model does not apply to; replace an existing output."
        ),
    ] = False,
) -> None:
    """Map coordination and fractions of environments out of a stack of images."""
    if len(paths) > 2:
        raise typer.BadParameter(f"give one stack, not {len(paths) - 1}")
    model = paths[0] if len(paths) == 2 else models.ready_model_path()
    stack = paths[-1]
    check_free(output, force=force)
    settings = maps.MapSettings(inference.Zero(e0, e0_uncertainty), mask_below, force)
    loaded = models.load_model(model)
    output.parent.mkdir(parents=True, exist_ok=True)
    bar = counting_bar()
    task = bar.add_task("images unpacked", total=None)
    with ExitStack() as shown:

        def advance(done: int, total: int) -> None:
            # Most stacks need no unpacking, and an empty bar is a line beside an error's.
            if not bar.live.is_started:
                shown.enter_context(bar)
            bar.update(task, completed=done, total=total)

        opened = stacks.open_stack(
            stack,
            energies,
            inner=path,
            energy_path=energy_path,
            axis=axis,
            incident=i0,
            scratch=output.parent,
            advance=advance,
        )
    with opened:
        result = maps.map_stack(loaded, opened, output, settings, name=str(model), force=force)
    if json:
        print_json(result.to_json())
        return
    _print(result)


def _print(result: "maps.StackMap") -> None:
    console = Console()
    assert result.mean.evidence is not None
    posterior = result.mean.evidence.posterior
    rows, columns = result.shape
    console.print(
        f"{result.folder}: {result.counts['mapped']} of {rows} x {columns} pixels mapped",
        highlight=False,
        markup=False,
    )
    low, high = posterior.zero_interval()
    places = ", ".join(f"{zero:.2f}" for zero in result.places.zeros)
    console.print(
        f"zero at {posterior.zero:.1f} eV (90 %: {low:.1f} to {high:.1f}), maps made with {places};"
        f" extra broadening {posterior.width:.1f} eV",
        highlight=False,
    )
    table = Table(title="mapped pixels", title_justify="left")
    table.add_column("map")
    for heading in ("5 %", "median", "95 %"):
        table.add_column(heading, justify="right")
    for name, values in result.quantiles.items():
        table.add_row(name, *(f"{value:.2f}" for value in values))
    console.print(table)
    for remark in result.remarks:
        console.print(remark, highlight=False, markup=False)
