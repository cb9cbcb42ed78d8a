"""The figure of a comparison: class means, pre-edges, main peaks and correlation matrices."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from nearedge.drawing.style import BLUE, GREY, VERMILION, class_colours, class_title
from nearedge.ladder.comparison._comparing import Comparison


def draw_comparison(result: Comparison) -> Figure:
    """Draw both engines' class means, feature by feature, and how alike single spectra are."""
    figure = Figure(figsize=(12.6, 7.6), layout="constrained")
    (a, b, c), (d, e, f) = figure.subplots(2, 3)
    colours = class_colours(list(result.classes))
    shared = max(float(np.percentile(mu, 99.7)) for mu in result.spectra)
    for axes, letter, side in ((a, "a", 0), (b, "b", 1)):
        _draw_means(axes, result, side, colours)
        axes.set_title(f"{letter}   {result.engines[side]}{_how_moved(result, side)}", loc="left")
        axes.set_ylim(0, 1.15 * shared)
        _say_what_is_cut(axes, result, side, 1.15 * shared)
    a.legend(ncols=2, loc="upper right")
    _draw_weights(c, result)
    _draw_peaks(d, result, colours)
    _draw_matrix(e, result)
    _draw_class_matrix(f, result)
    return figure


def _how_moved(result: Comparison, side: int) -> str:
    if (result.moved == "first") != (side == 0):
        return ""
    how = result.alignment.alignment
    return f", moved {how.shift:+.2f} eV, broadened {how.broadening:.2f} eV"


def _draw_means(axes: Axes, result: Comparison, side: int, colours: dict[str, str]) -> None:
    grid, mu = result.window.grid, result.spectra[side]
    for name, fit in result.classes.items():
        mean = mu[result.environment == name].mean(axis=0)
        label = f"{class_title(name, result.neighbour)} ({fit.count})"
        axes.plot(grid, mean, color=colours[name], label=label)
    still = result.engines[1 if result.moved == "first" else 0]
    axes.axvline(0, color="0.8", lw=0.8, ls=":", zorder=0)
    axes.set(
        xlim=(grid[0], grid[-1]),
        xlabel=f"energy from {still}'s zero (eV)",
        ylabel=f"mean µ, in {still}'s unit",
    )


def _say_what_is_cut(axes: Axes, result: Comparison, side: int, top: float) -> None:
    means = {
        name: float(result.spectra[side][result.environment == name].mean(axis=0).max())
        for name in result.classes
    }
    cut = [
        f"{class_title(name, result.neighbour)} reaches {high:.2g}"
        for name, high in means.items()
        if high > top
    ]
    # Below the legend.
    axes.text(
        0.98, 0.74, "\n".join(cut), transform=axes.transAxes, ha="right", va="top", fontsize=8
    )


def _draw_weights(axes: Axes, result: Comparison) -> None:
    names = list(result.classes)
    found = result.weight_correlations
    rng = np.random.default_rng(0)  # only keeps points apart
    for side, (colour, marker) in enumerate(((BLUE, "o"), (VERMILION, "^"))):
        weight = result.measures[side].weight
        shift = 0.34 * side - 0.17
        rho = found["first" if side == 0 else "second"]["spearman"]
        said = "" if rho is None else f", Spearman {rho:+.2f}"
        for place, name in enumerate(names):
            mine = weight[result.environment == name]
            spots = place + shift + rng.uniform(-0.1, 0.1, len(mine))
            axes.plot(spots, mine, marker, color=colour, ms=3.2, mew=0, alpha=0.45)
            axes.hlines(mine.mean(), place + shift - 0.15, place + shift + 0.15, color=colour, lw=2)
        label = f"{result.engines[side]}{said}"
        axes.plot([], [], marker, color=colour, ms=5, mew=0, label=label)
    axes.set_xticks(range(len(names)), names)
    axes.set(xlabel=f"{result.neighbour} neighbours", ylabel="pre-edge share of the area")
    top = max(float(one.weight.max()) for one in result.measures)
    axes.set_ylim(0, 1.3 * top)
    axes.legend(loc="upper left")
    axes.set_title("c   pre-edge weight of every atom", loc="left")


def _draw_peaks(axes: Axes, result: Comparison, colours: dict[str, str]) -> None:
    first, second = (one.peak for one in result.measures)
    for name in result.classes:
        mine = (result.environment == name) & result.peaked
        axes.plot(first[mine], second[mine], "o", color=colours[name], ms=4.5, mew=0, alpha=0.8)
    found = result.peak_offsets
    if found["mean"] is not None:
        axes.axline((0, float(found["mean"])), slope=1, color=GREY, lw=1, ls="--")
        spread = "" if found["spread"] is None else f" ± {found['spread']:.2f}"
        said = "" if found["pearson"] is None else f", Pearson {found['pearson']:+.2f}"
        axes.set_title(f"d   main peak: {found['mean']:+.2f}{spread} eV{said}", loc="left")
        kept = result.peaked
        axes.set_xlim(first[kept].min() - 0.4, first[kept].max() + 0.4)
        axes.set_ylim(second[kept].min() - 0.4, second[kept].max() + 0.4)
    axes.set(
        xlabel=f"{result.engines[0]}, from its own zero (eV)",
        ylabel=f"{result.engines[1]}, from its own zero (eV)",
    )
    axes.xaxis.set_major_locator(MaxNLocator(6))


def _draw_matrix(axes: Axes, result: Comparison) -> None:
    image = axes.imshow(result.centred.matrix, vmin=-1, vmax=1, cmap="RdBu_r", aspect="equal")
    counts = [fit.count for fit in result.classes.values()]
    edges = np.concatenate([[0], np.cumsum(counts)]) - 0.5
    for edge in edges[1:-1]:
        axes.axhline(edge, color="black", lw=0.5)
        axes.axvline(edge, color="black", lw=0.5)
    middles = (edges[:-1] + edges[1:]) / 2
    # Names of tiny classes side by side would lie on each other.
    wide = [n for n, count in enumerate(counts) if count > 0.04 * sum(counts)]
    names = list(result.classes)
    ticks, labels = [middles[n] for n in wide], [names[n] for n in wide]
    axes.set_xticks(ticks, labels)
    axes.set_yticks(ticks, labels)
    axes.set(xlabel=f"{result.engines[1]}, atoms by class", ylabel=f"{result.engines[0]}")
    axes.set_title(
        f"e   correlation less mean spectra: same atom {result.centred.same:+.2f}", loc="left"
    )
    axes.figure.colorbar(image, ax=axes, shrink=0.85, label="Pearson correlation")


def _draw_class_matrix(axes: Axes, result: Comparison) -> None:
    names = list(result.classes)
    axes.imshow(result.class_matrix, vmin=-1, vmax=1, cmap="RdBu_r", aspect="equal")
    for row, values in enumerate(result.class_matrix):
        for column, value in enumerate(values):
            axes.text(
                column,
                row,
                f"{value:+.2f}",
                ha="center",
                va="center",
                fontsize=7.5,
                color="white" if abs(value) > 0.6 else "black",
            )
    axes.set_xticks(range(len(names)), names)
    axes.set_yticks(range(len(names)), names)
    axes.set(xlabel=f"{result.engines[1]}, class means", ylabel=f"{result.engines[0]}")
    axes.set_title("f   correlation of class means less the mean", loc="left")
