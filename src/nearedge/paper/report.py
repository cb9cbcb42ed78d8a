"""The report: one page that opens offline, the figures as files, and every number as JSON."""

import json
import platform
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from nearedge.datasets import SiteSpectra
from nearedge.drawing.style import figure_style
from nearedge.ladder import Ladder
from nearedge.ladder.robustness_figures import draw_robustness
from nearedge.paper.figures import (
    draw_agreement,
    draw_classes,
    draw_epochs,
    draw_networks,
    draw_sizes,
    draw_widths,
)
from nearedge.paper.findings import bearing, headline, summary
from nearedge.paper.ladder_figures import draw_ladder, draw_regression_ladder
from nearedge.paper.page import facts, heading, listing, page, pair, paragraph, picture
from nearedge.paper.results import Reproduction
from nearedge.paper.robustness import Disturbed
from nearedge.paper.tables import (
    comparison,
    coverage_table,
    ladder_table,
    readings,
    regression_table,
    robustness_table,
)
from nearedge.records import replacing
from nearedge.spectra import Window

FORMATS = ("png", "svg", "pdf")
_PACKAGES = ("nearedge", "jax", "equinox", "optax", "numpy", "scikit-learn", "ase", "matplotlib")
_CITATION = (
    "L. Li, M. Lu, M. K. Y. Chan, A Deep Learning Model for Atomic Structures Prediction Using "
    "X-ray Absorption Spectroscopic Data (2019)"
)


@dataclass(frozen=True)
class Making:
    """How a report was made.

    Attributes
    ----------
    command : str
        The command line that makes it again.
    seconds : float
        What it took, by the clock.
    versions : dict of str to str
        Of Python and the packages that the numbers depend on.
    """

    command: str
    seconds: float
    versions: dict[str, str]


def versions() -> dict[str, str]:
    """Look up what the numbers may depend on."""
    return {"python": platform.python_version(), **{name: version(name) for name in _PACKAGES}}


@dataclass(frozen=True)
class Plate:
    """A figure with the words that belong to it; `name` is its file's."""

    name: str
    title: str
    caption: str
    figure: Figure


def write_report(
    path: str | Path,
    results: Reproduction,
    data: SiteSpectra,
    making: Making,
    *,
    force: bool = False,
) -> Path:
    """Write the report's folder, whole or not at all.

    Parameters
    ----------
    path : str or Path
        The folder to make.
    results : Reproduction
        The numbers.
    data : SiteSpectra
        The dataset they come from, for figure 1.
    making : Making
        Command, time and versions.
    force : bool
        Whether an existing folder may be replaced.

    Returns
    -------
    Path
        ``index.html`` in the folder; beside it are ``report.json`` and ``figures/``.

    Raises
    ------
    InputError
        If `path` exists and `force` is false.
    """
    path = Path(path)
    with replacing(path, force=force) as folder, figure_style():
        (folder / "figures").mkdir(parents=True)
        plates = {plate.name: plate for plate in _plates(results, data)}
        for plate in plates.values():
            for kind in FORMATS:
                # No date inside: the same numbers give the same files.
                about: dict[str, Any] = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}
                plate.figure.savefig(
                    folder / "figures" / f"{plate.name}.{kind}", metadata=about.get(kind)
                )
        numbers = {
            **results.to_dict(),
            "findings": [
                *headline(results),
                *summary(results.ladder, results.better),
                *bearing(results.hardship),
            ],
            "made": vars(making),
        }
        (folder / "report.json").write_text(
            json.dumps(numbers, indent=1, allow_nan=False) + "\n", encoding="utf-8"
        )
        shown = {
            name: picture(
                (folder / "figures" / f"{name}.png").read_bytes(),
                title=plate.title,
                caption=plate.caption,
            )
            for name, plate in plates.items()
        }
        text = page("X-ray absorption to atomic structure", _sections(results, shown, making))
        (folder / "index.html").write_text(text, encoding="utf-8")
    return path / "index.html"


def _plates(results: Reproduction, data: SiteSpectra) -> Iterator[Plate]:
    info = results.dataset
    near = info["neighbour"]
    yield Plate(
        "figure-1",
        "Figure 1. A typical spectrum of every class and the atom it belongs to",
        f"Grey: the {info['engine'].upper()} spectrum; dots: the {Window().points} intensities "
        "that the networks see. The spectrum shown is the medoid of its class. Each panel has its "
        "own vertical scale. Beside it the absorber (black rim) and all atoms within "
        f"{info['cutoff']:g} Å in that snapshot; dotted lines are contacts longer than a bond.",
        draw_classes(data),
    )
    hidden = tuple(results.settings["hidden"])
    yield Plate(
        "figure-2",
        "Figure 2. The two networks",
        "Fully connected; a, the classifier; b, the regressor. CN: coordination number.",
        draw_networks(Window().points, tuple(info["classes"]), hidden),
    )
    epochs = results.settings["sweep_epochs"]
    yield Plate(
        "figure-3a",
        "Figure 3a. Accuracy against the number of hidden nodes",
        f"Same-class averages, {results.settings['classifier_examples']} in all, {epochs} epochs, "
        "one seed.",
        draw_widths(results.widths.values, results.widths.accuracy),
    )
    yield Plate(
        "figure-3b",
        "Figure 3b. Accuracy against the number of examples",
        f"The network of figure 2a, {epochs} epochs, one seed.",
        draw_sizes(results.sizes.values, results.sizes.accuracy),
    )
    for letter, curve in zip("ab", results.curves, strict=True):
        yield Plate(
            f"figure-4{letter}",
            f"Figure 4{letter}. The regressor while it learns, learning rate {curve.rate:g}",
            f"Mixtures, {results.settings['regressor_examples']} in all, first seed.",
            draw_epochs(curve.rate, curve.epoch, curve.train, curve.validation),
        )
    yield Plate(
        "figure-4c",
        "Figure 4c. Predicted against true mean coordination number",
        f"Test mixtures of the first seed, learning rate {results.agreement.rate:g} (the one with "
        "the lower validation error). These mixtures share their parents with the training set.",
        draw_agreement(results.agreement.truth, results.agreement.predicted, near),
    )
    yield Plate(
        "ladder",
        "The ladder, classifier",
        "Accuracy on raw, unaveraged spectra that were not trained on, except on the rung “paper”, "
        "which is scored on averages as the paper's is. Bars: standard deviation over seeds, each "
        "with its own fold. Plain methods learn from the same training spectra, at the "
        "energies that recipe “paper” sees.",
        draw_ladder(results.ladder, results.better),
    )
    yield Plate(
        "ladder-regression",
        "The ladder, regressor",
        "Mean squared error of the mean coordination number. On the rung “paper” the mixtures "
        "share their parents with the training set; on all others they are made of held-out "
        "spectra only.",
        draw_regression_ladder(results.ladder),
    )
    if results.hardship:
        yield from _robustness_plates(results.hardship)


def _robustness_plates(hardship: Disturbed) -> Iterator[Plate]:
    done = (
        "One disturbance at a time is made to the raw spectra on all stored energies, before the "
        "window is cut out. Shaded: standard deviation over the folds."
    )
    held = hardship.classifier.curves["offset"].held_energies
    if held:
        done += (
            f" At the largest offset {held} of the window's {Window().points} energies lie beyond "
            "the stored ones, where the end value is held."
        )
    yield Plate(
        "robustness",
        "Robustness of the classifier",
        f"Accuracy on raw spectra not trained on (rung {hardship.rung}). {done}",
        draw_robustness(hardship.classifier),
    )
    yield Plate(
        "robustness-regression",
        "Robustness of the regressor",
        "Mean absolute error of the mean coordination number of mixtures of raw spectra not "
        f"trained on (rung {hardship.rung}). {done} Lines that leave the panel at the top are "
        "wrong by more than all neighbours there can be.",
        draw_robustness(hardship.regressor, unit="(neighbours)"),
    )


def _sections(results: Reproduction, shown: Mapping[str, str], making: Making) -> Iterator[str]:
    yield "<h1>From X-ray absorption spectra to atomic structure</h1>"
    yield paragraph(f"A reproduction of {_CITATION}, and what lies above it.", "byline")
    if results.quick:
        yield paragraph(
            "This is a quick run: fewer epochs, seeds and examples than the paper's (see “How this "
            "was made”). Its numbers show that everything works; quote those of the full run.",
            "note",
        )
    for text in headline(results):
        yield paragraph(text)
    for text in summary(results.ladder, results.better):
        yield paragraph(text)
    yield heading("The ladder of honest splits")
    yield paragraph(
        "The same recipe is trained and scored again and again, while from rung to rung less may "
        "stand on both sides. A difference between two rungs is what the lower one owes to the "
        "likeness of its training and test spectra."
    )
    yield shown["ladder"]
    yield _meanings(results.ladder)
    yield ladder_table(results.ladder, results.better)
    yield coverage_table(results.better or results.ladder)
    yield from _not_climbed(results.ladder)
    yield shown["ladder-regression"]
    yield regression_table(results.ladder, results.better)
    if results.hardship:
        yield heading("Spectra measured less well")
        for text in bearing(results.hardship):
            yield paragraph(text)
        yield shown["robustness"]
        yield shown["robustness-regression"]
        yield robustness_table(results.hardship)
    yield heading("The paper's numbers and ours")
    yield comparison(results)
    yield heading("The paper's figures")
    yield shown["figure-1"]
    yield shown["figure-2"]
    yield pair(shown[name] for name in ("figure-3a", "figure-3b"))
    yield pair(shown[name] for name in ("figure-4a", "figure-4b"))
    yield pair([shown["figure-4c"]])
    yield heading("What “L2 0.1” may mean")
    yield paragraph(
        "The paper gives the coefficient, not the convention. What each reading gives, one seed, "
        f"{results.settings['sweep_epochs']} epochs:"
    )
    yield readings(results)
    yield heading("The dataset")
    yield facts(_card(results.dataset))
    yield heading("How this was made")
    yield listing(making.command)
    yield facts(_made(results, making))


def _meanings(ladder: Ladder) -> str:
    return facts(
        (name, step.meaning + (f" ({step.remark})" if step.remark else ""))
        for name, step in ladder.rungs.items()
    )


def _not_climbed(ladder: Ladder) -> Iterator[str]:
    if ladder.not_climbed:
        reasons = "; ".join(f"{name} ({reason})" for name, reason in ladder.not_climbed.items())
        yield paragraph(f"Rungs that were not climbed: {reasons}.")


def _card(info: Mapping[str, Any]) -> list[tuple[str, str]]:
    energy = info["energy"]
    counts = ", ".join(f"{name}: {count}" for name, count in info["classes"].items())
    temperatures = ", ".join(f"{value:g}" for value in info.get("temperatures", []))
    card = [
        ("spectra", f"{info['sites']} {info['absorber']} K-edge, engine {info['engine']}"),
        ("structures", f"{info['snapshots']} snapshots of {info['trajectories']} trajectories"),
        ("temperatures", f"{temperatures} K" if temperatures else "not stated"),
        ("classes", counts),
        ("labels", f"{info['neighbour']} within {info['cutoff']:g} Å of each {info['absorber']}"),
        (
            "energies",
            f"{energy['n']} from {energy['min']:g} to {energy['max']:g} eV; zero: {energy['zero']}",
        ),
        ("fingerprint", str(info.get("fingerprint", ""))),
    ]
    provenance = info.get("provenance", {})
    return card + [(str(name).replace("_", " "), str(text)) for name, text in provenance.items()]


def _made(results: Reproduction, making: Making) -> list[tuple[str, str]]:
    settings = [
        (
            name.replace("_", " "),
            ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value),
        )
        for name, value in results.settings.items()
    ]
    restarts = sum(run.restarts for run in (*results.classifier, *results.regressor))
    return [
        ("seed", str(results.seed)),
        *settings,
        ("dead networks started again", str(restarts)),
        ("time", f"{making.seconds:.0f} s"),
        ("versions", ", ".join(f"{name} {text}" for name, text in making.versions.items())),
    ]
