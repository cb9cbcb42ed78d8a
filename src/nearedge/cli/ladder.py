"""The verbs that judge: the ladder of honest splits, hard conditions, two engines compared."""

from pathlib import Path
from typing import Annotated

import typer
from typer import Argument, Option

from nearedge import datasets, ladder as rungs, matching, models, paper, records
from nearedge.cli import measured as measured_rung, options, terminal
from nearedge.drawing.progress import progress_bar

_TITLES = {
    "offset": "offset, eV",
    "broadening": "broadening, eV FWHM",
    "signal_to_noise": "signal to noise",
    "scale": "intensity factor",
}


def ladder(
    dataset: options.Dataset,
    recipe: options.RecipeName = "best",
    seeds: Annotated[int, Option(help="Seeds, each with a fold of its own.", min=1, max=50)] = 3,
    seed: options.Seed = 0,
    feature: options.Features = None,
    engine_dataset: options.EngineDataset = None,
    measured: options.Measured = None,
    json: options.Json = False,
) -> None:
    """Score a recipe on raw unseen spectra while less and less is shared with training.

    With --measured, the rung of spectra from beamlines, which a library of the dataset answers.
    """
    data = datasets.load_dataset(dataset)
    other = datasets.load_dataset(engine_dataset) if engine_dataset else None
    with progress_bar() as tell:
        climbed = rungs.climb(
            data, recipe, seeds=seeds, seed=seed, features=feature or (), other=other, progress=tell
        )
    result = None
    if measured is not None:
        library = matching.build_library(data)
        result = measured_rung.judge(lambda _: (library, "library"), measured, library)
    if json:
        plain = records.as_json(climbed)
        if result is not None:
            plain["rungs"]["measured"] = result.to_rung()
        terminal.print_json(plain)
        return
    for table in paper.ladder_tables(climbed):
        rows = [[cell.replace(" %", "%") for cell in row] for row in table.rows]
        terminal.print_table(table.heads, rows, title=table.caption, words=table.words)
    if result is not None:
        measured_rung.show(result)
    for name, step in climbed.rungs.items():
        if step.remark:
            terminal.say(f"{name}: {step.remark}")
    for name, reason in climbed.not_climbed.items():
        terminal.say(f"not climbed: {name} ({reason})")


def robustness(
    model: options.ModelFolder,
    dataset: options.Dataset,
    more: options.MoreNames = None,
    only: options.Only = None,
    beside: Annotated[
        list[Path] | None, Option(help="Another model to score beside it; may be repeated.")
    ] = None,
    output: Annotated[
        Path | None,
        options.to("Figure (.png, .svg or .pdf); of a regressor a second one of mixtures."),
    ] = None,
    seed: options.Seed = 0,
    json: options.Json = False,
    force: options.Force = False,
) -> None:
    """Score a model on spectra that are offset, broadened, made noisy or scaled."""
    from nearedge.drawing.style import figure_style, save_figure
    from nearedge.ladder import robustness as disturbed

    names = options.named("--only", only, more)
    options.check_figure(output, force=force)
    folders = [model, *(beside or [])]
    unique = len({folder.name for folder in folders}) == len(folders)
    loaded = {
        folder.name if unique else str(folder): models.load_model(folder) for folder in folders
    }
    data = datasets.load_dataset(dataset)
    with progress_bar(f"disturbing the spectra of {dataset}"):
        results = disturbed.robustness(loaded, data, only=names, seed=seed)
        evaluated = {
            name: models.evaluate(candidate, data, only=names) for name, candidate in loaded.items()
        }
    rungs = {
        name: {"rung": scores.rung, "meaning": scores.meaning, "seen": scores.seen}
        for name, scores in evaluated.items()
    }
    drawn: list[Path] = []
    if output is not None:
        for what, result in results.items():
            path = output if what == "sites" else output.with_stem(f"{output.stem}-{what}")
            title = f"{result.n} {'raw spectra of' if what == 'sites' else 'mixtures of raw'} sites"
            with figure_style(), records.replacing(path, force=force) as temporary:
                figure = disturbed.draw_robustness(result, title=title)
                save_figure(figure, temporary.with_suffix(""), [path.suffix[1:]])
            drawn.append(path)
    if json:
        plain = {what: records.as_json(result) for what, result in results.items()}
        terminal.print_json({"kind": next(iter(loaded.values())).kind, "models": rungs, **plain})
        return
    for name, scored in rungs.items():
        seen = f": {scored['seen']} of these sites were trained on" if scored["seen"] else ""
        terminal.say(f"{name}: rung {scored['rung']}{seen}")
    for what, result in results.items():
        rows = [["none", *(f"{score:.3f}" for score in result.undisturbed.values())]]
        for quantity, curve in result.curves.items():
            for place, level in enumerate(curve.levels):
                scores = (f"{score.mean[place]:.3f}" for score in curve.scores.values())
                rows.append([f"{_TITLES[quantity]} {level:g}", *scores])
        title = f"{result.score}, {result.n} {what}"
        terminal.print_table(["disturbance", *result.names], rows, title=title)
    terminal.say_where(*drawn)


def compare(
    first: Annotated[Path, Argument(help="Dataset folder of the engine to judge.")],
    second: Annotated[
        Path,
        Argument(help="Dataset folder of the same atoms by the engine it is measured against."),
    ],
    output: Annotated[Path | None, options.to("Folder for the numbers and the figure.")] = None,
    json: options.Json = False,
    force: options.Force = False,
) -> None:
    """Compare two engines' spectra of the same atoms, feature by feature.

    Snapshots are matched by name, failing that by structure. To compute the structures of another
    dataset again: nearedge simulate OTHER/structures.extxyz ...
    """
    from nearedge.ladder import comparison

    records.check_free(output, force=force)
    result = comparison.compare(datasets.load_dataset(first), datasets.load_dataset(second))
    if output is not None:
        comparison.write_comparison(output, result, force=force)
    if json:
        terminal.print_json(comparison.report(result))
        return
    rows = [
        [
            name,
            str(fit.n),
            f"{fit.alignment.shift:+.2f}",
            f"{fit.alignment.broadening:.2f}",
            f"{fit.alignment.residual:.0%}",
            " / ".join(f"{share:.0%}" for share in fit.pre_edge_weight),
            " / ".join(f"{peak:.1f}" for peak in fit.main_peak),
        ]
        for name, fit in result.classes.items()
    ]
    heads = ["class", "atoms", "shift eV", "broad. eV", "left", "pre-edge", "main peak eV"]
    engines = " / ".join(result.engines)
    title = f"{engines}, the same atoms; {result.mover} moved onto {result.still}"
    terminal.print_table(heads, rows, title=title)
    for text in comparison.findings(result):
        terminal.say(f"- {text}")
    if output is not None:
        typer.echo(f"{output}/comparison.png, comparison.pdf, report.json")
