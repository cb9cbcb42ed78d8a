"""A stack of images on the page: its maps, and the spectrum of a pixel."""

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import cast

import h5py
import numpy as np
import plotly.graph_objects as go
from jaxtyping import Float

from nearedge import answers, models
from nearedge.answers import Answer, Failure, Request, maps
from nearedge.app._downloads import packed
from nearedge.app._figures import frame
from nearedge.app._opening import Given
from nearedge.drawing.style import BLUE, VERMILION
from nearedge.errors import InputError, NearEdgeError
from nearedge.files import stacks
from nearedge.models import inference
from nearedge.spectra import Preparation, Spectrum

MOST_MARKS = 40_000
"""Pixels of a map that can be clicked; of larger ones every second, every third ..."""

AS_IT_IS = Preparation("none", glitches=False)


@dataclass(frozen=True, eq=False)
class Mapped:
    """The maps of a stack by name, their titles, what is to be said, and the files for download."""

    mean: Answer
    maps: dict[str, Float[np.ndarray, "row column"]]
    titles: dict[str, str]
    remarks: list[str]
    quantiles: dict[str, list[float]]
    zero: float | None
    packed: bytes


def make_maps(given: Given, energies: Float[np.ndarray, " energy"] | None) -> Mapped:
    """Map a stack by the model that ships for its edge.

    Raises
    ------
    InputError
        If it cannot be read, or is of nothing that the model knows.
    """
    with given.on_disk() as path, TemporaryDirectory(prefix="nearedge-") as folder:
        out = Path(folder, "maps")
        with stacks.open_stack(path, energies, scratch=folder) as stack:
            model, name = maps.ready_for(stack)
            made = maps.map_stack(model, stack, out, zero=inference.Zero(None), name=name)
        with h5py.File(out / "maps.h5") as file:
            layers = {name: cast(h5py.Dataset, file[name]) for name in made.quantiles}
            titles = {name: str(layer.attrs["long_name"]) for name, layer in layers.items()}
            arrays = {name: np.asarray(layer[()], float) for name, layer in layers.items()}
        return Mapped(
            made.mean, arrays, titles, made.remarks, made.quantiles,
            made.places.likeliest if made.places else None, packed(out),
        )  # fmt: skip


def pixel(
    given: Given,
    energies: Float[np.ndarray, " energy"] | None,
    row: int,
    column: int,
    mapped: Mapped,
) -> tuple[Spectrum, Answer | Failure]:
    """Read the spectrum of a pixel, and what the maps' model says of it, at their zero if any."""
    name = mapped.mean.model
    with given.on_disk() as path, stacks.open_stack(path, energies) as stack:
        mu = np.asarray(stack.spectra(slice(row, row + 1))[column], float)
        spectrum = Spectrum(f"row {row}, column {column}", stack.energy, mu, given.name)
    zero = None if mapped.zero is None else inference.Zero(mapped.zero, 0.1)
    request = Request("auto", zero, AS_IT_IS, force=True)
    model = answers.load_any(models.ready_folder(name))
    try:
        (told,) = answers.answer(model, spectrum, request, name=name)
    except NearEdgeError as error:
        return spectrum, Failure(given.name, str(error))
    return spectrum, told


def read_energies(text: str) -> Float[np.ndarray, " energy"]:
    """Read energies in eV, one on each line or apart by spaces or commas.

    Raises
    ------
    InputError
        If there is anything else.
    """
    try:
        return np.array([float(word) for word in text.replace(",", " ").split()])
    except ValueError as error:
        raise InputError(f"energies: {error}; give numbers in eV, one on each line") from None


def draw_map(
    image: Float[np.ndarray, "row column"], title: str, chosen: tuple[int, int]
) -> go.Figure:
    """Draw a map whose pixels can be clicked."""
    figure = frame("column", "row", height=420, legend=False)
    finite = image[np.isfinite(image)]
    low, high = np.quantile(finite, [0.005, 0.995]) if len(finite) else (0.0, 1.0)
    figure.add_heatmap(
        z=image, zmin=low, zmax=high, colorscale="Viridis", hoverinfo="skip",
        colorbar={"thickness": 12},
    )  # fmt: skip
    # Browsers tell which point was clicked, but not which pixel of an image: unseen points.
    step = int(np.ceil(np.sqrt(image.size / MOST_MARKS)))
    rows, columns = (np.arange(0, length, step) for length in image.shape)
    row, column = (axis.ravel() for axis in np.meshgrid(rows, columns, indexing="ij"))
    unseen = {"opacity": 0.0}
    figure.add_scattergl(
        x=column, y=row, mode="markers", marker={**unseen, "size": 8},
        selected={"marker": unseen}, unselected={"marker": unseen},
        text=[f"{value:.3g}" for value in image[row, column]],
        hovertemplate="row %{y}, column %{x}: %{text}<extra></extra>",
    )  # fmt: skip
    figure.add_scatter(
        x=[chosen[1]], y=[chosen[0]], mode="markers", hoverinfo="skip",
        marker={"symbol": "circle-open", "size": 14, "color": VERMILION, "line": {"width": 3}},
    )  # fmt: skip
    figure.update_yaxes(autorange="reversed", scaleanchor="x", constrain="domain")
    figure.update_xaxes(constrain="domain")
    figure.update_layout(clickmode="event+select", title={"text": title, "font": {"size": 14}})
    figure.update_layout(margin={"t": 40})
    return figure


def draw_pixel(spectrum: Spectrum) -> go.Figure:
    """Draw the spectrum of a pixel as it was read."""
    figure = frame("energy (eV)", "as read", height=320, legend=False)
    return figure.add_scatter(x=spectrum.energy, y=spectrum.mu, line={"color": BLUE})
