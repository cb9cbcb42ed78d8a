"""The file of the maps: HDF5, a dataset for each, NaN in pixels that are not mapped."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import h5py
import numpy as np
from jaxtyping import Float, UInt8

from nearedge.answers.maps._survey import STATES
from nearedge.drawing.style import class_title
from nearedge.models.inference import PixelAnswers

LARGEST_VIEW = 1500
"""Rows or columns of a map beyond which figures and quantiles are of every second pixel, ..."""


@dataclass(frozen=True)
class Layer:
    """What one of the maps shows.

    Attributes
    ----------
    name : str
        Of the dataset.
    title : str
        In words.
    unit : str
        As NeXus has it.
    """

    name: str
    title: str
    unit: str = "1"


def layers(absorber: str, neighbour: str, classes: tuple[str, ...]) -> list[Layer]:
    """List the maps of a model.

    Examples
    --------
    >>> [layer.name for layer in layers("O", "Fe", ("0", "1"))]
    ['coordination', 'coordination_error', 'fraction_0', 'fraction_1', 'novelty', 'noise']
    """
    number = f"number of {neighbour} around {absorber}"
    share = f"fraction of {absorber}:"
    return [
        Layer("coordination", f"mean {number}"),
        Layer("coordination_error", f"half width of the 90 % interval of the {number}"),
        *(Layer(f"fraction_{name}", f"{share} {class_title(name, neighbour)}") for name in classes),
        Layer("novelty", "misfit over its limit: above 1 a spectrum is unlike any sample's"),
        Layer("noise", "standard deviation of the noise over that of the spectrum"),
    ]


def new_maps(
    file: h5py.File,
    state: UInt8[np.ndarray, "row column"],
    several: list[Layer],
    energy: Float[np.ndarray, " energy"],
    mean: Float[np.ndarray, " energy"],
    attributes: Mapping[str, object],
) -> None:
    """Write all but the maps themselves into a new file."""
    file.attrs["program"] = f"nearedge {version('nearedge')}"
    for name, value in attributes.items():
        if value is not None:
            file.attrs[name] = value
    for layer in several:
        made = file.create_dataset(layer.name, state.shape, np.float32, fillvalue=np.nan)
        made.attrs.update({"long_name": layer.title, "units": layer.unit})
    states = file.create_dataset("state", data=state)
    states.attrs["long_name"] = "what became of the pixel"
    states.attrs["meanings"] = [f"{number}: {name}" for number, name in enumerate(STATES)]
    axis = file.create_dataset("energy", data=energy)
    axis.attrs.update({"long_name": "energy", "units": "eV"})
    spectrum = file.create_dataset("mean_spectrum", data=mean)
    spectrum.attrs["long_name"] = (
        "mean of the mapped pixels, each without its mean and of largest deviation 1"
    )


def write_rows(
    file: h5py.File,
    rows: slice,
    state: UInt8[np.ndarray, "row column"],
    answers: PixelAnswers,
    classes: tuple[str, ...],
) -> None:
    """Write what was read of some rows, and what became of their pixels."""
    states = file["state"]
    assert isinstance(states, h5py.Dataset)
    states[rows] = state
    found = {
        "coordination": answers.expected[:, 0],
        "coordination_error": answers.half_widths[:, 0],
        "novelty": answers.novelty,
        "noise": answers.noise,
        **{
            f"fraction_{name}": shares
            for name, shares in zip(classes, answers.expected.T[1:], strict=True)
        },
    }
    for name, values in found.items():
        made = file[name]
        assert isinstance(made, h5py.Dataset)
        made[rows] = values.reshape(rows.stop - rows.start, -1)


@dataclass(frozen=True)
class View:
    """The maps as they are drawn.

    Attributes
    ----------
    step : int
        Every how many pixels along both axes.
    maps : dict of float array, shape (row, column)
        By name.
    """

    step: int
    maps: dict[str, Float[np.ndarray, "row column"]]


def view_maps(path: Path, several: list[Layer]) -> View:
    """Read maps for drawing, every second pixel or fewer if they are large."""
    with h5py.File(path, "r") as file:
        found = {layer.name: file[layer.name] for layer in several}
        step = 1
        maps: dict[str, np.ndarray] = {}
        for name, one in found.items():
            assert isinstance(one, h5py.Dataset)
            step = -(-max(one.shape) // LARGEST_VIEW)
            maps[name] = one[::step][:, ::step]
    return View(step, maps)
