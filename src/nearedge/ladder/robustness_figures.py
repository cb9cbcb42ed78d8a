"""Robustness as figures: a panel for each quantity, a line for each method."""

from collections.abc import Mapping
from itertools import cycle

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator, PercentFormatter

from nearedge.drawing.style import BLACK, BLUE, GREEN, GREY, ORANGE, PURPLE, SKY, VERMILION
from nearedge.ladder.robustness import Quantity, Robustness

_AXES: Mapping[Quantity, str] = {
    "offset": "energy offset (eV)",
    "broadening": "added broadening, FWHM (eV)",
    "signal_to_noise": "signal to noise (peak / s.d.)",
    "scale": "intensity factor",
}

TOP = 8.0
"""Larger errors are cut off."""

# Colour, marker and line; other names take the remaining colours in turn.
_LINES = {
    "best": (VERMILION, "s", "-"),
    "paper": (BLUE, "o", "-"),
    "svm": (GREEN, "D", "--"),
    "1-nn": (SKY, "v", "--"),
    "ridge": (ORANGE, "^", "--"),
    "majority": (GREY, "", ":"),
    "constant": (BLACK, "", ":"),
}
_COLOURS = (BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY)
_OTHERS = [(colour, marker, "-") for colour, marker in zip(_COLOURS, "osDP^v", strict=True)]


def draw_robustness(result: Robustness, *, unit: str = "", title: str | None = None) -> Figure:
    """Draw the score against each quantity, with its spread over the trials."""
    figure = Figure(figsize=(8.6, 5.6), layout="constrained")
    panels = figure.subplots(2, 2, sharey=True).ravel()
    accuracy = result.score == "accuracy"
    spare = cycle(_OTHERS)
    styles = {name: _LINES[name] if name in _LINES else next(spare) for name in result.names}
    for axes, letter, (quantity, curve) in zip(panels, "abcd", result.curves.items(), strict=False):
        for name in reversed(result.names):
            colour, marker, line = styles[name]
            mean, spread = curve.scores[name].mean, curve.scores[name].spread
            axes.plot(
                curve.levels, mean, color=colour, ls=line, marker=marker or None, ms=4.5,
                mec="black", mew=0.4, label=name,
            )  # fmt: skip
            if result.trials > 1 and line == "-":
                low = mean - spread if accuracy else np.maximum(mean - spread, 0.5 * mean)
                axes.fill_between(curve.levels, low, mean + spread, color=colour, alpha=0.15, lw=0)
        axes.set_xlabel(_AXES[quantity])
        axes.set_title(letter, loc="left", fontweight="bold")
        axes.grid(axis="y", color="0.92", lw=0.7)
        axes.set_axisbelow(True)
        if quantity == "signal_to_noise":
            axes.set_xscale("log")
            axes.invert_xaxis()
            axes.xaxis.set_major_locator(FixedLocator([1000, 300, 100, 30, 10]))
            axes.xaxis.set_minor_locator(NullLocator())
            axes.xaxis.set_major_formatter("{x:g}")
    for axes in panels[len(result.curves) :]:
        axes.axis("off")
    for axes in panels[::2]:
        axes.set_ylabel("accuracy" if accuracy else f"{result.score} {unit}".strip())
    if accuracy:
        panels[0].set_ylim(0, 1)
        panels[0].yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    else:
        panels[0].set_yscale("log")
        scores = [score for curve in result.curves.values() for score in curve.scores.values()]
        panels[0].set_ylim(top=min(TOP, 1.5 * max(float(score.mean.max()) for score in scores)))
        panels[0].yaxis.set_major_locator(FixedLocator([0.01, 0.03, 0.1, 0.3, 1, 3]))
        panels[0].yaxis.set_major_formatter("{x:g}")
    if title:
        figure.suptitle(title, fontsize=9.5)
    handles, names = panels[0].get_legend_handles_labels()
    figure.legend(handles[::-1], names[::-1], loc="outside lower center", ncols=min(5, len(names)))
    return figure
