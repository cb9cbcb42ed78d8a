"""The verbs that make and judge models: train, evaluate."""

from dataclasses import asdict
from typing import Annotated, Any, Literal

import typer
from rich.console import Console
from rich.table import Table

from nearedge import datasets, models
from nearedge.cli._arguments import (
    Dataset,
    Force,
    Json,
    ModelFolder,
    MoreNames,
    Only,
    Output,
    RecipeName,
    Seed,
    named,
    print_json,
)
from nearedge.drawing.progress import progress_bar
from nearedge.records import check_free


def train(
    kind: Annotated[
        Literal["classifier", "regressor"],
        typer.Argument(help="What to train.", show_default=False),
    ],
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
    target: Annotated[
        str | None,
        typer.Option(
            help="What is told: environment, coordination, bond_valence, bond_length,"
            " oxidation_state, as the dataset has it (default: the paper's)."
        ),
    ] = None,
    group: Annotated[
        str | None,
        typer.Option(
            help="What is kept apart when the error is estimated and the intervals calibrated:"
            " snapshot, atom, trajectory, crystal, composition"
            " (default: the strictest that the dataset can carry)."
        ),
    ] = None,
    recipe: Annotated[RecipeName, typer.Option(help="How to train.")] = "best",
    seed: Seed = 0,
    json: Json = False,
    force: Force = False,
) -> None:
    """Train a classifier or a regressor, and estimate its error on unseen groups of sites."""
    held_out = named("--hold-out", hold_out, more)
    check_free(output, force=force)
    data = datasets.load_dataset(dataset)
    with progress_bar(f"training on {dataset}"):
        model = models.train(
            data,
            kind,
            target=target,
            recipe=recipe,
            group=group,
            hold_out=held_out,
            seed=seed,
        )
    model.save(output, force=force)
    record = model.record
    estimate = record.estimate
    if json:
        about = asdict(record)
        # One name for each atom: too long to be read.
        del about["training"]["atoms"]
        told = {"model": str(output), "kind": model.kind, "target": model.target.name}
        print_json({**told, **about})
        return
    typer.echo(f"{output}: trained on {record.training.sites} sites")
    if estimate.value is None:
        typer.echo(f"no estimate for unseen sites: {estimate.reason}")
        return
    table = Table(title=f"rung {estimate.rung}: {estimate.meaning}", title_justify="left")
    table.add_column("raw, unseen sites")
    table.add_column(estimate.score, justify="right")
    table.add_row("this model", f"{estimate.value:.3f} ± {estimate.spread:.3f}")
    for name, value in (estimate.baselines or {}).items():
        table.add_row(name, f"{value:.3f}")
    Console().print(table)
    sentence = models.coverage_sentence(record.calibration)
    if sentence:
        typer.echo(sentence)


def evaluate(
    model: ModelFolder,
    dataset: Dataset,
    more: MoreNames = None,
    only: Only = None,
    json: Json = False,
) -> None:
    """Score a model on the raw, unaveraged sites of a dataset."""
    names = named("--only", only, more)
    result = models.evaluate(models.load_model(model), datasets.load_dataset(dataset), only=names)
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
