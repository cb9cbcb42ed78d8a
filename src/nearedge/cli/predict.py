"""The verb that uses a model on files, computed or measured."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal

import typer

from nearedge import answers as answering, files as reading, models, spectra
from nearedge.cli._arguments import Json, print_json
from nearedge.errors import InputError
from nearedge.models import inference
from nearedge.records import check_free, replacing

SHOWN = 30
"""Most spectra of which remarks and reasons are printed."""

MANY = 10
"""Files from which progress is shown."""


def predict(
    paths: Annotated[
        list[str],
        typer.Argument(
            help="A model folder (default: the one that ships for a file's absorber and edge, see"
            " nearedge models), then files of spectra, measured or computed, or dataset folders."
            " FILE::NAME is one spectrum of a file.",
            metavar="[MODEL] FILE...",
            show_default=False,
        ),
    ],
    e0: Annotated[
        float | None,
        typer.Option(
            "--e0",
            help="Where the model's energy zero lies in measured files, eV (default: it is searched"
            " wherever the spectrum covers the window).",
            show_default=False,
        ),
    ] = None,
    e0_uncertainty: Annotated[
        float, typer.Option(help="Standard deviation of E0, eV.", min=0.0)
    ] = 0.5,
    align: Annotated[
        Literal["auto", "none"] | None,
        typer.Option(
            help="Search the zero, or take energies as they are (default: search it where they"
            " begin above the model's window)."
        ),
    ] = None,
    baseline: Annotated[
        Literal["auto", "none", "constant", "line", "victoreen"],
        typer.Option(help="What is fitted before the edge and taken off."),
    ] = "auto",
    pre_edge: Annotated[
        tuple[float, float] | None,
        typer.Option(help="Energies to fit it to, eV (default: up to 2 eV below the onset)."),
    ] = None,
    keep_glitches: Annotated[
        bool, typer.Option("--keep-glitches", help="Do not replace points that stand out.")
    ] = False,
    energy: Annotated[
        str | None,
        typer.Option(
            help="Column of the energies, by number or label, where labels do not tell.",
            metavar="COLUMN",
            show_default=False,
        ),
    ] = None,
    mu: Annotated[
        str | None,
        typer.Option(
            help="Column of the absorption, or several as 4/2, ln(2/4) or (3+4)/2.",
            metavar="COLUMN",
            show_default=False,
        ),
    ] = None,
    merge: Annotated[
        bool, typer.Option("--merge", help="Average all measured spectra: scans of one sample.")
    ] = False,
    atoms_averaged: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Of computed spectra: atoms whose spectra each is the average of, 1 for single"
            " sites: a regressor's intervals narrow with it (default: unknown, the widest).",
            show_default=False,
        ),
    ] = None,
    csv: Annotated[
        Path | None, typer.Option(help="File to write a table to.", show_default=False)
    ] = None,
    plot: Annotated[
        Path | None,
        typer.Option(help="Folder for a figure of each measured spectrum.", show_default=False),
    ] = None,
    json: Json = False,
    force: Annotated[
        bool,
        typer.Option(
            "--force", help="Answer although the model does not apply; replace existing outputs."
        ),
    ] = False,
) -> None:
    """Tell what is behind spectra: environment, coordination number, whatever the model tells.

    What a spectrum is of is compared with the model first. Of measured spectra neither the energy
    zero nor resolution, unit and background need be known, and nothing is supposed of the
    composition. A file that cannot be used is reported, the others go on; the exit code is then 1.
    """
    folder, files = _split(paths)
    for output in (csv, plot):
        if output is not None:
            check_free(output, force=force)
    choose = answering.choose_ready if folder is None else _always(folder)
    request = answering.Request(
        align=align,
        zero=None if e0 is None else inference.Zero(e0, e0_uncertainty),
        preparation=spectra.Preparation(baseline, pre_edge, not keep_glitches),
        merge=merge,
        atoms_averaged=atoms_averaged,
        force=force,
    )
    answers: list[answering.Answer] = []
    failures: list[answering.Failure] = []
    columns = {"energy": _column(energy), "mu": _column(mu)}
    with _figures(plot, force=force) as draw, _progress(files) as advance:
        for _, several in answering.answer_files(choose, files, request, **columns):
            for answer in several:
                if isinstance(answer, answering.Failure):
                    failures.append(answer)
                    continue
                draw(answer)
                # The arrays of thousands of measurements are not kept.
                answers.append(answer if json else replace(answer, evidence=None))
            advance()
    if csv is not None and answers:
        answering.write_csv(csv, answers, force=force)
    if json:
        failed = [{"file": failure.file, "reason": failure.reason} for failure in failures]
        print_json({"answers": [answer.to_json() for answer in answers], "failed": failed})
    elif answers:
        _print(answers)
    if len(failures) == 1 and not answers:
        raise InputError(failures[0].reason)
    for failure in failures:
        typer.echo(f"nearedge: {' '.join(failure.reason.split())}", err=True)
    if failures:
        raise typer.Exit(1)


def _always(folder: Path) -> "Callable[[spectra.Spectrum], tuple[models.Model, str]]":
    model = models.load_model(folder)
    return lambda _: (model, str(folder))


def _column(text: str | None) -> int | str | None:
    return int(text) if text is not None and text.isdigit() else text


def _split(paths: Sequence[str]) -> tuple[Path | None, list[str]]:
    """Tell the model from the files; None for those that ship."""
    first = Path(paths[0])
    # A folder's name that was mistyped must not let the model that ships answer instead.
    if len(paths) > 1 and not first.suffix and reading.MARK not in paths[0] and not first.exists():
        raise InputError(f"{first}: no such model folder or file; check the name")
    if not answering.is_folder(first) or (
        (first / "spectra.nc").exists() and not (first / "model.json").exists()
    ):
        return None, list(paths)
    if len(paths) == 1:
        raise typer.BadParameter(f"give files of spectra after the model {first}")
    return first, list(paths[1:])


@contextmanager
def _figures(plot: Path | None, *, force: bool) -> Iterator[Callable[["answering.Answer"], None]]:
    """Give what draws an answer into the folder, which appears when all are drawn."""
    if plot is None:
        yield lambda _: None
        return
    with replacing(plot, force=force) as folder:
        folder.mkdir()

        def draw(answer: "answering.Answer") -> None:
            if answer.evidence is not None:
                path = folder / answering.plot_name(answer)
                # Two folders may hold files of one name.
                number = 2
                while path.exists():
                    path = folder / f"{number}-{answering.plot_name(answer)}"
                    number += 1
                answering.write_figure(path, answer)

        yield draw
    if not any(plot.iterdir()):
        plot.rmdir()
        typer.echo(f"{plot}: nothing to draw, figures are made of measured spectra", err=True)


@contextmanager
def _progress(files: Sequence[str]) -> Iterator[Callable[[], None]]:
    if len(files) < MANY:
        yield lambda: None
        return
    from nearedge.drawing.progress import counting_bar

    with counting_bar() as bar:
        task = bar.add_task("predicting", total=len(files))
        yield lambda: bar.advance(task)


def _print(answers: "Sequence[answering.Answer]") -> None:
    from rich.console import Console

    Console().print(answering.answer_table(answers))
    for basis in dict.fromkeys(answer.basis for answer in answers if answer.basis):
        typer.echo(basis)
    remarks = _once_a_file(answers)
    remarks += [answer.sentence() for answer in answers if not answer.applies]
    for remark in remarks[:SHOWN]:
        typer.echo(remark)
    if len(remarks) > SHOWN:
        typer.echo(f"and {len(remarks) - SHOWN} more; --json gives them all")
    strays = sum(not answer.applies for answer in answers)
    if strays:
        typer.echo(f"the model does not apply to {strays} of {len(answers)} spectra", err=True)


def _once_a_file(answers: "Sequence[answering.Answer]") -> list[str]:
    """List the remarks, those that all spectra of a file share once."""
    remarks: list[str] = []
    for file in dict.fromkeys(answer.file for answer in answers):
        own = [answer for answer in answers if answer.file == file]
        shared = [text for text in own[0].remarks if all(text in one.remarks for one in own)]
        remarks += [f"{Path(file).name}: {text}" for text in shared]
        remarks += [
            f"{answer.name}: {text}"
            for answer in own
            for text in answer.remarks
            if text not in shared
        ]
    return remarks
