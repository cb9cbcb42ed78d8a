"""The verb that uses a model on files, computed or measured."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from nearedge import answers as answering, files as reading, models, spectra
from nearedge.cli._arguments import Force, Json, LikeTraining, print_json
from nearedge.drawing.progress import counting_bar
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
            help="A model folder (default: the model that ships, trained on O K-edge spectra of"
            " Li3FeO3.5), then files of spectra, measured or computed, or dataset folders."
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
    like_training: LikeTraining = 0.5,
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
    force: Force = False,
) -> None:
    """Predict the class or the coordination number behind spectra without labels.

    Of measured spectra neither the energy zero nor resolution, unit and background need be known:
    the answer is averaged over what they may be. A file that cannot be used is reported, the
    others go on; the exit code is then 1.
    """
    folder, files = _split(paths)
    for output in (csv, plot):
        if output is not None:
            check_free(output, force=force)
    model = models.load_model(folder)
    request = answering.Request(
        align=align,
        zero=None if e0 is None else inference.Zero(e0, e0_uncertainty),
        alike=like_training,
        preparation=spectra.Preparation(baseline, pre_edge, not keep_glitches),
        merge=merge,
        atoms_averaged=atoms_averaged,
    )
    answers: list[answering.Answer] = []
    failures: list[answering.Failure] = []
    with _figures(plot, model, force=force) as drawn, _progress(files) as advanced:
        for _, found in answering.predict_files(model, files, request):
            for one in found:
                if isinstance(one, answering.Failure):
                    failures.append(one)
                    continue
                drawn(one)
                # The arrays of thousands of measurements are not kept.
                answers.append(answering.Answer(one.file, one.spectrum, one.result))
            advanced()
    if csv is not None and answers:
        answering.write_csv(csv, answers, force=force)
    if json:
        _print_json(model, answers, failures, request)
    elif answers:
        _print_tables(model, folder, answers, atoms_averaged)
    if len(failures) == 1 and not answers:
        raise InputError(failures[0].reason)
    for failure in failures:
        typer.echo(f"nearedge: {' '.join(failure.reason.split())}", err=True)
    if failures:
        raise typer.Exit(1)


def _split(paths: Sequence[str]) -> tuple[Path, list[str]]:
    """Tell the model from the files."""
    first = Path(paths[0])
    # A folder's name that was mistyped must not let the model that ships answer instead.
    if len(paths) > 1 and not first.suffix and reading.MARK not in paths[0] and not first.exists():
        raise InputError(f"{first}: no such model folder or file; check the name")
    if not answering.is_folder(first) or (
        (first / "spectra.nc").exists() and not (first / "model.json").exists()
    ):
        return models.ready_model_path(), list(paths)
    if len(paths) == 1:
        raise typer.BadParameter(f"give files of spectra after the model {first}")
    return first, list(paths[1:])


@contextmanager
def _figures(plot: Path | None, model: "models.Model", *, force: bool) -> Iterator[Any]:
    """Give what draws an answer into the folder, which appears when all are drawn."""
    if plot is None:
        yield lambda _: None
        return
    with replacing(plot, force=force) as folder:
        folder.mkdir()

        def draw(answer: "answering.Answer") -> None:
            if answer.measurement is not None:
                path = folder / answering.plot_name(answer)
                # Two folders may hold files of one name.
                number = 2
                while path.exists():
                    path = folder / f"{number}-{answering.plot_name(answer)}"
                    number += 1
                answering.write_figure(path, answer, model)

        yield draw
    if not any(plot.iterdir()):
        plot.rmdir()
        typer.echo(f"{plot}: nothing to draw, figures are made of measured spectra", err=True)


@contextmanager
def _progress(files: Sequence[str]) -> Iterator[Any]:
    if len(files) < MANY:
        yield lambda: None
        return
    with counting_bar() as bar:
        task = bar.add_task("predicting", total=len(files))
        yield lambda: bar.advance(task)


def _print_json(
    model: "models.Model",
    answers: "Sequence[answering.Answer]",
    failures: "Sequence[answering.Failure]",
    request: "answering.Request",
) -> None:
    calibration = model.record["calibration"]
    print_json(
        {
            "kind": model.kind,
            "level": calibration.get("level"),
            "rung": calibration["rung"],
            "atoms_averaged": request.atoms_averaged,
            "predictions": [answer.to_dict() for answer in answers],
            "failed": [{"file": one.file, "reason": one.reason} for one in failures],
        }
    )


def _print_tables(
    model: "models.Model", folder: Path, answers: "Sequence[answering.Answer]", atoms: int | None
) -> None:
    console = Console()
    measured = [one.to_dict() for one in answers if one.result["measured"]]
    computed = [one.to_dict() for one in answers if not one.result["measured"]]
    if measured:
        console.print(_measured(measured, model))
        console.print(_fractions(measured))
    if computed:
        console.print(_computed(computed, model))
        if any("fractions" in one for one in computed):
            console.print(_fractions(computed))
        for remark in _remarks(computed, atoms):
            typer.echo(remark)
    remarks = [(one, text) for one in measured for text in one["remarks"]]
    strays = [one for one in (*measured, *computed) if not one["applies"]]
    remarks += [(one, one["novelty"]["reason"]) for one in strays]
    for one, text in remarks[:SHOWN]:
        typer.echo(f"{Path(one['file']).name} {one['spectrum']}: {text}")
    if len(remarks) > SHOWN:
        typer.echo(f"and {len(remarks) - SHOWN} more; --json gives the reasons of all")
    if strays:
        typer.echo(
            f"the model does not apply to {len(strays)} of {len(answers)} spectra, which are "
            "unlike its training spectra; compare engine, energy zero and unit with "
            f"{folder / 'card.md'}",
            err=True,
        )
    if model.inference is not None and any(not one["applies"] for one in computed):
        typer.echo(
            "energies were taken as they are; of measured spectra --align auto finds the zero, "
            "and unit and background do not matter",
            err=True,
        )


def _remarks(predicted: Sequence[dict[str, Any]], atoms: int | None) -> list[str]:
    """Say what the intervals suppose."""
    remarks = []
    if any(one.get("interval") for one in predicted) and atoms is None:
        remarks.append(
            "intervals for any number of averaged atoms; --atoms-averaged N narrows them"
        )
    if any("interval_any_composition" in one for one in predicted):
        remarks.append(
            "they suppose environments about as frequent as in the training data; --json also "
            "gives those for any composition"
        )
    return remarks


def _measured(predicted: Sequence[dict[str, Any]], model: "models.Model") -> Table:
    rule, record = model.rule, model.record["measured"]
    title = (
        f"{rule.neighbour} within {rule.cutoff:g} Å of {rule.absorber}; intervals of 90%, made on "
        f"simulated measurements, rung {record['rung']}"
    )
    table = Table(title=title, title_justify="left")
    table.add_column("spectrum", overflow="fold")
    table.add_column("coordination", justify="right")
    for name in ("interval", "any comp.", "alike", "E0, eV"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("applies")
    for one in predicted:
        offset = one["offset"]
        table.add_row(
            Text(f"{Path(one['file']).name} {one['spectrum']}"),
            f"{one['coordination']:.2f}",
            _short(one["interval"]),
            _short(one["interval_any_composition"]),
            f"{one['like_training']:.0%}",
            f"{offset['energy']:.1f}" + (" ?" if offset["ambiguous"] else ""),
            "yes" if one["applies"] else "no",
        )
    return table


def _computed(predicted: Sequence[dict[str, Any]], model: "models.Model") -> Table:
    calibration, rule = model.record["calibration"], model.rule
    title = f"{rule.neighbour} within {rule.cutoff:g} Å of {rule.absorber}"
    if calibration["rung"]:
        title += f"; {calibration['level']:.0%} on unseen sites, rung {calibration['rung']}"
    table = Table(title=title, title_justify="left")
    columns = {
        "classifier": ("class", "probability", "not ruled out"),
        "regressor": ("coordination", "interval"),
    }
    for name in ("file", "spectrum", *columns[model.kind], "applies"):
        table.add_column(name)
    for one in predicted:
        if model.kind == "classifier":
            cells = (
                one["environment"],
                f"{one['probabilities'][one['environment']]:.2f}",
                "-" if one["set"] is None else ", ".join(one["set"]),
            )
        else:
            cells = (f"{one['coordination']:.2f}", _interval(one["interval"]))
        applies = "yes" if one["applies"] else "no"
        table.add_row(Text(Path(one["file"]).name), Text(one["spectrum"]), *cells, applies)
    return table


def _fractions(predicted: Sequence[dict[str, Any]]) -> Table:
    table = Table(title="fractions of the environments, %", title_justify="left")
    for name in ("spectrum", *predicted[0]["fractions"]):
        table.add_column(name, overflow="fold")
    for one in predicted:
        ends = one.get("fraction_intervals") if one["measured"] else None
        shares = (
            f"{share:.0%}" if ends is None else f"{share:.0%} ({_percent(ends[name])})"
            for name, share in one["fractions"].items()
        )
        named = Text(f"{Path(one['file']).name} {one['spectrum']}")
        table.add_row(named, *(share.replace("%", "") for share in shares))
    return table


def _short(ends: Sequence[float]) -> str:
    return f"{ends[0]:.2f}-{ends[1]:.2f}"


def _percent(ends: Sequence[float]) -> str:
    return f"{ends[0]:.0%}-{ends[1]:.0%}"


def _interval(ends: Sequence[float] | None) -> str:
    return "-" if ends is None else f"{ends[0]:.2f} to {ends[1]:.2f}"
