"""The verb that asks how a model bears spectra that are measured less well."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nearedge.cli._arguments import (
    Dataset,
    Force,
    Json,
    ModelFolder,
    MoreNames,
    Only,
    Seed,
    named,
    print_json,
)
from nearedge.errors import InputError

if TYPE_CHECKING:
    from rich.table import Table

    from nearedge.ladder.robustness import Robustness

FORMATS = (".png", ".svg", ".pdf")

_TITLES = {
    "offset": "offset, eV",
    "broadening": "broadening, eV FWHM",
    "signal_to_noise": "signal to noise",
    "scale": "intensity factor",
}


def robustness(
    model: ModelFolder,
    dataset: Dataset,
    more: MoreNames = None,
    only: Only = None,
    beside: Annotated[
        list[Path] | None,
        typer.Option(help="Another model to score beside it; may be repeated.", metavar="MODEL"),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            help="Figure to write (.png, .svg or .pdf); of a regressor a second one of mixtures.",
        ),
    ] = None,
    seed: Seed = 0,
    json: Json = False,
    force: Force = False,
) -> None:
    """Score a model on spectra that are offset, broadened, made noisy or scaled."""
    from rich.console import Console

    from nearedge import models
    from nearedge.datasets import load_dataset
    from nearedge.drawing.progress import progress_bar
    from nearedge.drawing.style import figure_style, save_figure
    from nearedge.ladder import robustness as disturbed
    from nearedge.ladder.robustness_figures import draw_robustness
    from nearedge.records import as_json, check_free, replacing

    names = named("--only", only, more)
    if output is not None:
        if output.suffix not in FORMATS:
            raise InputError(f"{output}: figures end in {', '.join(FORMATS)}; name one of these")
        check_free(output, force=force)
    folders = [model, *(beside or [])]
    unique = len({folder.name for folder in folders}) == len(folders)
    loaded = {
        folder.name if unique else str(folder): models.load_model(folder) for folder in folders
    }
    data = load_dataset(dataset)
    with progress_bar(f"disturbing the spectra of {dataset}"):
        results = disturbed.robustness(loaded, data, only=names, seed=seed)
        evaluated = {
            name: models.evaluate(candidate, data, only=names) for name, candidate in loaded.items()
        }
    rungs = {
        name: {key: scores[key] for key in ("rung", "meaning", "seen")}
        for name, scores in evaluated.items()
    }
    if output is not None:
        for what, result in results.items():
            path = output if what == "sites" else output.with_stem(f"{output.stem}-{what}")
            title = f"{result.n} {'raw spectra of' if what == 'sites' else 'mixtures of raw'} sites"
            with figure_style(), replacing(path, force=force) as temporary:
                figure = draw_robustness(result, title=title)
                save_figure(figure, temporary.with_suffix(""), [path.suffix[1:]])
    if json:
        print_json(
            {
                "kind": next(iter(loaded.values())).kind,
                "models": rungs,
                **{what: as_json(result) for what, result in results.items()},
            }
        )
        return
    console = Console()
    for name, scored in rungs.items():
        seen = f": {scored['seen']} of these sites were trained on" if scored["seen"] else ""
        console.print(f"{name}: rung {scored['rung']}{seen}", highlight=False)
    for what, result in results.items():
        console.print(_table(what, result))
    if output is not None:
        console.print(str(output), highlight=False)


def _table(what: str, result: "Robustness") -> "Table":
    from rich.table import Table

    table = Table(title=f"{result.score}, {result.n} {what}", title_justify="left")
    table.add_column("disturbance")
    for name in result.names:
        table.add_column(name, justify="right")
    table.add_row("none", *(f"{score:.3f}" for score in result.undisturbed.values()))
    for quantity, curve in result.curves.items():
        for place, level in enumerate(curve.levels):
            scores = (f"{score.mean[place]:.3f}" for score in curve.scores.values())
            table.add_row(f"{_TITLES[quantity]} {level:g}", *scores)
    return table
