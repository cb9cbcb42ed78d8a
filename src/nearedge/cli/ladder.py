"""The verb that climbs the ladder of honest splits."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from nearedge import datasets, ladder as rungs, targets
from nearedge.cli._arguments import Dataset, Json, RecipeName, Seed, print_json
from nearedge.drawing.progress import progress_bar

EngineDataset = Annotated[
    Path | None,
    typer.Option(
        help="Dataset of another engine, to test on in the rungs engine (units matched) and "
        "engine-aligned (shift, factor and broadening learnt without labels)."
    ),
]


def ladder(
    dataset: Dataset,
    recipe: Annotated[RecipeName, typer.Option(help="How to train.")] = "best",
    seeds: Annotated[
        int, typer.Option(help="Seeds, each with a fold of its own.", min=1, max=50)
    ] = 3,
    seed: Seed = 0,
    engine_dataset: EngineDataset = None,
    json: Json = False,
) -> None:
    """Score a recipe on raw unseen spectra while less and less is shared with training."""
    data = datasets.load_dataset(dataset)
    other = datasets.load_dataset(engine_dataset) if engine_dataset else None
    with progress_bar() as tell:
        climbed = rungs.climb(data, recipe, seeds=seeds, seed=seed, other=other, progress=tell)
    if json:
        print_json(climbed.to_dict())
        return
    console = Console()
    console.print(_classifier_table(climbed))
    if any(step.sets for step in climbed.rungs.values()):
        console.print(_sets_table(climbed))
    console.print(_regressor_table(climbed))
    if climbed.targets:
        console.print(_targets_table(climbed))
    for name, step in climbed.rungs.items():
        if step.remark:
            console.print(f"{name}: {step.remark}", highlight=False)
    for name, reason in climbed.not_climbed.items():
        console.print(f"not climbed: {name} ({reason})")


def _classifier_table(climbed: "rungs.Ladder") -> Table:
    table = Table(
        title=f"accuracy, recipe {climbed.recipe}, {climbed.seeds} seeds", title_justify="left"
    )
    table.add_column("rung")
    methods = list(next(iter(climbed.rungs.values())).baselines) if climbed.rungs else []
    for name in ("recipe", *methods, "n"):
        table.add_column(name, justify="right")
    for name, step in climbed.rungs.items():
        plain = [f"{step.baselines[method]:.3f}" for method in methods]
        table.add_row(name, f"{step.accuracy:.3f} ± {step.spread:.3f}", *plain, str(step.n))
        if step.raw_parents is not None:
            table.add_row("  its raw parents", f"{step.raw_parents:.3f}")
    return table


def _sets_table(climbed: "rungs.Ladder") -> Table:
    judged = {name: step.sets for name, step in climbed.rungs.items() if step.sets}
    first = next(iter(judged.values()))
    table = Table(
        title=f"truths held by sets meant to hold {first.level:.0%}", title_justify="left"
    )
    table.add_column("rung")
    classes = targets.class_order({name for one in judged.values() for name in one.per_class})
    for name in ("all", *classes, "classes in a set", "n"):
        table.add_column(name, justify="right")
    for name, one in judged.items():
        error = "" if one.error is None else f" ± {one.error:.3f}"
        shares = [
            f"{one.per_class[c].coverage:.3f}" if c in one.per_class else "-" for c in classes
        ]
        size = f"{one.mean_set_size:.2f}"
        table.add_row(name, f"{one.coverage:.3f}{error}", *shares, size, str(one.n))
    return table


def _targets_table(climbed: "rungs.Ladder") -> Table:
    table = Table(
        title="explained variance (R2) of single sites, from raw spectra", title_justify="left"
    )
    methods = list(next(iter(next(iter(climbed.targets.values())).values())).baselines)
    for name in ("target", "rung"):
        table.add_column(name)
    for name in (climbed.recipe, *methods, "mean error", "n"):
        table.add_column(name, justify="right")
    for target, scores in climbed.targets.items():
        for rung, one in scores.items():
            plain = [f"{one.baselines[method]:.3f}" for method in methods]
            error = f"{one.mae:.3f} {one.unit}".rstrip()
            score = f"{one.r2:.3f} ± {one.spread:.3f}"
            table.add_row(target, rung, score, *plain, error, str(one.n))
    return table


def _regressor_table(climbed: "rungs.Ladder") -> Table:
    table = Table(
        title="mean coordination number, mean squared (absolute) error", title_justify="left"
    )
    table.add_column("rung")
    table.add_column("examples")
    for name in ("recipe", "ridge", "constant", "n"):
        table.add_column(name, justify="right")

    def row(rung: str, what: str, contest: "rungs.Contest") -> None:
        every = [contest.regressor, contest.baselines["ridge"], contest.baselines["constant"]]
        errors = [f"{one.mse:.4f} ({one.mae:.3f})" for one in every]
        table.add_row(rung, what, *errors, str(contest.n))

    for name, level in climbed.regression.items():
        row(name, "mixtures", level.mixtures)
        if level.snapshots:
            row("", "snapshots", level.snapshots)
    return table
