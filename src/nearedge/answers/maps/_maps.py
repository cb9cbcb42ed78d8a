"""The file of the maps: HDF5, a dataset for each, NaN in pixels that are not mapped."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import h5py
import numpy as np
from jaxtyping import Float, UInt8

from nearedge.answers.maps._survey import STATES
from nearedge.drawing.style import class_title

LARGEST_VIEW = 1500
"""Rows or columns of a map beyond which figures and quantiles are of every second pixel, ..."""

FRACTION = "fraction_"

Maps = dict[str, Float[np.ndarray, "row column"]]


@dataclass(frozen=True)
class Layer:
    """What one of the maps shows: its name in the file and in words, and the look of its figure."""

    name: str
    long_name: str
    title: str
    label: str
    colours: str = "cividis"


def layers(absorber: str, neighbour: str, classes: Sequence[str]) -> list[Layer]:
    """List the maps of a model, the last two of which say how far the others can be believed.

    Examples
    --------
    >>> [layer.name for layer in layers("O", "Fe", ("0", "1"))]
    ['coordination', 'coordination_error', 'fraction_0', 'fraction_1', 'novelty', 'noise']
    """
    number = f"number of {neighbour} around {absorber}"
    shares = {name: f"fraction of {absorber}: {class_title(name, neighbour)}" for name in classes}
    return [
        Layer(
            "coordination", f"mean {number}", "mean coordination number", "neighbours", "viridis"
        ),
        Layer(
            "coordination_error",
            f"half width of the 90 % interval of the {number}",
            "error of the coordination number",
            "half the 90 % interval",
        ),
        *(
            Layer(FRACTION + name, words, words, "share of the atoms", "viridis")
            for name, words in shares.items()
        ),
        Layer(
            "novelty",
            "misfit over its limit: above 1 a spectrum is unlike any sample's",
            "novelty",
            "misfit over its limit (line)",
            "magma",
        ),
        Layer(
            "noise",
            "standard deviation of the noise over that of the spectrum",
            "noise",
            "share of the variation",
        ),
    ]


def new_maps(
    file: h5py.File,
    state: UInt8[np.ndarray, "row column"],
    shown: Sequence[Layer],
    energy: Float[np.ndarray, " energy"],
    mean: Float[np.ndarray, " energy"],
    attributes: Mapping[str, object],
) -> None:
    """Write all but the maps themselves into a new file."""
    file.attrs["program"] = f"nearedge {version('nearedge')}"
    file.attrs.update({name: value for name, value in attributes.items() if value is not None})
    for layer in shown:
        dataset = file.create_dataset(layer.name, state.shape, np.float32, fillvalue=np.nan)
        dataset.attrs.update({"long_name": layer.long_name, "units": "1"})
    meanings = [f"{number}: {name}" for number, name in enumerate(STATES)]
    levelled = "mean of the mapped pixels, each without its mean and of largest deviation 1"
    for name, data, about in (
        ("state", state, {"long_name": "what became of the pixel", "meanings": meanings}),
        ("energy", energy, {"long_name": "energy", "units": "eV"}),
        ("mean_spectrum", mean, {"long_name": levelled}),
    ):
        file.create_dataset(name, data=data).attrs.update(about)


def write_rows(
    file: h5py.File,
    rows: slice,
    state: UInt8[np.ndarray, "row column"],
    shown: Sequence[Layer],
    values: Float[np.ndarray, "layer pixel"],
) -> None:
    """Write what was read of some rows, and what became of their pixels."""
    for name, pixels in (("state", state), *zip([a.name for a in shown], values, strict=True)):
        dataset = file[name]
        assert isinstance(dataset, h5py.Dataset)
        dataset[rows] = pixels.reshape(state.shape)


def view_maps(path: Path, shown: Sequence[Layer]) -> tuple[int, Maps]:
    """Read maps for drawing, every so many pixels along both axes."""
    step, maps = 1, {}
    with h5py.File(path, "r") as file:
        for layer in shown:
            dataset = file[layer.name]
            assert isinstance(dataset, h5py.Dataset)
            step = -(-max(dataset.shape) // LARGEST_VIEW)
            maps[layer.name] = dataset[::step][:, ::step]
    return step, maps
