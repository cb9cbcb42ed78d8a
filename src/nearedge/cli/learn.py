"""The verbs that make, judge and list models: train, evaluate, models."""

from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Annotated, Literal

import typer
from typer import Argument, Option

from nearedge import answers, datasets, matching, models, records
from nearedge.cli import measured as measured_rung, options, terminal
from nearedge.drawing.progress import progress_bar


def train(
    kind: Annotated[
        Literal["classifier", "regressor", "library"],
        Argument(
            help="What to train; a library holds the spectra, and compares measured ones with them."
        ),
    ],
    dataset: options.Dataset,
    output: options.Output,
    more: options.MoreHeldOut = None,
    hold_out: Annotated[
        list[str] | None,
        Option(
            help="Snapshots, trajectories or compositions (formulas) that are not used in any way.",
            metavar="NAME ...",
        ),
    ] = None,
    target: Annotated[
        str | None,
        Option(
            help="Target to predict: environment, coordination, bond_valence, bond_length,"
            " oxidation_state, as the dataset has it (default: the paper's)."
        ),
    ] = None,
    group: Annotated[
        str | None,
        Option(
            help="What is kept apart when the error is estimated and the intervals calibrated:"
            " snapshot, atom, trajectory, crystal, composition"
            " (default: the strictest that the dataset can carry)."
        ),
    ] = None,
    feature: options.Features = None,
    recipe: options.RecipeName = "best",
    standards: Annotated[
        Path | None,
        Option(
            help="Folder of measured spectra of known structure (truth.tsv and the files it names),"
            " that a library compares with as well; it is scored on them with each compound left"
            " out."
        ),
    ] = None,
    measured: Annotated[
        Path | None, Option(help="Folder of the same form, on which a library is only scored.")
    ] = None,
    seed: options.Seed = 0,
    json: options.Json = False,
    force: options.Force = False,
) -> None:
    """Train a classifier or a regressor, and estimate its error on unseen groups of sites."""
    held_out = options.named("--hold-out", hold_out, more)
    records.check_free(output, force=force)
    for name, folder in {"--standards": standards, "--measured": measured}.items():
        if folder is not None and kind != "library":
            raise typer.BadParameter(
                f"{name} is for libraries: nearedge train library {dataset} {name} {folder} ..."
            )
    data = datasets.load_dataset(dataset)
    if kind == "library":
        used = data.select(~data.names_mask(held_out)) if held_out else data
        _library(used, output, standards, measured, json=json, force=force)
        return
    with progress_bar(f"training on {dataset}"):
        model = models.train(
            data, kind, target=target, recipe=recipe, group=group, hold_out=held_out, seed=seed,
            features=feature or (),
        )  # fmt: skip
    model.save(output, force=force)
    record = model.record
    estimate = record.estimate
    if json:
        about = asdict(record)
        # One name for each atom: too long to be read.
        del about["training"]["atoms"]
        told = {"model": str(output), "kind": model.kind, "target": model.target.name}
        terminal.print_json({**told, **about})
        return
    typer.echo(f"{output}: trained on {record.training.sites} sites")
    if estimate.value is None:
        typer.echo(f"no estimate for unseen sites: {estimate.reason}")
        return
    rows = [["this model", f"{estimate.value:.3f} ± {estimate.spread:.3f}"]]
    rows += [[name, f"{value:.3f}"] for name, value in (estimate.baselines or {}).items()]
    title = f"rung {estimate.rung}: {estimate.meaning}"
    terminal.print_table(["raw, unseen sites", estimate.score], rows, title=title)
    if sentence := models.coverage_sentence(record.calibration):
        typer.echo(sentence)


def _library(
    data: "datasets.SiteSpectra",
    output: Path,
    standards: Path | None,
    measured: Path | None,
    *,
    json: bool,
    force: bool,
) -> None:
    """Make a library, and score it on measured spectra where there are some."""
    library = matching.build_library(data)
    if standards is not None:
        own = matching.standards_library(matching.read_standards(standards), str(standards))
        library = library.joined(own)
    judge = measured or standards
    result = None
    if judge is not None:
        chosen = (library, str(output))
        result = measured_rung.judge(lambda _: chosen, judge, library)
        library = replace(library, judged=answers.judgements(result))
    matching.save_library(library, output, force=force)
    if json:
        counts = {str(edge): len(library.of(edge.absorber)) for edge in library.edges}
        about = {"model": str(output), "kind": "library", "references": counts}
        terminal.print_json(about | ({} if result is None else {"measured": result.to_json()}))
        return
    typer.echo(f"{output}: {len(library)} references of {', '.join(map(str, library.edges))}")
    if result is not None:
        measured_rung.show(result)


def evaluate(
    model: Annotated[
        Path | None,
        Argument(help="Model folder (with --measured: those that ship).", show_default=False),
    ] = None,
    dataset: Annotated[
        Path | None,
        Argument(help="Dataset folder, or the name of one that ships.", show_default=False),
    ] = None,
    more: options.MoreNames = None,
    only: options.Only = None,
    measured: options.Measured = None,
    plot: Annotated[
        Path | None,
        Option(help="With --measured: figure of predicted against true numbers, and reliability."),
    ] = None,
    json: options.Json = False,
    force: options.Force = False,
) -> None:
    """Score a model on the raw, unaveraged sites of a dataset, or on measured spectra."""
    names = options.named("--only", only, more)
    if measured is not None:
        if dataset is not None:
            raise typer.BadParameter("give a dataset or --measured, not both")
        chosen = None if model is None else (answers.load_any(model), str(model))
        choose = answers.choose_ready if chosen is None else lambda _: chosen
        options.check_figure(plot, force=force)
        result = measured_rung.judge(choose, measured)
        if plot is not None:
            answers.write_figure(plot, partial(answers.draw_measured, result), force=force)
        if json:
            terminal.print_json(result.to_json())
        else:
            measured_rung.show(result)
            terminal.say_where(plot)
        return
    if model is None or dataset is None or plot is not None:
        raise typer.BadParameter("give a model and a dataset, or --measured (which --plot needs)")
    data = datasets.load_dataset(dataset)
    result = models.evaluate(models.load_model(model), data, only=names).to_json()
    if json:
        terminal.print_json(result)
        return
    if result["rung"] == "training":
        typer.echo(
            f"{result['seen']} of {result['n']} sites were trained on: the score says nothing of "
            "unseen ones"
        )
    if result["left_out"]:
        name = result["target"].replace("_", " ")
        typer.echo(f"left out: {result['left_out']} sites whose {name} is not known")
    if result["outside"]:
        typer.echo(f"the model does not apply to {result['outside']} of {result['n']} sites")
    numbers = {name: value for name, value in result.items() if isinstance(value, float)}
    rows = [[name.replace("_", " "), f"{value:.3f}"] for name, value in numbers.items()]
    title = f"rung {result['rung']}: {result['meaning']}"
    terminal.print_table([f"{result['n']} raw sites", "score"], rows, title=title)
    by_class = [{"class": name, **scores} for name, scores in result["per_class"].items()]
    _print_records("by class", by_class)
    _print_records("by averaged atoms", result.get("averages", []))
    if "confusion" in result:
        classes, matrix = result["confusion"]["classes"], result["confusion"]["matrix"]
        rows = [[name, *map(str, row)] for name, row in zip(classes, matrix, strict=True)]
        terminal.print_table(["", *classes], rows, title="truth (rows), predicted (columns)")


def _print_records(title: str, rows: "list[records.Json]") -> None:
    """Print numbers of records, those that all have and those that some have."""
    plain = (name for row in rows for name, cell in row.items() if not isinstance(cell, dict))
    heads = list(dict.fromkeys(plain))
    if rows:
        cells = [[_cell(row.get(name)) for name in heads] for row in rows]
        terminal.print_table(
            [name.replace("_", " ") for name in heads], cells, title=title, words=0
        )


def _cell(value: str | int | float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def list_models(json: options.Json = False) -> None:
    """List the ready models: absorber, edge, what each tells, how good it is on which rung."""
    ready = models.ready_models()
    if json:
        plain = [
            {
                "name": model.name,
                "absorber": model.edge and model.edge.absorber,
                "edge": model.edge and model.edge.name,
                "targets": list(model.targets),
                "score": model.score,
                "value": model.value,
                "rung": model.rung,
                "n": model.n,
                "folder": str(model.folder),
            }
            for model in ready
        ]
        terminal.print_json(plain)
        return
    for model in ready:
        value = "unknown" if model.value is None else f"{model.value:.3f}"
        measured = model.rung == "measured"
        unseen = "measured spectra of known structure" if measured else "unseen sites"
        typer.echo(
            f"{model.edge or 'several absorbers'}: {', '.join(model.targets)}; {model.score} "
            f"{value} on {model.n} {unseen}, rung {model.rung} ({model.name})"
        )
