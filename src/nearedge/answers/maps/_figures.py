"""Maps as figures: one of each, and all of them beside the mean spectrum."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import matplotlib as mpl
import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from nearedge.answers._answer import Evidence
from nearedge.answers.maps._maps import Layer, View
from nearedge.drawing.style import BLUE, GREY, SKY, VERMILION, figure_style
from nearedge.models.inference import Fit

OUTSIDE = "0.8"
"""Grey of pixels that are not mapped."""

# Titles, and what the numbers are.
_WORDS = {
    "coordination": ("mean coordination number", "neighbours"),
    "coordination_error": (
        "error of the coordination number",
        "half the 90 % interval",
    ),
    "novelty": ("novelty", "misfit over its limit (line)"),
    "noise": ("noise", "share of the variation"),
}


@dataclass(frozen=True)
class _Look:
    """Colours and limits of a map."""

    title: str
    label: str
    colours: str
    low: float
    high: float
    extend: str
    shares: bool = False
    mark: float | None = None


def draw_maps(folder: Path, view: View, layers: list[Layer]) -> None:
    """Write a figure of each map, ``NAME.png``.

    Parameters
    ----------
    folder : Path
    view : View
    layers : list of Layer
        The maps to draw.
    """
    with figure_style():
        for layer, look in _looks(view, layers):
            image = view.maps[layer.name]
            figure = Figure(figsize=_size(image.shape), layout="constrained")
            axes = figure.subplots()
            _draw(axes, image, look, view.step)
            axes.set_xlabel("column")
            axes.set_ylabel("row")
            figure.savefig(folder / f"{layer.name}.png")


def draw_overview(folder: Path, view: View, layers: list[Layer], mean: Evidence) -> None:
    """Write all maps and the mean spectrum in one figure, ``overview.png``.

    Parameters
    ----------
    folder : Path
    view : View
    layers : list of Layer
        The maps to draw.
    mean : Evidence
        Of the mean spectrum.
    """
    with figure_style():
        looks = list(_looks(view, layers))
        height, width = view.maps[layers[0].name].shape
        columns = 3 if width < 3 * height else 2
        rows = -(-(len(looks) + 1) // columns)
        # Room for a title and an axis beside the image itself.
        each = 10.5 / columns
        tall = float(np.clip((each - 1.1) * height / width + 0.45, 1.6, 4.5))
        figure = Figure(figsize=(10.5, tall * rows + 0.3), layout="constrained")
        panels = figure.subplots(rows, columns, squeeze=False).ravel()
        _draw_mean(panels[0], mean.fit, mean.posterior.zero)
        for axes, (layer, look) in zip(panels[1:], looks, strict=False):
            _draw(axes, view.maps[layer.name], look, view.step)
        for axes in panels[1 + len(looks) :]:
            axes.axis("off")
        figure.savefig(folder / "overview.png")


def _looks(view: View, layers: list[Layer]) -> Iterator[tuple[Layer, _Look]]:
    fractions = [view.maps[layer.name] for layer in layers if layer.name.startswith("fraction_")]
    # One scale for all fractions: they are to be compared.
    most = max(_ends(one)[1] for one in fractions)
    for layer in layers:
        low, high = _ends(view.maps[layer.name])
        words = _WORDS.get(layer.name, (layer.title, "share of the atoms"))
        if layer.name.startswith("fraction_"):
            yield layer, _Look(*words, "viridis", 0.0, most, "max", shares=True)
        elif layer.name == "coordination":
            yield layer, _Look(*words, "viridis", low, high, "both")
        elif layer.name == "novelty":
            # The limit is marked in the colour bar.
            yield layer, _Look(*words, "magma", 0.0, max(high, 1.5), "max", mark=1.0)
        else:
            yield layer, _Look(*words, "cividis", 0.0, high, "max")


def _ends(image: Float[np.ndarray, "row column"]) -> tuple[float, float]:
    """Limits that a few odd pixels do not decide."""
    known = image[np.isfinite(image)]
    low, high = np.quantile(known, [0.005, 0.995]).tolist() if len(known) else (0.0, 1.0)
    return (low, high) if high - low > 1e-3 else (low - 5e-4, high + 5e-4)


def _draw(axes: Axes, image: Float[np.ndarray, "row column"], look: _Look, step: int) -> None:
    colours = mpl.colormaps[look.colours].with_extremes(bad=OUTSIDE)
    rows, columns = image.shape
    ratio = columns / rows
    shown = axes.imshow(
        image,
        cmap=colours,
        vmin=look.low,
        vmax=look.high,
        interpolation="nearest",
        extent=(-0.5, columns * step - 0.5, rows * step - 0.5, -0.5),
        # Pixels are square, unless the image would be a line.
        aspect="equal" if 1 / 8 < ratio < 8 else "auto",
    )
    figure = axes.get_figure()
    assert figure is not None
    bar = figure.colorbar(shown, ax=axes, extend=look.extend, pad=0.02, fraction=0.06)
    bar.locator = MaxNLocator(5)
    if look.shares:
        bar.formatter = PercentFormatter(1, decimals=0)
    bar.update_ticks()
    if look.mark is not None:
        bar.ax.axhline(look.mark, color=SKY, lw=2)
    bar.set_label(look.label, fontsize=8)
    axes.set_title(look.title, loc="left")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MaxNLocator(4, integer=True))
    axes.spines[:].set_visible(False)


def _draw_mean(axes: Axes, fit: Fit, zero: float) -> None:
    axes.fill_between(fit.energy, fit.low, fit.high, color=GREY, alpha=0.25, lw=0, label="sites")
    axes.plot(fit.energy, fit.mixture, color=BLUE, label="mixture")
    axes.plot(fit.energy, fit.window, color=VERMILION, lw=1.0, label="mean spectrum")
    axes.set_xlabel(f"energy from the zero at {zero:.1f} eV")
    axes.set_yticks([])
    axes.set_title("mean of the mapped pixels", loc="left")
    axes.legend(loc="best", fontsize=7.5)


def _size(shape: tuple[int, ...]) -> tuple[float, float]:
    rows, columns = shape
    width, height = 5.2, 5.2
    if columns > rows:
        height *= max(rows / columns, 1 / 4)
    else:
        width *= max(columns / rows, 1 / 4)
    return width + 1.3, height + 0.8
