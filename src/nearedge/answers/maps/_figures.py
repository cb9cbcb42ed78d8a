"""Maps as figures: one of each, and all of them beside the mean spectrum."""

from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from nearedge.answers._answer import Evidence
from nearedge.answers._figure import draw_normalised
from nearedge.answers.maps._maps import FRACTION, Layer, Maps
from nearedge.drawing.style import SKY, figure_style

OUTSIDE = "0.8"
"""Grey of pixels that are not mapped."""


def draw_maps(folder: Path, shown: Sequence[Layer], maps: Maps, step: int) -> None:
    """Write a figure of each map, ``NAME.png``; of every so many pixels."""
    with figure_style():
        for layer in shown:
            rows, columns = maps[layer.name].shape
            width = 5.2 * min(max(columns / rows, 1 / 4), 1)
            height = 5.2 * min(max(rows / columns, 1 / 4), 1)
            figure = Figure(figsize=(width + 1.3, height + 0.8), layout="constrained")
            axes = figure.subplots()
            _draw(axes, layer, maps, step)
            axes.set(xlabel="column", ylabel="row")
            figure.savefig(folder / f"{layer.name}.png")


def draw_overview(
    folder: Path, shown: Sequence[Layer], maps: Maps, step: int, mean: Evidence
) -> None:
    """Write all maps and the mean spectrum in one figure, ``overview.png``."""
    with figure_style():
        height, width = maps[shown[0].name].shape
        columns = 3 if width < 3 * height else 2
        rows = -(-(len(shown) + 1) // columns)
        # Room for a title and an axis beside the image itself.
        each = 10.5 / columns
        tall = float(np.clip((each - 1.1) * height / width + 0.45, 1.6, 4.5))
        figure = Figure(figsize=(10.5, tall * rows + 0.3), layout="constrained")
        first, *panels = figure.subplots(rows, columns, squeeze=False).ravel()
        draw_normalised(first, mean)
        first.set_title("mean of the mapped pixels", loc="left")
        for axes, layer in zip(panels, shown, strict=False):
            _draw(axes, layer, maps, step)
        for axes in panels[len(shown) :]:
            axes.axis("off")
        figure.savefig(folder / "overview.png")


def _limits(layer: Layer, maps: Maps) -> tuple[float, float]:
    low, high = _ends(maps[layer.name])
    if layer.name == "coordination":
        return low, high
    if layer.name == "novelty":
        return 0.0, max(high, 1.5)
    if layer.name.startswith(FRACTION):
        # One scale for all fractions: they are to be compared.
        high = max(_ends(image)[1] for name, image in maps.items() if name.startswith(FRACTION))
    return 0.0, high


def _ends(image: Float[np.ndarray, "row column"]) -> tuple[float, float]:
    """Limits that a few odd pixels do not decide."""
    mapped = image[np.isfinite(image)]
    low, high = np.quantile(mapped, [0.005, 0.995]).tolist() if len(mapped) else (0.0, 1.0)
    return (low, high) if high - low > 1e-3 else (low - 5e-4, high + 5e-4)


def _draw(axes: Axes, layer: Layer, maps: Maps, step: int) -> None:
    low, high = _limits(layer, maps)
    rows, columns = maps[layer.name].shape
    shown = axes.imshow(
        maps[layer.name],
        cmap=mpl.colormaps[layer.colours].with_extremes(bad=OUTSIDE),
        vmin=low,
        vmax=high,
        interpolation="nearest",
        extent=(-0.5, columns * step - 0.5, rows * step - 0.5, -0.5),
        # Pixels are square, unless the image would be a line.
        aspect="equal" if 1 / 8 < columns / rows < 8 else "auto",
    )
    figure = axes.get_figure()
    assert figure is not None
    extend = "both" if layer.name == "coordination" else "max"
    bar = figure.colorbar(shown, ax=axes, extend=extend, pad=0.02, fraction=0.06)
    bar.locator = MaxNLocator(5)
    if layer.name.startswith(FRACTION):
        bar.formatter = PercentFormatter(1, decimals=0)
    bar.update_ticks()
    if layer.name == "novelty":
        bar.ax.axhline(1.0, color=SKY, lw=2)
    bar.set_label(layer.label, fontsize=8)
    axes.set_title(layer.title, loc="left")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MaxNLocator(4, integer=True))
    axes.spines[:].set_visible(False)
