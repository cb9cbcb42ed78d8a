"""The ladder as figures: accuracy and error, rung by rung, beside the plain methods."""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from nearedge.drawing.style import BLACK, BLUE, GREEN, GREY, ORANGE, PURPLE, SKY, VERMILION
from nearedge.ladder import Contest, Ladder

_RUNGS = {
    "paper": "paper\naverages, then\nrandom split",
    "spectrum": "spectrum\nrandom split of\nraw spectra",
    "engine": "engine\nanother engine's\nspectra",
    "engine-aligned": "engine-aligned\nthe same,\naligned",
}

_BASELINES = {
    "1-nn": (SKY, "v", "1-NN"),
    "svm": (GREEN, "D", "SVM (RBF)"),
    "logistic": (ORANGE, "^", "logistic"),
    "random-forest": (PURPLE, "P", "random forest"),
}


def draw_ladder(ladder: Ladder, better: Ladder | None = None) -> Figure:
    """Accuracy of the classifier on every rung, beside the plain methods and another recipe."""
    figure = Figure(figsize=(8.6, 4.4), layout="constrained")
    axes = figure.subplots()
    steps = ladder.rungs
    places = {name: float(place) for place, name in enumerate(steps)}

    for name, place in places.items():
        level = steps[name].baselines["majority"]
        axes.hlines(level, place - 0.36, place + 0.36, color=GREY, lw=1.4, ls=":")
    axes.plot([], [], color=GREY, lw=1.4, ls=":", label="majority class")
    series = []
    for rank, (method, (colour, marker, label)) in enumerate(_BASELINES.items()):
        scores = {n: (s.baselines[method], s.baseline_spreads[method]) for n, s in steps.items()}
        series.append((label, 0.04 + 0.085 * rank, 5, colour, marker, scores))
    for recipe, shift, size, colour, marker in (
        (ladder, -0.14, 8, BLUE, "o"),
        (better, -0.05, 7, VERMILION, "s"),
    ):
        if recipe:
            scores = {name: (step.accuracy, step.spread) for name, step in recipe.rungs.items()}
            series.append((f"recipe “{recipe.recipe}”", shift, size, colour, marker, scores))
    for label, shift, size, colour, marker, scores in series:
        shared = [name for name in places if name in scores]
        axes.errorbar(
            [places[name] + shift for name in shared],
            [scores[name][0] for name in shared],
            [scores[name][1] for name in shared],
            label=label, fmt=marker, color=colour, ms=size, mec="black", mew=0.4, elinewidth=1.2,
            zorder=2 + size / 2,
        )  # fmt: skip
    for name, step in steps.items():
        _write(axes, places[name] - 0.19, step.accuracy, "bold")
        if step.raw_parents is not None:
            axes.plot(
                places[name] - 0.14, step.raw_parents, "o", ms=8, mfc="white", mec=BLUE, mew=1.6,
                label="same network on\nthe raw parents", zorder=6,
            )  # fmt: skip
            _write(axes, places[name] - 0.2, step.raw_parents, "normal")
    words = [_RUNGS.get(name, f"{name}\nnone on\nboth sides") for name in steps]
    axes.set_xticks(list(places.values()), words)
    axes.set(xlim=(-0.72, len(places) - 0.5), ylim=(0, 1.04), ylabel="accuracy")
    axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.grid(axis="y", color="0.92", lw=0.7)
    axes.set_axisbelow(True)
    figure.legend(loc="outside right center")
    return figure


def _write(axes: Axes, place: float, accuracy: float, weight: str) -> None:
    axes.annotate(
        f"{100 * accuracy:.1f} %", (place, accuracy), xytext=(-3, 0), textcoords="offset points",
        ha="right", va="center", fontsize=8.5, fontweight=weight, color=BLUE,
    )  # fmt: skip


def draw_regression_ladder(ladder: Ladder, unit: str) -> Figure:
    """Mean squared error of the regressor on every rung, beside ridge and the constant."""
    figure = Figure(figsize=(8.6, 3.9), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True)
    levels = ladder.regression.items()
    _draw_errors(left, {name: level.mixtures for name, level in levels})
    whole = {name: level.snapshots for name, level in levels if level.snapshots}
    left.set_title("a   mixtures of 20 to 70 spectra", loc="left")
    left.set_ylabel(f"mean squared error ({unit})")
    right.set_title("b   averages of whole held-out snapshots", loc="left")
    if whole:
        _draw_errors(right, whole)
    else:
        right.text(0.5, 0.5, "no rung holds out\nwhole snapshots", ha="center", va="center")
        right.axis("off")
    handles, labels = left.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3)
    return figure


def _draw_errors(axes: Axes, contests: Mapping[str, Contest]) -> None:
    series = (("network", BLUE, "o"), ("ridge", ORANGE, "s"), ("constant", BLACK, "_"))
    for rank, (name, colour, marker) in enumerate(series):
        errors = [{"network": c, **c.baselines}[name] for c in contests.values()]
        mse = np.array([error.mse for error in errors])
        spread = np.array([error.mse_spread for error in errors])
        dash = marker == "_"
        # The spread may reach zero, which a logarithmic axis cannot show.
        below = np.minimum(spread, 0.9 * mse)
        axes.errorbar(
            np.arange(len(errors)) + 0.17 * (rank - 1), mse, [below, spread],
            fmt=marker, color=colour, ms=12 if dash else 6.5, mew=2 if dash else 0.5, elinewidth=1,
            label="constant (training mean)" if dash else name,
        )  # fmt: skip
    axes.set_yscale("log")
    axes.set_xticks(range(len(contests)), list(contests))
    axes.set_xlim(-0.5, len(contests) - 0.5)
    axes.grid(axis="y", which="both", color="0.93", lw=0.6)
    axes.set_axisbelow(True)
