"""The paper's figures 1 to 4, and the ladder, drawn from what the protocol measured."""

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
from ase import Atoms
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch
from matplotlib.ticker import MaxNLocator, PercentFormatter
from scipy.spatial.distance import cdist

from nearedge.datasets import SiteSpectra
from nearedge.drawing import style
from nearedge.drawing.surroundings import draw_surroundings
from nearedge.ladder import Contest, Ladder, SnapshotMeans
from nearedge.paper.protocol import Agreement, Curve, Sweep
from nearedge.spectra import Window
from nearedge.structures.clusters import cut_cluster

_PARTS = {
    "train": (style.BLUE, "o", "-", "training"),
    "validation": (style.VERMILION, "s", "--", "validation"),
    "test": (style.GREEN, "^", ":", "test"),
}


def typical_sites(data: SiteSpectra) -> dict[str, int]:
    """Find the site of the medoid of every class, intensities standardised per energy."""
    mu = data.inputs()
    scaled = (mu - mu.mean(axis=0)) / np.where(mu.std(axis=0) > 0, mu.std(axis=0), 1)
    typical = {}
    for name in data.classes:
        sites = np.flatnonzero(data.environment == name)
        members = scaled[sites]
        typical[name] = int(sites[cdist(members, members).sum(axis=1).argmin()])
    return typical


def draw_classes(data: SiteSpectra) -> Figure:
    """Figure 1: a typical spectrum of every class, its sampled points, its local structure."""
    window, sampled = Window(), data.inputs()
    typical, colours, scale = typical_sites(data), style.class_colours(data.classes), sampled.mean()
    columns = 3 if len(typical) > 4 else 2
    rows = -(-len(typical) // columns)
    figure = Figure(figsize=(3.6 * columns, 2.2 * rows), layout="constrained")
    cells = figure.subplots(
        rows, 2 * columns, squeeze=False, width_ratios=[1.0, 1.75] * columns
    ).reshape(-1, 2)
    shown = (data.energy >= window.minimum - 1) & (data.energy <= window.maximum + 1)
    for (picture, panel), (name, site) in zip(cells, typical.items(), strict=False):
        panel.axvline(0, color="0.8", lw=0.8, ls=":", zorder=0)
        panel.plot(data.energy[shown], data.mu[site, shown] / scale, color="0.55", lw=0.9)
        panel.plot(window.grid, sampled[site] / scale, ".", color=colours[name], ms=4.6)
        panel.set(xlim=(window.minimum - 0.6, window.maximum + 0.6))
        panel.set_ylim(0, 1.08 * float(sampled[site].max()) / scale)
        panel.yaxis.set_major_locator(MaxNLocator(4))
        panel.set_title(f"{data.counts()[name]} spectra", loc="right", fontsize=8, color="0.35")
        structure = data.structures[str(data.snapshot[site])]
        neighbour, cutoff = (data.rule.neighbour, data.rule.cutoff) if data.rule else ("", 3.0)
        around = cut_cluster(structure, int(data.atom[site]), cutoff)
        caption = f"{data.snapshot[site]}\natom {data.atom[site]}"
        draw_surroundings(picture, Atoms(structure.numbers[around.atom], around.position), caption)
        picture.set_title(style.class_title(name, neighbour), fontweight="bold")
    for cell in cells[len(typical) :].ravel():
        cell.set_axis_off()
    figure.supxlabel(
        f"energy from {style.short_zero(str(data.attributes['energy_zero']).strip())} (eV)",
        fontsize=9,
    )
    figure.supylabel("absorption µ / its mean over all spectra and energies", fontsize=9)
    return figure


def draw_networks(points: int, classes: tuple[str, ...], hidden: tuple[int, ...]) -> Figure:
    """Figure 2: the classifier and the regressor, layer by layer."""
    figure = Figure(figsize=(9.2, 3.7), layout="constrained")
    left, right = figure.subplots(1, 2)
    names = [f"P({name})" for name in classes]
    _draw_network(left, points, hidden, names, "softmax", "a   classifier: environment class")
    _draw_network(
        right, points, hidden, ["mean"], "linear", "b   regressor: mean number of neighbours"
    )
    return figure


def _draw_network(
    axes: Axes, points: int, hidden: tuple[int, ...], outputs: list[str], last: str, title: str
) -> None:
    layers = [
        (f"{points} intensities", style.SKY, 9),
        *((f"{width}, ReLU", style.GREEN, width) for width in hidden),
        (f"{len(outputs)}, {last}", style.VERMILION, len(outputs)),
    ]
    heights = [np.linspace(min(1, n / 8), -min(1, n / 8), n) if n > 1 else [0] for *_, n in layers]
    heights[0] = np.delete(heights[0], 4)
    axes.text(0, 0, "⋮", ha="center", va="center", fontsize=13, zorder=3)
    for layer, (caption, colour, _) in enumerate(layers):
        ys = heights[layer]
        axes.plot([layer] * len(ys), ys, "o", ms=11, mfc=colour, mec="black", mew=0.7, zorder=2)
        axes.text(layer, -1.33, caption, ha="center", va="top", fontsize=8.5)
    lines = [
        np.array([(layer, y), (layer + 1, goal)])
        for layer, (here, there) in enumerate(pairwise(heights))
        for y in here
        for goal in there
    ]
    axes.add_collection(LineCollection(lines, colors="0.78", linewidths=0.5, zorder=1))
    for y, name in zip(heights[-1], outputs, strict=True):
        axes.text(len(layers) - 0.84, y, name, ha="left", va="center", fontsize=8.5)
    axes.add_patch(
        FancyArrowPatch(
            (-0.75, 0), (-0.2, 0), arrowstyle="-|>", mutation_scale=11, color=style.BLACK
        )
    )
    axes.text(-0.5, 0.12, "µ(E)", ha="center", va="bottom", fontsize=9)
    axes.set(xlim=(-0.9, len(layers) - 0.1), ylim=(-1.6, 1.2))
    axes.set_title(title, loc="left")
    axes.axis("off")


def draw_sweep(sweep: Sweep, label: str) -> Figure:
    """Figures 3a and 3b: accuracy against one quantity, means and spreads over the seeds."""
    figure = Figure(figsize=(4.6, 3.3), layout="constrained")
    axes = figure.subplots()
    values, accuracy = sweep.values, sweep.accuracy
    for part, (colour, marker, line, name) in _PARTS.items():
        mean = accuracy[part].mean(axis=0)
        axes.plot(values, mean, marker=marker, ls=line, color=colour, ms=5, label=name)
        if len(accuracy[part]) > 1:
            spread = accuracy[part].std(axis=0, ddof=1)
            ends = np.clip([mean - spread, mean + spread], 0, 1)
            axes.fill_between(values, *ends, color=colour, alpha=0.15, lw=0)
    axes.set(xlabel=label, ylabel="accuracy on synthetic averages")
    if len(values) < 9 and np.ptp(values) < 20:
        axes.set_xticks(values)
    axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=None))
    axes.grid(axis="y", color="0.92", lw=0.7)
    figure.legend(loc="outside upper center", ncols=3)
    return figure


def draw_epochs(curves: Sequence[Curve], unit: str) -> Figure:
    """Figures 4a and 4b: the regressor's error while it learns, all rates on one scale."""
    figure = Figure(figsize=(8.8, 3.3), layout="constrained")
    panels = figure.subplots(1, len(curves), sharey=True, squeeze=False)[0]
    for axes, letter, curve in zip(panels, "abcdef", curves, strict=False):
        axes.semilogy(curve.epoch, curve.train, color=style.BLUE, lw=1.2, label="training")
        axes.semilogy(
            curve.epoch,
            curve.validation,
            color=style.VERMILION,
            lw=1.0,
            ls="--",
            label="validation",
        )
        axes.set(xlabel="epoch", xlim=(0, int(curve.epoch[-1])))
        axes.set_title(f"{letter}   learning rate {curve.rate:g}", loc="left")
        axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
        axes.grid(color="0.92", lw=0.7)
        axes.legend(loc="upper right")
    panels[0].set_ylabel(f"mean squared error ({unit})")
    return figure


def draw_agreement(agreement: Agreement, label: str) -> Figure:
    """Figure 4c: predicted against true numbers of the test mixtures."""
    truth, predicted = agreement.truth, agreement.predicted
    figure = Figure(figsize=(4.0, 3.8), layout="constrained")
    axes = figure.subplots()
    both = np.concatenate([truth, predicted])
    limits = (both.min() - 0.05, both.max() + 0.05)
    axes.plot(limits, limits, color=style.GREY, lw=1, ls="--", label="perfect")
    axes.plot(
        truth, predicted, ".", color=style.BLUE, ms=3, alpha=0.45, mew=0, label="test mixtures"
    )
    error = float(np.mean((predicted - truth) ** 2))
    axes.text(
        0.97, 0.04, f"MSE {error:.4f}\nRMSE {np.sqrt(error):.3f}\n{len(truth)} mixtures",
        transform=axes.transAxes, ha="right", va="bottom", fontsize=8.5,
    )  # fmt: skip
    axes.set(xlim=limits, ylim=limits, aspect="equal")
    axes.set(xlabel=f"true {label}", ylabel=f"predicted {label}")
    axes.locator_params(nbins=5)
    axes.legend(loc="upper left", markerscale=3)
    return figure


def draw_snapshots(means: SnapshotMeans) -> Figure:
    """Predicted against true mean coordination numbers of snapshots, intervals as bars."""
    figure = Figure(figsize=(5.4, 4.4), layout="constrained")
    axes = figure.subplots()
    ends = means.predicted - means.half_width, means.predicted + means.half_width
    limits = min(means.true.min(), ends[0].min()) - 0.1, max(means.true.max(), ends[1].max()) + 0.1
    axes.plot(limits, limits, color=style.GREY, lw=1, ls="--", label="perfect")
    axes.axhline(
        float(means.constant.mean()),
        color=style.BLACK,
        lw=1,
        ls=":",
        label="constant (training mean)",
    )
    axes.errorbar(
        means.true, means.predicted, means.half_width, fmt="o", color=style.BLUE, ms=4, mec="white",
        mew=0.4, elinewidth=0.5, ecolor=style.SKY, label=f"snapshots, {means.level:.0%} intervals",
    )  # fmt: skip
    axes.text(
        0.97, 0.04,
        f"MAE {means.mae():.3f} (constant {means.mae('constant'):.3f})\nR² {means.r2:.3f}\n"
        f"{len(means.true)} snapshots, {len(set(means.composition))} compositions",
        transform=axes.transAxes, ha="right", va="bottom", fontsize=8.5,
    )  # fmt: skip
    axes.set(xlim=limits, ylim=limits, aspect="equal")
    axes.set(xlabel="true mean coordination number", ylabel="predicted")
    axes.legend(loc="upper left")
    return figure


_RUNGS = {
    "paper": "paper\naverages, then\nrandom split",
    "spectrum": "spectrum\nrandom split of\nraw spectra",
    "engine": "engine\nanother engine's\nspectra",
    "engine-aligned": "engine-aligned\nthe same,\naligned",
}

_BASELINES = {
    "1-nn": (style.SKY, "v", "1-NN"),
    "svm": (style.GREEN, "D", "SVM (RBF)"),
    "logistic": (style.ORANGE, "^", "logistic"),
    "random-forest": (style.PURPLE, "P", "random forest"),
}


def draw_ladder(ladder: Ladder, better: Ladder | None = None) -> Figure:
    """Accuracy of the classifier on every rung, beside the plain methods and another recipe."""
    figure = Figure(figsize=(8.6, 4.4), layout="constrained")
    axes = figure.subplots()
    steps = ladder.rungs
    places = {name: float(place) for place, name in enumerate(steps)}

    for name, place in places.items():
        level = steps[name].baselines["majority"]
        axes.hlines(level, place - 0.36, place + 0.36, color=style.GREY, lw=1.4, ls=":")
    axes.plot([], [], color=style.GREY, lw=1.4, ls=":", label="majority class")
    series = []
    for rank, (method, (colour, marker, label)) in enumerate(_BASELINES.items()):
        scores = {n: (s.baselines[method], s.baseline_spreads[method]) for n, s in steps.items()}
        series.append((label, 0.04 + 0.085 * rank, 5, colour, marker, scores))
    for recipe, shift, size, colour, marker in (
        (ladder, -0.14, 8, style.BLUE, "o"),
        (better, -0.05, 7, style.VERMILION, "s"),
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
                places[name] - 0.14, step.raw_parents, "o", ms=8, mfc="white", mec=style.BLUE,
                mew=1.6, label="same network on\nthe raw parents", zorder=6,
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
        ha="right", va="center", fontsize=8.5, fontweight=weight, color=style.BLUE,
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
    series = (
        ("network", style.BLUE, "o"),
        ("ridge", style.ORANGE, "s"),
        ("constant", style.BLACK, "_"),
    )
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
