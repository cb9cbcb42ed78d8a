"""The verb that maps compositions out of a stack of images."""

from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Literal

import typer
from typer import Argument, Option

from nearedge import answers, models
from nearedge.answers import maps
from nearedge.cli import options, terminal
from nearedge.drawing.progress import counting_bar
from nearedge.files import stacks
from nearedge.models import inference
from nearedge.records import check_free


def map_(
    paths: Annotated[
        list[Path],
        Argument(
            help="A model's folder or the name of one that ships (default: that for the stack's"
            " edge; nearedge models lists them), then the absorption in each pixel at many"
            " energies: .npy, HDF5, or TIFF with a page for each energy.",
            metavar="[MODEL] STACK",
        ),
    ],
    output: options.Output,
    energies: Annotated[
        Path | None, Option(help="Text, an energy in eV on each line; an HDF5 file may hold them.")
    ] = None,
    path: Annotated[
        str | None,
        Option(help="Images in an HDF5 file, if it holds several.", metavar="/ENTRY/DATA"),
    ] = None,
    energy_path: Annotated[
        str | None, Option(help="Energies in an HDF5 file, if not found.", metavar="/ENTRY/ENERGY")
    ] = None,
    axis: Annotated[
        Literal["first", "last"] | None,
        Option(help="Axis of the energies (default: the one of their number)."),
    ] = None,
    i0: Annotated[
        Path | None,
        Option(
            help="Spectrum of the incident light, energy and intensity on each line, if the images"
            " are transmitted intensities."
        ),
    ] = None,
    e0: options.E0 = None,
    e0_uncertainty: options.E0Uncertainty = 0.5,
    mask_below: Annotated[
        float | None,
        Option(help="Leave out pixels whose mean intensity is below this share of the brightest."),
    ] = None,
    json: options.Json = False,
    overwrite: options.Overwrite = False,
    force: options.ForceAnswer = False,
) -> None:
    """Map coordination, fractions of environments or oxidation states out of a stack of images."""
    if len(paths) > 2:
        raise typer.BadParameter(f"give one stack, not {len(paths) - 1}")
    stack = paths[-1]
    check_free(output, force=force or overwrite, remedy="--overwrite")
    chosen = None
    if len(paths) == 2:
        chosen = answers.load_any(models.ready_folder(paths[0])), str(paths[0])
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
        loaded, name = chosen or maps.ready_for(opened)
        result = maps.map_stack(
            loaded,
            opened,
            output,
            zero=inference.Zero(e0, e0_uncertainty),
            mask_below=mask_below,
            name=name,
            force=force,
            overwrite=overwrite,
        )
    if json:
        terminal.print_json(result.to_json())
        return
    _print(result)


def _print(result: "maps.StackMap") -> None:
    rows, columns = result.shape
    terminal.say(f"{result.folder}: {result.counts['mapped']} of {rows} x {columns} pixels mapped")
    if result.mean.evidence is not None and result.places is not None:
        posterior = result.mean.evidence.posterior
        low, high = posterior.zero_interval()
        places = ", ".join(f"{zero:.2f}" for zero in result.places.zeros)
        terminal.say(
            f"zero at {posterior.zero:.1f} eV (90 %: {low:.1f} to {high:.1f}), maps made with "
            f"{places}; extra broadening {posterior.width:.1f} eV"
        )
    else:
        terminal.say(f"the mean spectrum {result.mean.sentence()}")
    terminal.print_table(
        ["map", "5 %", "median", "95 %"],
        [[name, *(f"{v:.2f}" for v in values)] for name, values in result.quantiles.items()],
        title="mapped pixels",
    )
    for remark in result.remarks:
        terminal.say(remark)
