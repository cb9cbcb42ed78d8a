"""The verb that asks how a model bears spectra that are measured less well."""

from pathlib import Path
from typing import Annotated

from typer import Option

from nearedge.cli import options, terminal
from nearedge.errors import InputError

FORMATS = (".png", ".svg", ".pdf")

_TITLES = {
    "offset": "offset, eV",
    "broadening": "broadening, eV FWHM",
    "signal_to_noise": "signal to noise",
    "scale": "intensity factor",
}


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
        options.to(
            "Figure to write (.png, .svg or .pdf); of a regressor a second one of mixtures."
        ),
    ] = None,
    seed: options.Seed = 0,
    json: options.Json = False,
    force: options.Force = False,
) -> None:
    """Score a model on spectra that are offset, broadened, made noisy or scaled."""
    from nearedge import models
    from nearedge.datasets import load_dataset
    from nearedge.drawing.progress import progress_bar
    from nearedge.drawing.style import figure_style, save_figure
    from nearedge.ladder import robustness as disturbed
    from nearedge.ladder.robustness_figures import draw_robustness
    from nearedge.records import as_json, check_free, replacing

    names = options.named("--only", only, more)
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
        name: {key: getattr(scores, key) for key in ("rung", "meaning", "seen")}
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
        terminal.print_json(
            {
                "kind": next(iter(loaded.values())).kind,
                "models": rungs,
                **{what: as_json(result) for what, result in results.items()},
            }
        )
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
    if output is not None:
        terminal.say(str(output))
