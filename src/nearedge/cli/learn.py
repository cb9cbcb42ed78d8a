"""The verbs that make, judge and list models: train, evaluate, models."""

from dataclasses import asdict
from typing import Annotated, Literal

import typer
from typer import Argument, Option

from nearedge import datasets, models, records
from nearedge.cli import options, terminal
from nearedge.drawing.progress import progress_bar


def train(
    kind: Annotated[Literal["classifier", "regressor"], Argument(help="What to train.")],
    dataset: options.Dataset,
    output: options.Output,
    more: options.MoreNames = None,
    hold_out: Annotated[
        list[str] | None,
        Option(help="Snapshots or trajectories that are not used in any way.", metavar="NAME ..."),
    ] = None,
    target: Annotated[
        str | None,
        Option(
            help="What is told: environment, coordination, bond_valence, bond_length,"
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
    recipe: options.RecipeName = "best",
    seed: options.Seed = 0,
    json: options.Json = False,
    force: options.Force = False,
) -> None:
    """Train a classifier or a regressor, and estimate its error on unseen groups of sites."""
    held_out = options.named("--hold-out", hold_out, more)
    records.check_free(output, force=force)
    data = datasets.load_dataset(dataset)
    with progress_bar(f"training on {dataset}"):
        model = models.train(
            data, kind, target=target, recipe=recipe, group=group, hold_out=held_out, seed=seed
        )
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


def evaluate(
    model: options.ModelFolder,
    dataset: options.Dataset,
    more: options.MoreNames = None,
    only: options.Only = None,
    json: options.Json = False,
) -> None:
    """Score a model on the raw, unaveraged sites of a dataset."""
    names = options.named("--only", only, more)
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
        terminal.print_json(
            [
                {
                    "name": model.name,
                    "absorber": model.edge and model.edge.absorber,
                    "edge": model.edge and model.edge.name,
                    "targets": list(model.targets),
                    "score": model.score,
                    "value": model.value,
                    "rung": model.rung,
                    "folder": str(model.folder),
                }
                for model in ready
            ]
        )
        return
    for model in ready:
        value = "unknown" if model.value is None else f"{model.value:.3f}"
        typer.echo(
            f"{model.edge or 'several absorbers'}: {', '.join(model.targets)}; {model.score} "
            f"{value} on unseen sites, rung {model.rung} ({model.name})"
        )
