"""The report: one page that opens offline, the figures as files, and every number as JSON."""

import platform
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from matplotlib.figure import Figure

from nearedge.answers import MeasuredEvaluation, draw_measured
from nearedge.datasets import SiteSpectra, facts
from nearedge.drawing.style import figure_style, save_figure
from nearedge.ladder import SnapshotMeans
from nearedge.ladder.robustness import draw_robustness
from nearedge.paper import figures, page, tables
from nearedge.paper.findings import compositions, explained, headline, summary
from nearedge.paper.protocol import Reproduction
from nearedge.records import replacing, write_json
from nearedge.spectra import Window

FORMATS = ("png", "svg", "pdf")
_PACKAGES = ("nearedge", "jax", "optax", "numpy", "scikit-learn", "ase", "matplotlib")
_CITATION = (
    "L. Li, M. Lu, M. K. Y. Chan, A Deep Learning Model for Atomic Structures Prediction Using "
    "X-ray Absorption Spectroscopic Data (2019)"
)
_UNIT = "neighbours²"
_CAPTIONS = Path(__file__).with_name("captions.toml")


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
    means: SnapshotMeans | None = None,
    measured: MeasuredEvaluation | None = None,
    force: bool = False,
) -> Path:
    """Write ``index.html`` (which is given), ``report.json`` and ``figures/`` into a folder.

    Predictions for snapshots of unseen compositions, and scores on measured K-edges, have a part
    of their own.
    """
    path = Path(path)
    with replacing(path, force=force) as folder, figure_style():
        (folder / "figures").mkdir(parents=True)
        drawn, shown = _figures(results, data), {}
        if means is not None:
            drawn["compositions"] = figures.draw_snapshots(means)
        if measured is not None:
            drawn["measured"] = draw_measured(measured)
        for name, title, caption in _captions(results):
            if name in drawn:
                stem = folder / "figures" / name
                save_figure(drawn[name], stem, FORMATS)
                png = stem.with_suffix(".png").read_bytes()
                shown[name] = page.picture(png, title=title, caption=caption)
        texts = [
            *headline(results),
            *summary(results.ladder, results.better),
            *explained(results.better),
        ]
        numbers = {**results.to_json(), "findings": texts, "made": vars(making)}
        if means is not None:
            numbers["compositions"] = means.to_json()
        if measured is not None:
            numbers["measured"] = measured.to_json()
        write_json(folder / "report.json", numbers)
        parts = _sections(results, data, shown, making, means, measured)
        body = [*_opening(results), page.contents(parts)]
        for title, part in parts.items():
            body += [page.heading(title), *part]
        text = page.page("X-ray absorption to atomic structure", body)
        (folder / "index.html").write_text(text, encoding="utf-8")
    return path / "index.html"


def _figures(results: Reproduction, data: SiteSpectra) -> dict[str, Figure]:
    """Draw every figure of the report, by the name of its file."""
    points, near = Window().points, results.dataset["neighbour"]
    drawn = {
        "figure-1": figures.draw_classes(data),
        "figure-2": figures.draw_networks(
            points, tuple(results.dataset["classes"]), results.hidden
        ),
        "figure-3a": figures.draw_sweep(
            results.widths, "nodes of the first hidden layer, h (second: h - 2)"
        ),
        "figure-3b": figures.draw_sweep(results.sizes, "same-class averages in all (split 3:1:1)"),
        "figure-4ab": figures.draw_epochs(results.curves, _UNIT),
        "figure-4c": figures.draw_agreement(results.agreement, f"mean {near} coordination number"),
        "ladder": figures.draw_ladder(results.ladder, results.better),
        "ladder-regression": figures.draw_regression_ladder(results.ladder, _UNIT),
    }
    if results.robustness:
        drawn["robustness"] = draw_robustness(results.robustness.classifier)
        regressor = results.robustness.regressor
        drawn["robustness-regression"] = draw_robustness(regressor, unit="(neighbours)")
    return drawn


def _captions(results: Reproduction) -> Iterator[tuple[str, str, str]]:
    """Give every figure's name, title and caption."""
    info, runs, seeds = results.dataset, len(results.classifier), tables.over(results.ladder.seeds)
    scored = ""
    if results.robustness is not None:
        judged = results.robustness.classifier
        scored = (
            f"of sites not trained on (rung {results.robustness.rung}), "
            f"{tables.folds(judged.trials)}; shaded: standard deviation. One disturbance at a "
            "time is made to the raw spectra, before the window is cut out."
        )
        if held := judged.curves["offset"].held_energies:
            scored += (
                f" At the largest offset {held} of the window's {Window().points} energies lie "
                "beyond the stored ones, where the end value is held."
            )
    bands = " (bands)" if runs > 1 else ""
    values = {
        "engine": info["engine"].upper(),
        "points": Window().points,
        "cutoff": info["cutoff"],
        "swept": f"Rung paper, scored on averages; {tables.over(runs)}{bands}",
        "averages": results.settings["averages"],
        "epochs": results.settings["epochs of figure 3"],
        "mixtures": results.settings["mixtures"],
        "rate": results.agreement.rate,
        "seeds": seeds,
        "Seeds": seeds.capitalize(),
        "recipe": results.ladder.recipe,
        "scored": scored,
    }
    for name, text in tomllib.loads(_CAPTIONS.read_text(encoding="utf-8")).items():
        yield name, text["title"], text["caption"].format_map(values)


def _opening(results: Reproduction) -> list[str]:
    lines = [
        "<h1>From X-ray absorption spectra to atomic structure</h1>",
        page.paragraph(f"A reproduction of {_CITATION}, and the harder tests beyond it.", "byline"),
    ]
    note = (
        "This is a quick run: fewer epochs, seeds and examples than the paper's (see “How this "
        "was made”). Its numbers show that everything works; quote those of the full run."
    )
    return [*lines, page.paragraph(note, "note")] if results.quick else lines


def _sections(
    results: Reproduction,
    data: SiteSpectra,
    shown: Mapping[str, str],
    making: Making,
    means: SnapshotMeans | None,
    measured: MeasuredEvaluation | None,
) -> dict[str, list[str]]:
    """The page's parts: the paper's own results first, then what they hide, then what is better."""
    reached, meant = headline(results)
    ladder, better = results.ladder, results.better
    meanings = (
        (name, step.meaning + (f" ({step.remark})" if step.remark else ""))
        for name, step in ladder.rungs.items()
    )
    missing = "; ".join(f"{name} ({reason})" for name, reason in ladder.not_climbed.items())
    restarts = sum(run.restarts for run in (*results.classifier, *results.regressor))
    made = [
        ("seed", str(results.seed)),
        *results.settings.items(),
        ("dead networks restarted", str(restarts)),
        ("time", f"{making.seconds:.0f} s"),
        ("versions", ", ".join(f"{name} {text}" for name, text in making.versions.items())),
    ]
    beyond = [text for text in summary(ladder, better) if text not in summary(ladder)]
    beyond += explained(better)
    told = [tables.explained_table(better)] if better else []
    told.append(tables.coverage_table(better or ladder))
    parts = {
        "The paper's results": [
            page.paragraph(reached),
            page.table(tables.comparison(results)),
            shown["figure-1"],
            shown["figure-2"],
            page.pair([shown["figure-3a"], shown["figure-3b"]]),
            shown["figure-4ab"],
            page.pair([shown["figure-4c"]]),
        ],
        "What “L2 0.1” may mean": [
            page.paragraph(
                "The paper gives the coefficient, not the convention. What each reading gives, one "
                f"seed, {results.settings['epochs of figure 3']} epochs:"
            ),
            page.table(tables.readings(results)),
        ],
        "What these results do not show": [
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
        "Better models": [
            *map(page.paragraph, beyond),
            *(page.table(numbers) for numbers in told if numbers.rows),
        ],
        "Where the composition changes": [
            page.paragraph(compositions(means)),
            shown["compositions"],
        ]
        if means
        else [],
        "Spectra of lower quality": [
            shown["robustness"],
            shown["robustness-regression"],
            page.table(tables.robustness_table(results.robustness)),
        ]
        if results.robustness
        else [],
        "Other elements, measured": [
            page.paragraph(
                "K-edges of Ti to Zn from beamlines, answered by the models that ship for them, "
                "which know computed spectra of crystals."
            ),
            shown["measured"],
            page.table(tables.measured_table(measured)),
        ]
        if measured
        else [],
        "The dataset": [page.facts(facts(data).items())],
        "How this was made": [page.listing(making.command), page.facts(made)],
    }
    return {title: part for title, part in parts.items() if part}
