"""Results of a comparison: findings in words, every number as JSON, the figure."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from nearedge.drawing.style import (
    BLUE,
    GREY,
    VERMILION,
    class_colours,
    class_title,
    figure_style,
    save_figure,
)
from nearedge.ladder.comparison._comparing import Comparison
from nearedge.records import Json, as_json, replacing, write_json

SIMILAR = 0.15
"""Relative distance below which aligned spectra are called similar."""


def write_comparison(path: str | Path, result: Comparison, *, force: bool = False) -> Path:
    """Write a folder with ``report.json``, ``comparison.png`` and ``.pdf``, whole or not at all."""
    with replacing(path, force=force) as folder, figure_style():
        folder.mkdir(parents=True)
        save_figure(draw_comparison(result), folder / "comparison")
        write_json(folder / "report.json", report(result))
    return Path(path)


def report(result: Comparison) -> Json:
    """Return all numbers and findings, ready for JSON; in pairs the first engine comes first."""
    record = as_json(result)
    for name in ("spectra", "matrices", "features", "rows", "environment", "coordination"):
        del record[name]
    first, second = result.features
    sites = {
        "rows": np.transpose(result.rows),
        "class": result.environment,
        "coordination": result.coordination,
        "pre_edge_weight": np.transpose([first.weight, second.weight]),
        "pre_edge_centre": np.transpose([first.centre, second.centre]),
        "main_peak": np.transpose([first.peak, second.peak]),
        "correlation": np.diag(result.matrices["spectra"]),
        "correlation_centred": np.diag(result.matrices["centred"]),
    }
    listed = as_json(sites)
    rows = zip(*listed.values(), strict=True)
    correlations = [
        dict(zip(result.classes, row, strict=True)) for row in record["class_correlation"]
    ]
    return {
        **record,
        "n": len(result.environment),
        "class_correlation": dict(zip(result.classes, correlations, strict=True)),
        "sites": [dict(zip(listed, values, strict=True)) for values in rows],
        "findings": findings(result),
    }


def findings(result: Comparison) -> list[str]:
    """Describe what the numbers show, the first engine compared with the second."""
    texts = [_alignment(result)]
    if len(result.classes) > 1:
        texts += [_class_shifts(result), _class_means(result)]
    return [*texts, _pre_edge(result), _peaks(result), _retrieval(result)]


def _alignment(result: Comparison) -> str:
    fit, unpaired = result.alignment, result.alignment_without_pairs
    text = (
        f"{result.mover}'s spectra of the same {len(result.environment)} atoms come nearest to "
        f"{result.still}'s when moved by {fit.shift:+.2f} eV, broadened by {fit.broadening:.2f} eV "
        f"(standard deviation) and scaled: the relative distance falls from "
        f"{fit.residual_before:.0%} to {fit.residual:.0%}, and the two engines' spectra are "
        f"{'similar' if fit.residual <= SIMILAR else 'not similar'}."
    )
    if fit.at_bound:
        text += " The shift stopped at its bound; a better one may lie beyond."
    if fit.ambiguous and fit.rival:
        text += f" Ambiguous: {fit.rival.shift:+.2f} eV leaves {fit.rival.residual:.0%}."
    return f"{text} Mean and spread alone, without pairs, give {unpaired.shift:+.2f} eV."


def _class_shifts(result: Comparison) -> str:
    shifts = [(fit.alignment.shift, name) for name, fit in result.classes.items()]
    (low, lowest), (high, highest) = min(shifts), max(shifts)
    verdict = "does not serve all" if high - low > 0.5 else "serves all within half an electronvolt"
    return (
        f"Class by class the best shift runs from {low:+.2f} eV ({_title(result, lowest)}) to "
        f"{high:+.2f} eV ({_title(result, highest)}): one shift {verdict}."
    )


def _class_means(result: Comparison) -> str:
    names = list(result.classes)
    wrong = [
        f"{_title(result, name)} resembles {_title(result, names[best])}"
        for name, best in zip(names, result.class_correlation.argmax(axis=1), strict=True)
        if name != names[best]
    ]
    return (
        f"Of {len(names)} class means of {result.engines[0]}, {len(names) - len(wrong)} resemble "
        f"the same class of {result.engines[1]} most" + (f"; {', '.join(wrong)}." if wrong else ".")
    )


def _pre_edge(result: Comparison) -> str:
    """How the pre-edge's share of the area depends on the count, and where it differs most."""
    with_count = [
        f"{_number(result.pre_edge_weight[side].spearman)} in {engine}"
        for side, engine in zip(("first", "second"), result.engines, strict=True)
    ]
    weights = {name: fit.pre_edge_weight for name, fit in result.classes.items()}
    name = max(weights, key=lambda name: abs(weights[name][0] - weights[name][1]))
    first, second = weights[name]
    return (
        f"The pre-edge's share of the area up to the main peak correlates with the number of "
        f"{result.neighbour} by {' and '.join(with_count)} (Spearman), between the engines by "
        f"{_number(result.pre_edge_weight['between'].spearman)}. It differs most for the class "
        f"{_title(result, name)}: {first:.0%} in {result.engines[0]}, {second:.0%} in "
        f"{result.engines[1]}."
    )


def _peaks(result: Comparison) -> str:
    peak = result.main_peak
    text = (
        f"{result.engines[1]}'s main peak lies {peak.mean:+.2f} ± {peak.spread:.2f} eV from "
        f"{result.engines[0]}'s (mean and spread over {peak.n} atoms, each on its own zero); over "
        f"the atoms the positions correlate by {_number(peak.agreement.pearson)} (Pearson)."
    )
    return text + (f" {peak.without_peak} atoms have none." if peak.without_peak else "")


def _retrieval(result: Comparison) -> str:
    judged = result.correlation["centred"]
    return (
        f"Less each engine's mean spectrum, the two spectra of one atom correlate by "
        f"{judged.same:+.2f}, those of different atoms by {judged.different:+.2f}. The best match "
        f"is the same atom in {judged.first:.0%} (chance {judged.chance_first:.0%}) and the same "
        f"class in {judged.same_class:.0%} (chance {judged.chance_class:.0%})."
    )


def _number(value: float | None) -> str:
    return "unknown" if value is None else f"{value:+.2f}"


def _title(result: Comparison, name: str) -> str:
    return class_title(name, result.neighbour)


def draw_comparison(result: Comparison) -> Figure:
    """Draw both engines' class means, their features site by site, and correlations."""
    figure = Figure(figsize=(12.6, 7.6), layout="constrained")
    (a, b, c), (d, e, f) = figure.subplots(2, 3)
    colours = class_colours(list(result.classes))
    top = 1.15 * max(float(np.percentile(mu, 99.7)) for mu in result.spectra)
    fit = result.alignment
    moved = f", moved {fit.shift:+.2f} eV, broadened {fit.broadening:.2f} eV"
    for axes, letter, side, engine in zip((a, b), "ab", (0, 1), result.engines, strict=True):
        _draw_means(axes, result, side, colours, top)
        title = f"{letter}   {engine}{moved if engine == result.mover else ''}"
        axes.set_title(title, loc="left")
    a.legend(ncols=2, loc="upper right")
    _draw_weights(c, result)
    _draw_peaks(d, result, colours)
    _draw_matrix(e, result)
    _draw_class_matrix(f, result)
    return figure


def _draw_means(
    axes: Axes, result: Comparison, side: int, colours: dict[str, str], top: float
) -> None:
    grid, mu = result.window.grid, result.spectra[side]
    cut = []
    for name, fit in result.classes.items():
        mean = mu[result.environment == name].mean(axis=0)
        title = class_title(name, result.neighbour)
        axes.plot(grid, mean, color=colours[name], label=f"{title} ({fit.n})")
        if mean.max() > top:
            cut.append(f"{title} reaches {mean.max():.2g}")
    # Below the legend.
    axes.text(
        0.98, 0.74, "\n".join(cut), transform=axes.transAxes, ha="right", va="top", fontsize=8
    )
    axes.axvline(0, color="0.8", lw=0.8, ls=":", zorder=0)
    axes.set(
        xlim=(grid[0], grid[-1]),
        ylim=(0, top),
        xlabel=f"energy from {result.still}'s zero (eV)",
        ylabel=f"mean µ, in {result.still}'s unit",
    )


def _draw_weights(axes: Axes, result: Comparison) -> None:
    names = list(result.classes)
    rng = np.random.default_rng(0)  # only keeps points apart
    looks = (("first", -0.17, "o", BLUE), ("second", 0.17, "^", VERMILION))
    sides = zip(result.features, result.engines, looks, strict=True)
    for features, engine, (side, shift, marker, colour) in sides:
        for place, name in enumerate(names):
            weight = features.weight[result.environment == name]
            spots = place + shift + rng.uniform(-0.1, 0.1, len(weight))
            axes.plot(spots, weight, marker, color=colour, ms=3.2, mew=0, alpha=0.45)
            ends = place + shift - 0.15, place + shift + 0.15
            axes.hlines(weight.mean(), *ends, color=colour, lw=2)
        rho = result.pre_edge_weight[side].spearman
        label = engine if rho is None else f"{engine}, Spearman {rho:+.2f}"
        axes.plot([], [], marker, color=colour, ms=5, mew=0, label=label)
    axes.set_xticks(range(len(names)), names)
    axes.set(xlabel=f"{result.neighbour} neighbours", ylabel="pre-edge share of the area")
    axes.set_ylim(0, 1.3 * max(float(side.weight.max()) for side in result.features))
    axes.legend(loc="upper left")
    axes.set_title("c   pre-edge weight of every atom", loc="left")


def _draw_peaks(axes: Axes, result: Comparison, colours: dict[str, str]) -> None:
    first, second = (side.peak for side in result.features)
    for name in result.classes:
        members = result.environment == name
        axes.plot(
            first[members], second[members], "o", color=colours[name], ms=4.5, mew=0, alpha=0.8
        )
    offset = result.main_peak
    if offset.n:
        axes.axline((0, offset.mean), slope=1, color=GREY, lw=1, ls="--")
    pearson = offset.agreement.pearson
    suffix = "" if pearson is None else f", Pearson {pearson:+.2f}"
    axes.set_title(
        f"d   main peak: {offset.mean:+.2f} ± {offset.spread:.2f} eV{suffix}", loc="left"
    )
    axes.set(
        xlabel=f"{result.engines[0]}, from its own zero (eV)",
        ylabel=f"{result.engines[1]}, from its own zero (eV)",
    )
    if offset.n:
        peaked = np.isfinite(first) & np.isfinite(second)
        axes.set_xlim(first[peaked].min() - 0.4, first[peaked].max() + 0.4)
        axes.set_ylim(second[peaked].min() - 0.4, second[peaked].max() + 0.4)
    axes.xaxis.set_major_locator(MaxNLocator(6))


def _draw_matrix(axes: Axes, result: Comparison) -> None:
    image = axes.imshow(result.matrices["centred"], vmin=-1, vmax=1, cmap="RdBu_r", aspect="equal")
    counts = [fit.n for fit in result.classes.values()]
    edges = np.concatenate([[0], np.cumsum(counts)]) - 0.5
    for edge in edges[1:-1]:
        for line in (axes.axhline, axes.axvline):
            line(edge, color="black", lw=0.5)
    middles = (edges[:-1] + edges[1:]) / 2
    # Names of tiny classes side by side would lie on each other.
    labelled = {
        float(middle): name
        for middle, name, count in zip(middles, result.classes, counts, strict=True)
        if count > 0.04 * sum(counts)
    }
    axes.set_xticks(list(labelled), list(labelled.values()))
    axes.set_yticks(list(labelled), list(labelled.values()))
    axes.set(xlabel=f"{result.engines[1]}, atoms by class", ylabel=f"{result.engines[0]}")
    same = result.correlation["centred"].same
    axes.set_title(f"e   correlation less mean spectra: same atom {same:+.2f}", loc="left")
    axes.figure.colorbar(image, ax=axes, shrink=0.85, label="Pearson correlation")


def _draw_class_matrix(axes: Axes, result: Comparison) -> None:
    names = list(result.classes)
    axes.imshow(result.class_correlation, vmin=-1, vmax=1, cmap="RdBu_r", aspect="equal")
    for (row, column), value in np.ndenumerate(result.class_correlation):
        colour = "white" if abs(value) > 0.6 else "black"
        axes.text(
            column, row, f"{value:+.2f}", ha="center", va="center", fontsize=7.5, color=colour
        )
    axes.set_xticks(range(len(names)), names)
    axes.set_yticks(range(len(names)), names)
    axes.set(xlabel=f"{result.engines[1]}, class means", ylabel=f"{result.engines[0]}")
    axes.set_title("f   correlation of class means less the mean", loc="left")
