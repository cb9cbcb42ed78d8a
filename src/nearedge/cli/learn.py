"""The verbs that make and use models: train, evaluate, predict."""

from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich.console import Console
from rich.table import Table

from nearedge import models
from nearedge.cli._arguments import (
    Dataset,
    Force,
    Json,
    ModelFolder,
    MoreNames,
    Only,
    Output,
    Seed,
    named,
    print_json,
)
from nearedge.dataset import Group, load_dataset
from nearedge.outputs import check_free

RecipeName = Literal["best", "network", "paper"]

SHOWN = 30
"""Most spectra of which it is said why the model does not apply."""


def train(
    kind: Annotated[models.Kind, typer.Argument(help="What to train.", show_default=False)],
    dataset: Dataset,
    output: Output,
    more: MoreNames = None,
    hold_out: Annotated[
        list[str] | None,
        typer.Option(
            help="Snapshots or trajectories that are not used in any way.",
            metavar="NAME ...",
        ),
    ] = None,
    group: Annotated[
        Group | None,
        typer.Option(
            help="What is kept apart when the error is estimated and the intervals calibrated"
            " (default: the strictest that the dataset can carry)."
        ),
    ] = None,
    recipe: Annotated[
        RecipeName | None,
        typer.Option(help="How to train (default: best, or as the model of --from was)."),
    ] = None,
    source: Annotated[
        Path | None,
        typer.Option(
            "--from",
            help="Model of another engine or compound to continue from, for few labelled spectra.",
            metavar="MODEL",
            show_default=False,
        ),
    ] = None,
    seed: Seed = 0,
    json: Json = False,
    force: Force = False,
) -> None:
    """Train a classifier or a regressor, and estimate its error on unseen groups of sites."""
    held_out = named("--hold-out", hold_out, more)
    check_free(output, force=force)
    data = load_dataset(dataset)
    with Console(stderr=True).status(f"training on {dataset}"):
        model = models.train(
            data,
            kind,
            recipe=recipe,
            group=group,
            hold_out=held_out,
            source=models.load_model(source) if source else None,
            seed=seed,
        )
    model.save(output, force=force)
    if json:
        print_json(
            {
                "model": str(output),
                "kind": model.kind,
                "training": _without_atoms(model.record["training"]),
                "source": model.record["source"] and _without_atoms(model.record["source"]),
                "estimate": model.record["estimate"],
                "calibration": model.record["calibration"],
            }
        )
        return
    estimate = model.record["estimate"]
    typer.echo(f"{output}: trained on {model.record['training']['sites']} sites")
    if model.record["source"]:
        shared = model.record["source"]["shared"]
        flattered = f"; that model had seen {shared} of these sites" if shared else ""
        typer.echo(f"continued from {source}{flattered}")
    if estimate["rung"] is None:
        typer.echo(f"no estimate for unseen sites: {estimate['reason']}")
        return
    table = Table(title=f"rung {estimate['rung']}: {estimate['meaning']}", title_justify="left")
    table.add_column("raw, unseen sites")
    table.add_column(estimate["score"], justify="right")
    table.add_row("this model", f"{estimate['value']:.3f} ± {estimate['spread']:.3f}")
    for name, value in estimate["baselines"].items():
        table.add_row(name, f"{value:.3f}")
    Console().print(table)
    sentence = models.coverage_sentence(model.record["calibration"])
    if sentence:
        typer.echo(sentence)


def _without_atoms(training: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in training.items() if key != "atoms"}


def evaluate(
    model: ModelFolder,
    dataset: Dataset,
    more: MoreNames = None,
    only: Only = None,
    json: Json = False,
) -> None:
    """Score a model on the raw, unaveraged sites of a dataset."""
    names = named("--only", only, more)
    result = models.evaluate(models.load_model(model), load_dataset(dataset), only=names)
    if json:
        print_json(result)
        return
    console = Console()
    if result["rung"] == "training":
        console.print(
            f"[bold]{result['seen']} of {result['n']} sites were trained on[/bold]: "
            "the score says nothing of unseen ones"
        )
    if result["outside"]:
        console.print(f"the model does not apply to {result['outside']} of {result['n']} sites")
    table = Table(title=f"rung {result['rung']}: {result['meaning']}", title_justify="left")
    table.add_column(f"{result['n']} raw sites")
    table.add_column("score", justify="right")
    for name, value in result.items():
        if isinstance(value, float):
            table.add_row(name.replace("_", " "), f"{value:.3f}")
    console.print(table)
    for table in _details(result):
        console.print(table)
    if "confusion" in result:
        console.print(_confusion(result["confusion"]))


def _details(result: dict[str, Any]) -> list[Table]:
    """Coverage class by class, and of a regressor by averaged atoms."""
    by_class = [{"class": name, **one} for name, one in result["per_class"].items()]
    tables = []
    for title, rows in (("by class", by_class), ("by averaged atoms", result.get("averages", []))):
        table = Table(title=title, title_justify="left")
        plain = [{k: v for k, v in row.items() if not isinstance(v, dict)} for row in rows]
        names = list(dict.fromkeys(name for row in plain for name in row))
        for name in names:
            table.add_column(name.replace("_", " "), justify="right")
        for row in plain:
            table.add_row(*(_cell(row.get(name)) for name in names))
        if rows:
            tables.append(table)
    return tables


def _cell(value: str | int | float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def _confusion(confusion: dict[str, Any]) -> Table:
    table = Table(title="truth (rows), predicted (columns)", title_justify="left")
    table.add_column("")
    for name in confusion["classes"]:
        table.add_column(name, justify="right")
    for name, row in zip(confusion["classes"], confusion["matrix"], strict=True):
        table.add_row(name, *map(str, row))
    return table


def predict(
    model: ModelFolder,
    files: Annotated[
        list[Path],
        typer.Argument(
            help="Tables of spectra (first column energy in eV) or dataset folders.",
            show_default=False,
        ),
    ],
    atoms_averaged: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Atoms whose spectra each spectrum is the average of, 1 for single sites: a"
            " regressor's intervals narrow with it (default: unknown, the widest intervals).",
            show_default=False,
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Predict the class or the coordination number behind spectra without labels."""
    loaded = models.load_model(model)
    read = [(path, *models.read_spectra(path)) for path in files]
    predicted = [
        {"file": str(path), "spectrum": name, **result}
        for path, energy, mu, names in read
        for name, result in zip(
            names,
            models.predict(loaded, energy, mu, str(path), atoms_averaged=atoms_averaged),
            strict=True,
        )
    ]
    calibration = loaded.record["calibration"]
    if json:
        print_json(
            {
                "kind": loaded.kind,
                "level": calibration.get("level"),
                "rung": calibration["rung"],
                "atoms_averaged": atoms_averaged,
                "predictions": predicted,
            }
        )
        return
    Console().print(_predictions(predicted, loaded))
    if any("fractions" in one for one in predicted):
        Console().print(_fractions(predicted))
    for remark in _remarks(predicted, atoms_averaged):
        typer.echo(remark)
    strays = [one for one in predicted if not one["applies"]]
    for one in strays[:SHOWN]:
        typer.echo(f"{Path(one['file']).name} {one['spectrum']}: {one['novelty']['reason']}")
    if len(strays) > SHOWN:
        typer.echo(f"and {len(strays) - SHOWN} more; --json gives the reasons of all")
    if strays:
        typer.echo(
            f"the model does not apply to {len(strays)} of {len(predicted)} spectra, which are "
            "unlike its training spectra; compare engine, energy zero and unit with "
            f"{model / 'card.md'}",
            err=True,
        )


def _remarks(predicted: list[dict[str, Any]], atoms: int | None) -> list[str]:
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


def _predictions(predicted: list[dict[str, Any]], model: models.Model) -> Table:
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
        table.add_row(Path(one["file"]).name, one["spectrum"], *cells, applies)
    return table


def _fractions(predicted: list[dict[str, Any]]) -> Table:
    table = Table(title="fractions of the environments", title_justify="left")
    for name in ("file", "spectrum", *predicted[0]["fractions"]):
        table.add_column(name)
    for one in predicted:
        shares = (f"{share:.0%}" for share in one["fractions"].values())
        table.add_row(Path(one["file"]).name, one["spectrum"], *shares)
    return table


def _interval(ends: list[float] | None) -> str:
    return "-" if ends is None else f"{ends[0]:.2f} to {ends[1]:.2f}"
