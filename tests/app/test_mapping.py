"""Stacks on the page."""

from pathlib import Path
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest

from nearedge.answers import Answer
from nearedge.app._examples import COLUMNS, EXAMPLES, ROWS
from nearedge.app._mapping import draw_map, make_maps, pixel, read_energies
from nearedge.app._opening import Given
from nearedge.errors import InputError
from tests.conftest import ONSET, edge_mu


def traces(figure: go.Figure) -> Any:
    """What a figure draws; its types are made when it is."""
    return figure.data


def test_a_stack_becomes_maps_and_pixels_their_spectra() -> None:
    (given,) = EXAMPLES["A stack of images"]()
    mapped = make_maps(given, None)
    image = mapped.maps["coordination"]
    assert image.shape == (ROWS, COLUMNS)
    # Few Fe at the left, many at the right; nothing in the corners.
    middle = image[ROWS // 2]
    assert np.nanmean(middle[: COLUMNS // 2]) < np.nanmean(middle[COLUMNS // 2 :])
    assert np.isnan(image[0, 0])
    spectrum, told = pixel(given, None, ROWS // 2, 7, mapped)
    assert spectrum.name == f"row {ROWS // 2}, column 7"
    assert isinstance(told, Answer)
    assert told.values["coordination"].value == pytest.approx(image[ROWS // 2, 7], abs=0.15)
    figure = draw_map(image, "map", (3, 4))
    assert (traces(figure)[-1].x[0], traces(figure)[-1].y[0]) == (4, 3)
    # Every pixel can be clicked.
    assert len(traces(figure)[1].x) == image.size


def test_a_stack_of_a_k_edge_is_read_by_the_same_model_in_maps_and_pixels(tmp_path: Path) -> None:
    energy = np.arange(7060.0, 7260.0, 1.0)
    images = np.broadcast_to(edge_mu(energy - ONSET["Fe", 6], 6, 2.0)[:, None, None], (200, 5, 6))
    noise = np.random.default_rng(1).normal(scale=0.003, size=images.shape)
    np.save(tmp_path / "stack.npy", images + noise)
    given = Given(str(tmp_path / "stack.npy"), "stack")
    mapped = make_maps(given, energy)
    _, told = pixel(given, energy, 2, 3, mapped)
    assert isinstance(told, Answer)
    assert told.model == mapped.mean.model == "3d-k-edges"
    assert told.e0 == pytest.approx(mapped.maps["e0"][2, 3], abs=0.05)
    # What a library does not use was not given, so it says nothing of it.
    assert not any("--e0" in remark for remark in told.remarks)


def test_energies_are_numbers() -> None:
    assert read_energies("528.5\n529, 530").tolist() == [528.5, 529.0, 530.0]
    with pytest.raises(InputError, match="could not convert"):
        read_energies("a")
