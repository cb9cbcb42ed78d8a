"""The verb that asks how a model bears spectra that are measured less well."""

from pathlib import Path
from typing import Annotated

import typer
from matplotlib.figure import Figure
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
    Seed,
    named,
    print_json,
)
from nearedge.datasets import load_dataset
from nearedge.drawing.style import figure_style
from nearedge.errors import InputError
from nearedge.ladder.robustness import Quantity, Robustness, robustness as measure
from nearedge.ladder.robustness_figures import draw_robustness
from nearedge.records import check_free, replacing

FORMATS = (".png", ".svg", ".pdf")

_TITLES: dict[Quantity, str] = {
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
    names = named("--only", only, more)
    if output is not None:
        if output.suffix not in FORMATS:
            raise InputError(f"{output}: figures end in {', '.join(FORMATS)}; name one of these")
        check_free(output, force=force)
    folders = [model, *(beside or [])]
    known = [folder.name for folder in folders]
    titles = known if len(set(known)) == len(known) else [str(folder) for folder in folders]
    loaded = {title: models.load_model(path) for title, path in zip(titles, folders, strict=True)}
    data = load_dataset(dataset)
    with Console(stderr=True).status(f"disturbing the spectra of {dataset}"):
        results = measure(loaded, data, only=names, seed=seed)
        judged = {name: models.evaluate(one, data, only=names) for name, one in loaded.items()}
    rungs = {
        name: {key: one[key] for key in ("rung", "meaning", "seen")} for name, one in judged.items()
    }
    if output is not None:
        for path, figure in _figures(output, results, force=force):
            with replacing(path, force=force) as temporary:
                figure.savefig(temporary)
    if json:
        print_json(
            {
                "kind": loaded[titles[0]].kind,
                "models": rungs,
                **{what: result.to_dict() for what, result in results.items()},
            }
        )
        return
    console = Console()
    for name, one in rungs.items():
        seen = f": {one['seen']} of these sites were trained on" if one["seen"] else ""
        console.print(f"{name}: rung {one['rung']}{seen}", highlight=False)
    for what, result in results.items():
        console.print(_table(what, result))
    if output is not None:
        console.print(str(output), highlight=False)


def _figures(
    output: Path, results: dict[str, Robustness], *, force: bool
) -> list[tuple[Path, Figure]]:
    figures = []
    with figure_style():
        for what, result in results.items():
            path = output
            if what != "sites":
                path = check_free(output.with_stem(f"{output.stem}-{what}"), force=force)
            title = f"{result.n} {'raw spectra of single' if what == 'sites' else what + ' of raw'}"
            figures.append((path, draw_robustness(result, title=f"{title} sites")))
    return figures


def _table(what: str, result: Robustness) -> Table:
    table = Table(title=f"{result.score}, {result.n} {what}", title_justify="left")
    table.add_column("disturbance")
    for name in result.names:
        table.add_column(name, justify="right")
    table.add_row("none", *(f"{result.undisturbed[name].mean():.3f}" for name in result.names))
    for quantity, levels in result.levels.items():
        for level in levels:
            scores = (f"{result.at(quantity, level, name):.3f}" for name in result.names)
            table.add_row(f"{_TITLES[quantity]} {level:g}", *scores)
    return table
