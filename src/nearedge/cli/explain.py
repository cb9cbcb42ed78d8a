"""The verb that says why: which energies decide, and which training spectra are near."""

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from typer import Argument, Option

from nearedge import answers, datasets, models
from nearedge.answers import explanation
from nearedge.cli import options, terminal
from nearedge.errors import InputError
from nearedge.records import check_free

if TYPE_CHECKING:
    import numpy as np


def explain(
    model: options.ModelFolder,
    spectra: Annotated[
        Path, Argument(help="Table of spectra (first column energy in eV) or dataset folder.")
    ],
    spectrum: Annotated[
        str | None,
        Option(
            "--spectrum",
            "--site",
            help="Explain this spectrum, named as `nearedge predict` names it: snapshot/atom of a"
            " dataset, 'column 2' of a table. Without it, every class of the dataset.",
            metavar="NAME",
        ),
    ] = None,
    target: Annotated[
        str | None,
        Option(help="Class that is asked about (default: the predicted one).", metavar="CLASS"),
    ] = None,
    against: Annotated[
        str | None,
        Option(
            help="Why not this class? Its mean training spectrum is then the baseline"
            " (default: that of all).",
            metavar="CLASS",
        ),
    ] = None,
    training: Annotated[
        Path | None,
        Option(
            help="Dataset the model was trained on (default: the spectra's own, or the one that"
            " ships, whichever it is)."
        ),
    ] = None,
    nearest: Annotated[
        int, Option(help="Number of nearest training spectra, at most one of each atom.", min=0)
    ] = 5,
    width: Annotated[
        float, Option(help="Width of the energy intervals that are masked in turn, eV.")
    ] = 1.0,
    output: Annotated[Path | None, options.to("Folder for figure, numbers and structures.")] = None,
    json: options.Json = False,
    force: options.Force = False,
) -> None:
    """Show which energies decide, for a spectrum or each class, and similar training spectra.

    Integrated gradients and occlusion check each other. Classes are explained on sites that the
    model has not been trained on, if the dataset has any.
    """
    check_free(output, force=force)
    loaded = models.load_model(model)
    data = None
    if spectra.is_dir() or datasets.ships(spectra):
        data = datasets.load_dataset(spectra)
    trained_on = _training(loaded, training, data)
    if spectrum is None and data is not None:
        if target is not None:
            raise typer.BadParameter("--target is for one --spectrum: every class is explained")
        result = explanation.explain_classes(loaded, data, trained_on, against=against, width=width)
    else:
        name, energy, mu, site = _choose(spectra, data, spectrum)
        result = explanation.explain_spectrum(
            loaded,
            energy,
            mu,
            trained_on,
            name=name,
            target=target,
            against=against,
            width=width,
            nearest=nearest,
            site=site,
        )
    if output is not None:
        explanation.write_explanation(output, result, force=force)
    if json:
        terminal.print_json(explanation.report(result))
        return
    for text in explanation.findings(result):
        terminal.say(f"- {text}")
    if isinstance(result, explanation.SpectrumExplanation) and result.nearest:
        rows = []
        for near in result.nearest:
            around = ", ".join(f"{symbol} {far:.2f}" for symbol, far in near.neighbours)
            rows.append([near.name, near.environment, around, f"{near.distance:.2f}"])
        heads = ["site", "class", "neighbours, Å", "distance"]
        title = "nearest training spectra, one of each atom"
        terminal.print_table(heads, rows, title=title, words=3)
    if output is not None:
        typer.echo(f"{output}/explanation.png, .svg, .pdf, .json")


def _training(
    model: "models.Model", given: Path | None, data: "datasets.SiteSpectra | None"
) -> "explanation.Training":
    """Find what the model was trained on: where the user says, or where it may well be."""
    if given is not None:
        return explanation.match_training(model, datasets.load_dataset(given))
    if data is not None:
        with suppress(InputError):
            return explanation.match_training(model, data)
    with suppress(InputError):
        return explanation.shipped_training(model)
    raise InputError(
        "the model was trained on neither these spectra nor a dataset that ships; name its "
        "dataset with --training"
    )


def _choose(
    path: Path, data: "datasets.SiteSpectra | None", wanted: str | None
) -> "tuple[str, np.ndarray, np.ndarray, explanation.Site | None]":
    """Find the wanted spectrum: its name, energies and intensities, and its site in a dataset."""
    if data is None:
        choices = {
            one.name: (f"{path.name}, {one.name}", one.energy, one.mu, None)
            for one in answers.read_any(str(path))
        }
    else:
        sites, mu = (explanation.Site(data, row) for row in range(len(data))), data.mu
        choices = {site.name: (site.name, data.energy, mu[site.row], site) for site in sites}
    names = list(choices)
    if wanted is None and len(names) == 1:
        wanted = names[0]
    if wanted not in names:
        missing = f"no spectrum is named '{wanted}'" if wanted else f"holds {len(names)} spectra"
        raise InputError(
            f"{path}: {missing}; choose one with --spectrum, from '{names[0]}' to '{names[-1]}'"
        )
    return choices[wanted]
