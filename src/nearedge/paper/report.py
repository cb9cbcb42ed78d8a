"""The report: one page that opens offline, the figures as files, and every number as JSON."""

import platform
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from matplotlib.figure import Figure

from nearedge.datasets import SiteSpectra, facts
from nearedge.drawing.style import figure_style, save_figure
from nearedge.ladder.robustness_figures import draw_robustness
from nearedge.paper import figures, page, tables
from nearedge.paper.findings import explained, headline, summary
from nearedge.paper.ladder_figures import draw_ladder, draw_regression_ladder
from nearedge.paper.results import Reproduction
from nearedge.records import replacing, write_json
from nearedge.spectra import Window

FORMATS = ("png", "svg", "pdf")
_PACKAGES = ("nearedge", "jax", "optax", "numpy", "scikit-learn", "ase", "matplotlib")
_CITATION = (
    "L. Li, M. Lu, M. K. Y. Chan, A Deep Learning Model for Atomic Structures Prediction Using "
    "X-ray Absorption Spectroscopic Data (2019)"
)
_UNIT = "neighbours²"


@dataclass(frozen=True)
class Making:
    """How a report was made."""

    command: str  # that makes it again
    seconds: float  # by the clock
    versions: dict[str, str]  # of Python and the packages that the numbers depend on


def versions() -> dict[str, str]:
    """Look up what the numbers may depend on."""
    return {"python": platform.python_version(), **{name: version(name) for name in _PACKAGES}}


def write_report(
    path: str | Path,
    results: Reproduction,
    data: SiteSpectra,
    making: Making,
    *,
    force: bool = False,
) -> Path:
    """Write ``index.html`` (which is given), ``report.json`` and ``figures/`` into a folder."""
    path = Path(path)
    with replacing(path, force=force) as folder, figure_style():
        (folder / "figures").mkdir(parents=True)
        shown = {}
        for name, title, caption, figure in _plates(results, data):
            stem = folder / "figures" / name
            save_figure(figure, stem, FORMATS)
            png = stem.with_suffix(".png").read_bytes()
            shown[name] = page.picture(png, title=title, caption=caption)
        texts = [
            *headline(results),
            *summary(results.ladder, results.better),
            *explained(results.better),
        ]
        numbers = {**results.to_json(), "findings": texts, "made": vars(making)}
        write_json(folder / "report.json", numbers)
        parts = dict(_sections(results, data, shown, making))
        body = [*_opening(results), page.contents(parts)]
        for title, part in parts.items():
            body += [page.heading(title), *part]
        text = page.page("X-ray absorption to atomic structure", body)
        (folder / "index.html").write_text(text, encoding="utf-8")
    return path / "index.html"


def _plates(results: Reproduction, data: SiteSpectra) -> Iterator[tuple[str, str, str, Figure]]:
    """Draw the figures, each with its file's name, title and caption."""
    info, runs = results.dataset, len(results.classifier)
    near = info["neighbour"]
    yield (
        "figure-1",
        "Figure 1. A typical spectrum of every class and the atom it belongs to",
        f"Grey: the {info['engine'].upper()} spectrum; dots: the {Window().points} intensities "
        "that the networks see. The spectrum shown is the medoid of its class. Each panel has its "
        "own vertical scale. Beside it the absorber (black rim) and all atoms within "
        f"{info['cutoff']:g} Å in that snapshot; dotted lines are contacts longer than a bond.",
        figures.draw_classes(data),
    )
    yield (
        "figure-2",
        "Figure 2. The two networks",
        "Fully connected; a, the classifier; b, the regressor.",
        figures.draw_networks(Window().points, tuple(info["classes"]), results.hidden),
    )
    swept = f"Rung paper, scored on averages; {tables.over(runs)}{' (bands)' if runs > 1 else ''}"
    yield (
        "figure-3a",
        "Figure 3a. Accuracy against the number of hidden nodes",
        f"{swept}, {results.settings['averages']} averages, "
        f"{results.settings['epochs of figure 3']} epochs.",
        figures.draw_sweep(
            results.widths.values,
            results.widths.accuracy,
            "nodes of the first hidden layer, h (second: h - 2)",
        ),
    )
    yield (
        "figure-3b",
        "Figure 3b. Accuracy against the number of examples",
        f"{swept}, the network of figure 2a, {results.settings['epochs of figure 3']} epochs.",
        figures.draw_sweep(
            results.sizes.values, results.sizes.accuracy, "same-class averages in all (split 3:1:1)"
        ),
    )
    yield (
        "figure-4ab",
        "Figures 4a and 4b. The regressor while it learns",
        f"Rung paper, {results.settings['mixtures']} mixtures, one seed (the first), both learning "
        "rates on one scale.",
        figures.draw_epochs(results.curves, _UNIT),
    )
    yield (
        "figure-4c",
        "Figure 4c. Predicted against true mean coordination number",
        "Rung paper: test mixtures, whose parents are in the training set too; one seed (the "
        f"first), learning rate {results.agreement.rate:g}, the one with the lower validation "
        "error.",
        figures.draw_agreement(results.agreement, f"mean {near} coordination number"),
    )
    seeds = tables.over(results.ladder.seeds)
    yield (
        "ladder",
        "The ladder, classifier",
        "Accuracy on raw, unaveraged spectra that were not trained on, except on the rung paper, "
        f"which is scored on averages as the paper's is. {seeds.capitalize()}, each with its own "
        "fold. Plain methods learn from the same training spectra, at the energies that recipe "
        f"“{results.ladder.recipe}” sees.",
        draw_ladder(results.ladder, results.better),
    )
    yield (
        "ladder-regression",
        "The ladder, regressor",
        f"Mean squared error of the mean coordination number; {seeds}. On the rung paper the "
        "mixtures share their parents with the training set; on all others they are made of "
        "held-out spectra only.",
        draw_regression_ladder(results.ladder, _UNIT),
    )
    if results.robustness is None:
        return
    scored = (
        f"of sites not trained on (rung {results.robustness.rung}), mean and standard deviation "
        f"(shaded) over {results.robustness.classifier.trials} folds. One disturbance at a time is "
        "made to the raw spectra, before the window is cut out."
    )
    held = results.robustness.classifier.curves["offset"].held_energies
    if held:
        scored += (
            f" At the largest offset {held} of the window's {Window().points} energies lie beyond "
            "the stored ones, where the end value is held."
        )
    yield (
        "robustness",
        "Robustness of the classifier",
        f"Accuracy on raw spectra {scored}",
        draw_robustness(results.robustness.classifier),
    )
    yield (
        "robustness-regression",
        "Robustness of the regressor",
        f"Mean absolute error of the mean coordination number of mixtures {scored}",
        draw_robustness(results.robustness.regressor, unit="(neighbours)"),
    )


def _opening(results: Reproduction) -> Iterator[str]:
    yield "<h1>From X-ray absorption spectra to atomic structure</h1>"
    yield page.paragraph(f"A reproduction of {_CITATION}, and what lies above it.", "byline")
    if results.quick:
        yield page.paragraph(
            "This is a quick run: fewer epochs, seeds and examples than the paper's (see “How this "
            "was made”). Its numbers show that everything works; quote those of the full run.",
            "note",
        )


def _sections(
    results: Reproduction, data: SiteSpectra, shown: Mapping[str, str], making: Making
) -> Iterator[tuple[str, list[str]]]:
    """The page's parts: the paper's own results first, then what they hide, then what is better."""
    reached, meant = headline(results)
    ladder, better = results.ladder, results.better
    figures_3 = page.pair(shown[name] for name in ("figure-3a", "figure-3b"))
    yield (
        "The paper's results",
        [
            page.paragraph(reached),
            page.table(tables.comparison(results)),
            *(shown[name] for name in ("figure-1", "figure-2")),
            figures_3,
            shown["figure-4ab"],
            page.pair([shown["figure-4c"]]),
        ],
    )
    yield (
        "What “L2 0.1” may mean",
        [
            page.paragraph(
                "The paper gives the coefficient, not the convention. What each reading gives, one "
                f"seed, {results.settings['epochs of figure 3']} epochs:"
            ),
            page.table(tables.readings(results)),
        ],
    )
    meanings = (
        (name, step.meaning + (f" ({step.remark})" if step.remark else ""))
        for name, step in ladder.rungs.items()
    )
    missing = "; ".join(f"{name} ({reason})" for name, reason in ladder.not_climbed.items())
    yield (
        "What these results hide",
        [
            page.paragraph(meant),
            *map(page.paragraph, summary(ladder)),
            page.paragraph(
                "From rung to rung less may stand on both sides of the split. A difference between "
                "two rungs is what the lower one owes to the similarity of its training and test "
                "spectra."
            ),
            shown["ladder"],
            page.facts(meanings),
            page.table(tables.accuracy_table(ladder, better)),
            *([page.paragraph(f"Rungs that were not climbed: {missing}.")] if missing else []),
            shown["ladder-regression"],
            *map(page.table, tables.error_tables(ladder, better)),
        ],
    )
    beyond = [text for text in summary(ladder, better) if text not in summary(ladder)]
    beyond += explained(better)
    sets = [
        tables.coverage_table(better or ladder),
        *([tables.explained_table(better)] if better else []),
    ]
    told = [page.table(numbers) for numbers in reversed(sets) if numbers.rows]
    if beyond or told:
        yield "Better models", [*map(page.paragraph, beyond), *told]
    if results.robustness:
        pictures = [shown["robustness"], shown["robustness-regression"]]
        yield (
            "Spectra measured less well",
            [*pictures, page.table(tables.robustness_table(results.robustness))],
        )
    yield "The dataset", [page.facts(facts(data).items())]
    yield "How this was made", [page.listing(making.command), page.facts(_made(results, making))]


def _made(results: Reproduction, making: Making) -> list[tuple[str, str]]:
    restarts = sum(run.restarts for run in (*results.classifier, *results.regressor))
    return [
        ("seed", str(results.seed)),
        *results.settings.items(),
        ("dead networks started again", str(restarts)),
        ("time", f"{making.seconds:.0f} s"),
        ("versions", ", ".join(f"{name} {text}" for name, text in making.versions.items())),
    ]
