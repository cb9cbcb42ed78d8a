"""The HDF5 file of the maps, a dataset for each, NaN in pixels not mapped; figures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import h5py
import matplotlib as mpl
import numpy as np
from jaxtyping import Float, UInt8
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from nearedge.answers._answer import Answer
from nearedge.answers._match_figure import draw_nearest
from nearedge.answers._panels import draw_normalised
from nearedge.drawing.style import SKY, class_title, figure_style
from nearedge.edges import Edge

STATES = {
    "mapped": "are mapped",
    "not_finite": "hold numbers that are not finite",
    "no_signal": "vary no more than their noise, or show no edge",
    "dim": "are dim",
    "unlike": "are unlike any mixture of the training spectra or any reference (novelty or misfit "
    "over 1)",
    "unstated": "are like metals, or crystals without a coordination number",
}
MAPPED, NOT_FINITE, NO_SIGNAL, DIM, UNLIKE, UNSTATED = range(len(STATES))
"""State of a pixel, by its number in the file."""

FRACTION = "fraction_"

TWO_SIDED = "coordination", "oxidation_state", "e0"
"""Maps whose colours need not begin at zero."""

LIMITED = "novelty", "misfit"
"""Maps of a distance over its limit."""

OUTSIDE = "0.8"
"""Grey of pixels that are not mapped."""

Maps = dict[str, Float[np.ndarray, "row column"]]


@dataclass(frozen=True)
class Layer:
    """What a map shows: its name in the file and in words, and the style of its figure."""

    name: str
    long_name: str
    title: str
    label: str
    colours: str = "cividis"
    units: str = "1"


def layers(absorber: str, neighbour: str, classes: Sequence[str]) -> list[Layer]:
    """List the maps of a model; the last two show how far the others can be believed.

    Examples
    --------
    >>> [layer.name for layer in layers("O", "Fe", ("0", "1"))]
    ['coordination', 'coordination_error', 'fraction_0', 'fraction_1', 'novelty', 'noise']
    """
    number = f"number of {neighbour} around {absorber}"
    mean, half = "mean coordination number", "half the 90 % interval"
    width = f"half width of the 90 % interval of the {number}"
    unlike = "misfit over its limit: above 1 a spectrum is unlike any sample's"
    share = "standard deviation of the noise over that of the spectrum"
    shares = {name: f"fraction of {absorber}: {class_title(name, neighbour)}" for name in classes}
    return [
        Layer("coordination", f"mean {number}", mean, "neighbours", "viridis"),
        Layer("coordination_error", width, "error of the coordination number", half),
        *(
            Layer(FRACTION + name, words, words, "share of the atoms", "viridis")
            for name, words in shares.items()
        ),
        Layer("novelty", unlike, "novelty", "misfit over its limit (line)", "magma"),
        Layer("noise", share, "noise", "share of the variation"),
    ]


def reference_layers(edge: Edge) -> list[Layer]:
    """List the maps of a library of references; the last two show how far they can be believed.

    Examples
    --------
    >>> [layer.name for layer in reference_layers(Edge("Fe"))]
    ['oxidation_state', 'coordination', 'e0', 'misfit', 'noise']
    """
    state, number = f"oxidation state of {edge.absorber}", "likeliest coordination number"
    rise = "energy at which half of the edge step is reached"
    unlike = "misfit of the best reference over its limit: above 1 a spectrum is unlike all"
    noise = "standard deviation of the noise over the edge step"
    return [
        Layer("oxidation_state", state, state, "median", "viridis"),
        Layer("coordination", f"{number} of {edge.absorber}", number, "neighbours", "viridis"),
        Layer("e0", rise, f"rise of the {edge}-edge", "eV", units="eV"),
        Layer("misfit", unlike, "misfit", "misfit over its limit (line)", "magma"),
        Layer("noise", noise, "noise", "share of the edge step"),
    ]


def new_maps(
    file: h5py.File,
    state: UInt8[np.ndarray, "row column"],
    shown: Sequence[Layer],
    energy: Float[np.ndarray, " energy"],
    mean: Float[np.ndarray, " energy"],
    attributes: Mapping[str, object],
) -> list[h5py.Dataset]:
    """Write all but the maps themselves to a new file; return the datasets of state and maps."""
    file.attrs["program"] = f"nearedge {version('nearedge')}"
    file.attrs.update({name: value for name, value in attributes.items() if value is not None})
    made = []
    for layer in shown:
        made.append(file.create_dataset(layer.name, state.shape, np.float32, fillvalue=np.nan))
        made[-1].attrs.update({"long_name": layer.long_name, "units": layer.units})
    meanings = [f"{number}: {name}" for number, name in enumerate(STATES)]
    levelled = "mean of the mapped pixels, each without its mean and of largest deviation 1"
    for name, data, about in (
        ("energy", energy, {"long_name": "energy", "units": "eV"}),
        ("mean_spectrum", mean, {"long_name": levelled}),
        ("state", state, {"long_name": "what became of the pixel", "meanings": meanings}),
    ):
        dataset = file.create_dataset(name, data=data)
        dataset.attrs.update(about)
    return [dataset, *made]


def draw_maps(folder: Path, shown: Sequence[Layer], maps: Maps, step: int) -> None:
    """Write a figure of each map, ``NAME.png``, with every so many pixels."""
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
    folder: Path, shown: Sequence[Layer], maps: Maps, step: int, mean: Answer
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
        if mean.match is not None:
            draw_nearest(first, mean.match)
        elif mean.evidence is not None:
            draw_normalised(first, mean.evidence)
        first.set_title("mean of the mapped pixels", loc="left")
        for axes, layer in zip(panels, shown, strict=False):
            _draw(axes, layer, maps, step)
        for axes in panels[len(shown) :]:
            axes.axis("off")
        figure.savefig(folder / "overview.png")


def _limits(layer: Layer, maps: Maps) -> tuple[float, float]:
    """Ends of the colours that a few odd pixels do not decide."""
    # One scale for all fractions: they are to be compared.
    like = [name for name in maps if name.startswith(FRACTION)]
    names = like if layer.name in like else [layer.name]
    # Of one number everywhere: no tick is a tiny fraction off it.
    half = 0.5 if layer.name in TWO_SIDED else 5e-4
    ends = []
    for name in names:
        mapped = maps[name][np.isfinite(maps[name])]
        low, high = np.quantile(mapped, [0.005, 0.995]).tolist() if len(mapped) else (0.0, 1.0)
        ends.append((low, high) if high - low > 1e-3 else (low - half, high + half))
    low, high = min(low for low, _ in ends), max(high for _, high in ends)
    if layer.name in TWO_SIDED:
        return low, high
    return 0.0, max(high, 1.5) if layer.name in LIMITED else high


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
    extend = "both" if layer.name in TWO_SIDED else "max"
    bar = figure.colorbar(shown, ax=axes, extend=extend, pad=0.02, fraction=0.06)
    bar.locator = MaxNLocator(5)
    if layer.name.startswith(FRACTION):
        bar.formatter = PercentFormatter(1, decimals=0)
    bar.update_ticks()
    if layer.name in LIMITED:
        bar.ax.axhline(1.0, color=SKY, lw=2)
    bar.set_label(layer.label, fontsize=8)
    axes.set_title(layer.title, loc="left")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MaxNLocator(4, integer=True))
    axes.spines[:].set_visible(False)
