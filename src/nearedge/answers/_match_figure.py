"""A measured spectrum over the most similar references, and their coordination numbers."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from nearedge.drawing.style import BLACK, GREY, VERMILION, class_colours, plain
from nearedge.matching import Match, Resemblance, coordination

SHOWN = 4


def draw_match(match: Match, title: str = "", shown: int = SHOWN) -> Figure:
    """Draw a spectrum over its nearest references, and the coordination numbers' probabilities."""
    figure = Figure(figsize=(8.4, 4.6), layout="constrained")
    curves, numbers = figure.subplots(1, 2, width_ratios=(3, 1))
    draw_curves(curves, match, shown)
    _numbers(numbers, match)
    figure.suptitle(plain(title), fontsize=9.5, wrap=True)
    return figure


def draw_curves(axes: Axes, match: Match, shown: int = SHOWN) -> None:
    """Draw the spectrum over each of the references, the best one on top."""
    nearest = match.first(shown)
    classes = sorted({round(r.coordination) for r in nearest if r.coordination is not None})
    colours = class_colours([str(n) for n in classes])
    # A peak ends below the words beside the spectrum above it.
    energy, step = match.aligned.energy, max(1.2, float(match.aligned.mu.max()) + 0.05)
    for place, reference in enumerate(nearest):
        level = step * (len(nearest) - 1 - place)
        number = reference.coordination
        colour = GREY if number is None else colours[str(round(number))]
        axes.plot(energy, match.aligned.mu + level, color=BLACK, lw=1.1)
        axes.plot(energy, match.curve(reference.reference) + level, color=colour, ls="--", lw=1.4)
        words = _words(reference)
        axes.text(energy[-1], level + 0.1, words, ha="right", va="bottom", fontsize=7.5)
    axes.set(xlabel="energy from the rise (eV)", ylabel="normalised absorption, offset")
    axes.set_title("measured (black) over the nearest references", fontsize=9)


def draw_nearest(axes: Axes, match: Match) -> None:
    """Draw the spectrum and the nearest reference in little room."""
    (nearest,) = match.first(1)
    energy, curve = match.aligned.energy, match.curve(nearest.reference)
    name = plain(nearest.crystal).replace("_", "\n")
    axes.plot(energy, match.aligned.mu, color=BLACK, lw=1.2, label="measured")
    axes.plot(energy, curve, color=VERMILION, ls="--", label=f"{name}\nmisfit {nearest.misfit:.3f}")
    axes.set(xlabel="energy from the rise (eV)", ylabel="normalised absorption")
    axes.legend(loc="lower right", fontsize=7)


def _words(reference: Resemblance) -> str:
    number = reference.coordination
    around = "" if number is None else f", {number:.2g} neighbours"
    return (
        f"{plain(reference.crystal).replace('_', ' ')}{around}\n"
        f"misfit {reference.misfit:.3f}, energies × {reference.stretch:.2f}, "
        f"broadened by {reference.width:.1f} to {reference.width + reference.growth:.1f} eV"
    )


def _numbers(axes: Axes, match: Match) -> None:
    told = coordination(match)
    axes.set_title("coordination number", fontsize=9)
    if told is None:
        axes.text(0.5, 0.5, "none is stated", ha="center", transform=axes.transAxes)
        axes.set_axis_off()
        return
    likely = {
        n: share for n, share in told.probabilities.items() if share >= 0.005 or n in told.set
    }
    places = np.arange(len(likely))
    colours = [BLACK if n in told.set else GREY for n in likely]
    axes.bar(places, list(likely.values()), color=colours)
    axes.set_xticks(places, [f"{n:g}" for n in likely])
    axes.set(ylim=(0, 1), ylabel="probability (black: in the set)")
