"""The file of the maps: HDF5, a dataset for each, NaN in pixels that are not mapped."""

from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from jaxtyping import Float, UInt8

from nearedge.answers.maps._survey import STATES
from nearedge.drawing.style import class_title
from nearedge.models.inference import PixelAnswers
from nearedge.targets import EnvironmentRule

LARGEST_VIEW = 1500
"""Rows or columns of a map beyond which figures and quantiles are of every second pixel, ..."""


@dataclass(frozen=True)
class MapKind:
    """What one of the maps holds.

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


def map_kinds(rule: EnvironmentRule, classes: tuple[str, ...]) -> list[MapKind]:
    """List the maps of a model.

    Examples
    --------
    >>> kinds = map_kinds(EnvironmentRule(), ("0", "1"))
    >>> [kind.name for kind in kinds]
    ['coordination', 'coordination_error', 'fraction_0', 'fraction_1', 'novelty', 'noise']
    """
    number = f"number of {rule.neighbour} around {rule.absorber}"
    share = f"fraction of {rule.absorber}:"
    return [
        MapKind("coordination", f"mean {number}"),
        MapKind("coordination_error", f"half width of the 90 % interval of the {number}"),
        *(
            MapKind(f"fraction_{name}", f"{share} {class_title(name, rule.neighbour)}")
            for name in classes
        ),
        MapKind("novelty", "misfit over its limit: above 1 a spectrum is like no sample's"),
        MapKind("noise", "standard deviation of the noise over that of the spectrum"),
    ]


def new_maps(
    file: h5py.File,
    state: UInt8[np.ndarray, "row column"],
    kinds: list[MapKind],
    energy: Float[np.ndarray, " energy"],
    mean: Float[np.ndarray, " energy"],
    attributes: dict[str, Any],
) -> None:
    """Write all but the maps themselves into a new file."""
    file.attrs["program"] = f"nearedge {version('nearedge')}"
    for name, value in attributes.items():
        if value is not None:
            file.attrs[name] = value
    for kind in kinds:
        made = file.create_dataset(kind.name, state.shape, np.float32, fillvalue=np.nan)
        made.attrs.update({"long_name": kind.title, "units": kind.unit})
    kept = file.create_dataset("state", data=state)
    kept.attrs["long_name"] = "what became of the pixel"
    kept.attrs["meanings"] = [f"{number}: {name}" for number, name in enumerate(STATES)]
    axis = file.create_dataset("energy", data=energy)
    axis.attrs.update({"long_name": "energy", "units": "eV"})
    spectrum = file.create_dataset("mean_spectrum", data=mean)
    spectrum.attrs["long_name"] = (
        "mean of the mapped pixels, each without its mean and of largest deviation 1"
    )


def write_rows(
    file: h5py.File, rows: slice, answers: PixelAnswers, classes: tuple[str, ...]
) -> None:
    """Write what was read of some rows."""
    found = {
        "coordination": answers.coordination,
        "coordination_error": answers.half_width,
        "novelty": answers.novelty,
        "noise": answers.noise,
        **{f"fraction_{name}": one for name, one in zip(classes, answers.fractions.T, strict=True)},
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


def view_maps(path: Path, kinds: list[MapKind]) -> View:
    """Read maps for drawing, every second pixel or fewer if they are large."""
    with h5py.File(path, "r") as file:
        found = {kind.name: file[kind.name] for kind in kinds}
        step = 1
        maps: dict[str, np.ndarray] = {}
        for name, one in found.items():
            assert isinstance(one, h5py.Dataset)
            step = -(-max(one.shape) // LARGEST_VIEW)
            maps[name] = one[::step][:, ::step]
    return View(step, maps)
