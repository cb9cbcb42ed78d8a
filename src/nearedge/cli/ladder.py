"""The verb that climbs the ladder of honest splits."""

from typing import Annotated

import typer

from nearedge import datasets, ladder as rungs, targets
from nearedge.cli import options, terminal
from nearedge.drawing.progress import progress_bar


def ladder(
    dataset: options.Dataset,
    recipe: options.RecipeName = "best",
    seeds: Annotated[
        int, typer.Option(help="Seeds, each with a fold of its own.", min=1, max=50)
    ] = 3,
    seed: options.Seed = 0,
    engine_dataset: options.EngineDataset = None,
    json: options.Json = False,
) -> None:
    """Score a recipe on raw unseen spectra while less and less is shared with training."""
    data = datasets.load_dataset(dataset)
    other = datasets.load_dataset(engine_dataset) if engine_dataset else None
    with progress_bar() as tell:
        climbed = rungs.climb(data, recipe, seeds=seeds, seed=seed, other=other, progress=tell)
    if json:
        terminal.print_json(climbed.to_dict())
        return
    _print_classifier(climbed)
    _print_sets(climbed)
    _print_regressor(climbed)
    _print_targets(climbed)
    for name, step in climbed.rungs.items():
        if step.remark:
            terminal.say(f"{name}: {step.remark}")
    for name, reason in climbed.not_climbed.items():
        terminal.say(f"not climbed: {name} ({reason})")


def _print_classifier(climbed: "rungs.Ladder") -> None:
    methods = list(next(iter(climbed.rungs.values())).baselines) if climbed.rungs else []
    rows = []
    for name, step in climbed.rungs.items():
        plain = [f"{step.baselines[method]:.3f}" for method in methods]
        rows.append([name, f"{step.accuracy:.3f} ± {step.spread:.3f}", *plain, str(step.n)])
        if step.raw_parents is not None:
            rows.append(["  its raw parents", f"{step.raw_parents:.3f}"])
    title = f"accuracy, recipe {climbed.recipe}, {climbed.seeds} seeds"
    terminal.print_table(["rung", "recipe", *methods, "n"], rows, title=title)


def _print_sets(climbed: "rungs.Ladder") -> None:
    judged = {name: step.sets for name, step in climbed.rungs.items() if step.sets}
    if not judged:
        return
    classes = targets.class_order({name for sets in judged.values() for name in sets.per_class})
    rows = []
    for rung, sets in judged.items():
        error = "" if sets.error is None else f" ± {sets.error:.3f}"
        held = sets.per_class
        shares = [f"{held[name].coverage:.3f}" if name in held else "-" for name in classes]
        size = f"{sets.mean_set_size:.2f}"
        rows.append([rung, f"{sets.coverage:.3f}{error}", *shares, size, str(sets.n)])
    level = next(iter(judged.values())).level
    heads = ["rung", "all", *classes, "classes in a set", "n"]
    terminal.print_table(heads, rows, title=f"truths held by sets meant to hold {level:.0%}")


def _print_regressor(climbed: "rungs.Ladder") -> None:
    rows = []
    for name, level in climbed.regression.items():
        for rung, scored, contest in (
            (name, "mixtures", level.mixtures),
            ("", "snapshots", level.snapshots),
        ):
            if contest is not None:
                every = [contest.regressor, *(contest.baselines[m] for m in ("ridge", "constant"))]
                errors = [f"{error.mse:.4f} ({error.mae:.3f})" for error in every]
                rows.append([rung, scored, *errors, str(contest.n)])
    heads = ["rung", "examples", "recipe", "ridge", "constant", "n"]
    title = "mean coordination number, mean squared (absolute) error"
    terminal.print_table(heads, rows, title=title, words=2)


def _print_targets(climbed: "rungs.Ladder") -> None:
    scored = [
        (target, rung, score)
        for target, scores in climbed.targets.items()
        for rung, score in scores.items()
    ]
    if not scored:
        return
    methods = list(scored[0][2].baselines)
    rows = [
        [
            target,
            rung,
            f"{score.r2:.3f} ± {score.spread:.3f}",
            *(f"{score.baselines[method]:.3f}" for method in methods),
            f"{score.mae:.3f} {score.unit}".rstrip(),
            str(score.n),
        ]
        for target, rung, score in scored
    ]
    heads = ["target", "rung", climbed.recipe, *methods, "mean error", "n"]
    title = "explained variance (R2) of single sites, from raw spectra"
    terminal.print_table(heads, rows, title=title, words=2)
