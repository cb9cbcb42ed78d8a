"""The verb that uses a model on files, computed or measured."""

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from itertools import count
from pathlib import Path
from typing import Annotated, Literal

import typer
from typer import Argument, Option

from nearedge import answers as answering, files as reading, models, spectra
from nearedge.cli import options, terminal
from nearedge.drawing.progress import counting_bar
from nearedge.errors import InputError
from nearedge.models import inference
from nearedge.records import check_free, replacing

# Most remarks and reasons that are printed.
SHOWN = 30
# Files from which progress is shown.
MANY = 10


def predict(
    paths: Annotated[
        list[str],
        Argument(
            help="A model's folder, or the name of one that ships (see nearedge models; default:"
            " the one for a file's absorber and edge), then files of spectra, measured or computed,"
            " folders of files, or dataset folders. FILE::NAME is one spectrum of a file.",
            metavar="[MODEL] FILE...",
        ),
    ],
    e0: options.E0 = None,
    e0_uncertainty: options.E0Uncertainty = 0.5,
    align: Annotated[
        Literal["auto", "none"] | None,
        Option(
            help="Search the zero, or take energies as they are (default: search it where they"
            " begin above the model's window)."
        ),
    ] = None,
    baseline: Annotated[
        Literal["auto", "none", "constant", "line", "victoreen"],
        Option(help="What is fitted before the edge and taken off."),
    ] = "auto",
    pre_edge: Annotated[
        tuple[float, float] | None,
        Option(help="Energies to fit it to, eV (default: up to 2 eV below the onset)."),
    ] = None,
    keep_glitches: Annotated[
        bool, Option("--keep-glitches", help="Do not replace points that stand out.")
    ] = False,
    energy: options.EnergyColumn = None,
    mu: options.MuColumn = None,
    merge: Annotated[
        bool, Option("--merge", help="Average scans of one sample, channel by channel.")
    ] = False,
    atoms_averaged: Annotated[
        int | None,
        Option(
            min=1,
            help="Of computed spectra: atoms whose spectra each is the average of, 1 for single"
            " sites: a regressor's intervals narrow with it (default: unknown, the widest).",
        ),
    ] = None,
    feature: Annotated[
        list[str] | None,
        Option(help="Feature that the model needs and files do not state.", metavar="NAME=VALUE"),
    ] = None,
    csv: Annotated[Path | None, Option(help="File to write a table to.")] = None,
    plot: Annotated[Path | None, Option(help="Folder for figures of measured spectra.")] = None,
    json: options.Json = False,
    overwrite: options.Overwrite = False,
    force: options.ForceAnswer = False,
) -> None:
    """Predict from spectra the environment, the coordination number and what else a model knows.

    The model is only believed for spectra of its own edge. Of measured spectra neither energy zero,
    resolution, unit nor background need be known, and no composition is assumed. A file that cannot
    be used is reported, the others go on; the exit code is then 1.
    """
    folder, files = _split(paths)
    replace_outputs = overwrite or force
    check_free(csv, plot, force=replace_outputs, remedy="--overwrite")
    for path in paths:
        if inner := answering.subfolders(path):
            skipped = f"{path}: folders in it are not looked into: {', '.join(inner)}"
            typer.echo(f"nearedge: {skipped}", err=True)
    chosen = None if folder is None else (answering.load_any(folder), str(folder))
    choose = answering.choose_ready if chosen is None else lambda _: chosen
    request = answering.Request(
        align=align,
        zero=None if e0 is None else inference.Zero(e0, e0_uncertainty),
        preparation=spectra.Preparation(baseline, pre_edge, not keep_glitches),
        merge=merge,
        atoms_averaged=atoms_averaged,
        force=force,
        features=options.pairs("--feature", feature),
    )
    answers: list[answering.Answer] = []
    failures: list[answering.Failure] = []
    bar = counting_bar()
    bar.disable |= len(files) < MANY
    task = bar.add_task("predicting", total=len(files))
    with replacing(plot, force=replace_outputs) if plot else nullcontext() as figures, bar:
        if figures is not None:
            figures.mkdir()
        for _, several in answering.answer_files(choose, files, request, energy=energy, mu=mu):
            for answer in several:
                if isinstance(answer, answering.Failure):
                    failures.append(answer)
                    continue
                if figures is not None and (answer.evidence or answer.match):
                    free = _unused(figures, answering.plot_name(answer))
                    answering.write_figure(free, partial(answering.draw, answer))
                # The arrays of thousands of measurements are not kept.
                answers.append(answer if json else replace(answer, evidence=None, match=None))
            bar.advance(task)
    if plot is not None and not any(plot.iterdir()):
        plot.rmdir()
        typer.echo(f"{plot}: nothing to draw, figures are made of measured spectra", err=True)
    if csv is not None and answers:
        answering.write_csv(csv, answers, force=replace_outputs)
    if json:
        terminal.print_json(answering.answers_json([*answers, *failures]))
    elif answers:
        _print(answers)
        terminal.say_where(csv, plot if plot is not None and plot.exists() else None)
    if len(failures) == 1 and not answers:
        raise InputError(failures[0].reason)
    for failure in failures:
        typer.echo(f"nearedge: {' '.join(failure.reason.split())}", err=True)
    if failures:
        raise typer.Exit(1)


def _split(paths: Sequence[str]) -> tuple[Path | None, list[str]]:
    """Tell the model from the files; None for those that ship."""
    first = models.ready_folder(paths[0]) if len(paths) > 1 else Path(paths[0])
    # A folder's name that was mistyped must not let the model that ships answer instead.
    if len(paths) > 1 and not first.suffix and reading.MARK not in paths[0] and not first.exists():
        raise InputError(
            f"{first}: no such model folder or file, and no model of this name ships (nearedge "
            "models lists them); check the name"
        )
    if answering.is_folder(first) and (first / "model.json").exists():
        if len(paths) == 1:
            raise typer.BadParameter(f"give files of spectra after the model {first}")
        return first, [file for path in paths[1:] for file in answering.files_in(path)]
    listed = [answering.files_in(path) for path in paths]
    if listed[0] != [paths[0]] and not all(map(answering.is_folder, paths)):
        raise InputError(f"{first}: is no model's folder (it holds no model.json); name another")
    return None, [file for files in listed for file in files]


def _unused(folder: Path, name: str) -> Path:
    """Give a name of its own to a file: two folders may hold files of one name."""
    paths = (folder / (f"{number}-{name}" if number > 1 else name) for number in count(1))
    return next(path for path in paths if not path.exists())


def _print(answers: "Sequence[answering.Answer]") -> None:
    terminal.print_table(*answering.answer_table(answers))
    for basis in _bases(answers):
        typer.echo(basis)
    for refusal in _refusals(answers):
        typer.echo(refusal)
    remarks = _once_a_file(answers)
    for remark in remarks[:SHOWN]:
        typer.echo(remark)
    if len(remarks) > SHOWN:
        typer.echo(f"and {len(remarks) - SHOWN} more; --json gives them all")
    strays = sum(not answer.applies for answer in answers)
    if strays:
        typer.echo(f"the model does not apply to {strays} of {len(answers)} spectra", err=True)


def _bases(answers: "Sequence[answering.Answer]") -> list[str]:
    """List what the answers of each model rest on; that of other elements is alike."""
    told: dict[str, dict[str, str]] = {}
    for answer in answers:
        if answer.basis:
            element = answer.edge.absorber if answer.edge else "?"
            told.setdefault(answer.model, {}).setdefault(answer.basis, element)
    bases = []
    for own in told.values():
        basis, *others = own
        likewise = f"; likewise for {', '.join(own[other] for other in others)}" if others else ""
        bases.append(basis + likewise)
    return bases


def _by_file(answers: "Sequence[answering.Answer]") -> list[list["answering.Answer"]]:
    grouped: dict[str, list[answering.Answer]] = {}
    for answer in answers:
        grouped.setdefault(answer.file, []).append(answer)
    return list(grouped.values())


def _once_a_file(answers: "Sequence[answering.Answer]") -> list[str]:
    """List the remarks, those that all spectra of a file share once."""
    remarks: list[str] = []
    for own in _by_file(answers):
        shared = [text for text in own[0].remarks if all(text in answer.remarks for answer in own)]
        remarks += [f"{own[0].file_name}: {text}" for text in shared]
        for answer in own:
            remarks += [f"{answer.name}: {text}" for text in answer.remarks if text not in shared]
    return remarks


def _refusals(answers: "Sequence[answering.Answer]") -> list[str]:
    """Say why the model does not apply, once for a file whose spectra share the reasons."""
    said: list[str] = []
    for own in _by_file(answers):
        reasons = {"; ".join(map(str, answer.reasons)) for answer in own}
        if len(own) > 1 and len(reasons) == 1 and not own[0].applies:
            said.append(f"{own[0].file_name}: the model does not apply, {reasons.pop()}")
        else:
            said += [answer.sentence() for answer in own if not answer.applies]
    return said
