"""Figures of maps of any shape, with pixels that are missing."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nearedge.answers.maps._maps import Layer, draw_maps, layers

LAYERS = layers("O", "Fe", ("0", "1"))


@pytest.mark.parametrize("shape", [(1, 1), (2, 300), (40, 3), (30, 40)])
def test_every_shape_is_drawn(tmp_path: Path, shape: tuple[int, int]) -> None:
    image = np.linspace(0, 2, shape[0] * shape[1]).reshape(shape)
    chosen: list[Layer] = [LAYERS[0], LAYERS[2]]
    draw_maps(tmp_path, chosen, {layer.name: image for layer in chosen}, 3)
    for layer in chosen:
        with Image.open(tmp_path / f"{layer.name}.png") as drawn:
            assert min(drawn.size) > 200
            assert max(drawn.size) < 2000


def test_missing_pixels_are_grey_and_constant_maps_are_drawn(tmp_path: Path) -> None:
    image = np.full((20, 20), np.nan)
    image[:, :10] = 1.0
    chosen = [LAYERS[2], LAYERS[-2]]
    draw_maps(tmp_path, chosen, {layer.name: image for layer in chosen}, 1)
    with Image.open(tmp_path / "novelty.png") as drawn:
        pixels = np.asarray(drawn.convert("RGB")).reshape(-1, 3)
    grey = (pixels == 204).all(axis=1).mean()
    assert 0.2 < grey < 0.5
