"""The ladder as figures: accuracy and error, rung by rung, beside the plain methods."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from nearedge.drawing.style import BLACK, BLUE, GREEN, GREY, ORANGE, PURPLE, SKY, VERMILION
from nearedge.ladder import Contest, Ladder

_WORDS = {
    "paper": "paper\naverages, then\nrandom split",
    "spectrum": "spectrum\nrandom split of\nraw spectra",
    "snapshot": "snapshot\nnone on\nboth sides",
    "atom": "atom\nnone on\nboth sides",
    "trajectory": "trajectory\nnone on\nboth sides",
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
    places = list(range(len(ladder.rungs)))
    steps = list(ladder.rungs.values())
    for place, step in zip(places, steps, strict=True):
        level = step.baselines["majority"]
        axes.hlines(level, place - 0.36, place + 0.36, color=GREY, lw=1.4, ls=":")
    axes.plot([], [], color=GREY, lw=1.4, ls=":", label="majority class")
    for rank, (name, (colour, marker, label)) in enumerate(_BASELINES.items()):
        shift = 0.04 + 0.085 * rank
        axes.errorbar(
            [place + shift for place in places],
            [step.baselines[name] for step in steps],
            [step.baseline_spreads[name] for step in steps],
            fmt=marker,
            color=colour,
            ms=5.5,
            mec="black",
            mew=0.4,
            elinewidth=1,
            label=label,
        )
    _mark(
        axes,
        [place - 0.14 for place in places],
        [step.accuracy for step in steps],
        [step.spread for step in steps],
        f"recipe “{ladder.recipe}”",
    )
    for place, step in zip(places, steps, strict=True):
        axes.annotate(
            f"{100 * step.accuracy:.1f} %",
            (place - 0.19, step.accuracy),
            xytext=(-3, 0),
            textcoords="offset points",
            ha="right",
            va="center",
            fontsize=8.5,
            fontweight="bold",
            color=BLUE,
        )
        if step.raw_parents is not None:
            _mark_raw(axes, place - 0.14, step.raw_parents)
    if better:
        both = [name for name in ladder.rungs if name in better.rungs]
        axes.errorbar(
            [list(ladder.rungs).index(name) - 0.05 for name in both],
            [better.rungs[name].accuracy for name in both],
            [better.rungs[name].spread for name in both],
            fmt="s",
            color=VERMILION,
            ms=7,
            mec="black",
            mew=0.5,
            elinewidth=1.4,
            capsize=3,
            label=f"recipe “{better.recipe}”",
            zorder=5,
        )
    axes.set_xticks(places, [_WORDS.get(name, name) for name in ladder.rungs])
    axes.set(xlim=(-0.72, places[-1] + 0.5), ylim=(0, 1.04), ylabel="accuracy")
    axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.grid(axis="y", color="0.92", lw=0.7)
    axes.set_axisbelow(True)
    figure.legend(loc="outside right center")
    return figure


def _mark_raw(axes: Axes, place: float, accuracy: float) -> None:
    axes.plot(
        place,
        accuracy,
        "o",
        ms=8,
        mfc="white",
        mec=BLUE,
        mew=1.6,
        label="same network on\nthe raw parents",
        zorder=6,
    )
    axes.annotate(
        f"{100 * accuracy:.1f} %",
        (place - 0.06, accuracy),
        xytext=(-3, 0),
        textcoords="offset points",
        ha="right",
        va="center",
        fontsize=8.5,
        color=BLUE,
    )


def draw_regression_ladder(ladder: Ladder) -> Figure:
    """Mean squared error of the regressor on every rung, beside ridge and the constant."""
    figure = Figure(figsize=(8.6, 3.9), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True)
    mixed = {name: level.mixtures for name, level in ladder.regression.items()}
    whole = {
        name: level.snapshots
        for name, level in ladder.regression.items()
        if level.snapshots is not None
    }
    _draw_errors(left, mixed)
    left.set_title("a   mixtures of 20 to 70 spectra", loc="left")
    left.set_ylabel("mean squared error (neighbours²)")
    _draw_errors(right, whole)
    right.set_title("b   averages of whole held-out snapshots", loc="left")
    handles, labels = left.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3)
    return figure


def _draw_errors(axes: Axes, trials: dict[str, Contest]) -> None:
    if not trials:
        axes.text(0.5, 0.5, "no rung holds out\nwhole snapshots", ha="center", va="center")
        axes.axis("off")
        return
    series = [
        ("network", BLUE, "o", [trial.regressor for trial in trials.values()]),
        ("ridge", ORANGE, "s", [trial.baselines["ridge"] for trial in trials.values()]),
        ("constant", BLACK, "_", [trial.baselines["constant"] for trial in trials.values()]),
    ]
    labels = {"network": "network", "ridge": "ridge", "constant": "constant (training mean)"}
    for rank, (name, colour, marker, errors) in enumerate(series):
        places = [place + 0.17 * (rank - 1) for place in range(len(trials))]
        values = [error.mse for error in errors]
        # The spread may reach zero, which a logarithmic axis cannot show.
        below = [min(error.mse_spread, 0.9 * error.mse) for error in errors]
        above = [error.mse_spread for error in errors]
        axes.errorbar(
            places,
            values,
            [below, above],
            fmt=marker,
            color=colour,
            ms=12 if marker == "_" else 6.5,
            mew=2 if marker == "_" else 0.5,
            elinewidth=1,
            label=labels[name],
        )
    axes.set_yscale("log")
    axes.set_xticks(range(len(trials)), list(trials))
    axes.set_xlim(-0.5, len(trials) - 0.5)
    axes.grid(axis="y", which="both", color="0.93", lw=0.6)
    axes.set_axisbelow(True)


def _mark(
    axes: Axes, x: Sequence[float], y: Sequence[float], spread: Sequence[float], label: str
) -> None:
    axes.errorbar(
        x,
        y,
        spread,
        fmt="o",
        color=BLUE,
        ms=8,
        lw=1.2,
        elinewidth=1.4,
        capsize=3,
        label=label,
        zorder=5,
    )
