"""Maps by references: two crystals side by side, and each pixel as a single spectrum."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from rich.console import Console

from nearedge.answers import Request, answer
from nearedge.answers.maps import StackMap, map_stack, ready_for
from nearedge.answers.maps._mapping import AS_IT_IS
from nearedge.answers.maps._maps import NO_SIGNAL, UNLIKE
from nearedge.datasets import SiteSpectra
from nearedge.errors import InputError
from nearedge.files.stacks import open_stack
from nearedge.matching import Library, build_library
from nearedge.matching._library import TARGETS
from nearedge.spectra import Spectrum
from tests.conftest import ONSET, edge_mu

ENERGY = np.arange(7060.0, 7260.0, 1.0)


@pytest.fixture(scope="module")
def library(crystal_dataset: SiteSpectra) -> Library:
    return build_library(crystal_dataset)


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    """Four neighbours left, six right, on lines, of many thicknesses; the first row is noise."""
    rng = np.random.default_rng(1)
    four, six = (edge_mu(ENERGY - ONSET["Fe", n], n, 2.0) for n in (4, 6))
    mu = np.where((np.arange(10) < 5)[:, None], four, six) + np.zeros((8, 1, 1))
    thick = rng.uniform(0.3, 1.5, (8, 10, 1))
    noise = rng.normal(scale=0.005, size=mu.shape)
    sloped = rng.uniform(0, 2e-3, (8, 10, 1)) * (7112 - ENERGY)
    made = thick * (mu + noise) + sloped + rng.uniform(0, 1, (8, 10, 1))
    made[0] = noise[0]
    return np.moveaxis(made, -1, 0)


def run(
    library: Library, images: np.ndarray, folder: Path, energy: np.ndarray = ENERGY, **how: Any
) -> tuple[StackMap, dict[str, np.ndarray]]:
    np.save(folder / "stack.npy", images)
    with open_stack(folder / "stack.npy", energy) as stack:
        made = map_stack(library, stack, folder / "maps", console=Console(quiet=True), **how)
    with h5py.File(folder / "maps" / "maps.h5") as file:
        return made, {name: np.asarray(one) for name, one in file.items()}


def test_two_crystals_are_told_as_single_spectra_are(
    library: Library, images: np.ndarray, tmp_path: Path
) -> None:
    made, maps = run(library, images, tmp_path)
    assert made.counts["mapped"] == 70
    assert (maps["state"][0] == NO_SIGNAL).all()
    assert np.isnan(maps["oxidation_state"][0]).all()
    assert (maps["coordination"][1:, :5] == 4).all()
    assert (maps["coordination"][1:, 5:] == 6).all()
    assert abs(maps["oxidation_state"][1:, :5] - 3).max() < 0.2
    assert abs(maps["oxidation_state"][1:, 5:] - 2).max() < 0.2
    assert not any("--e0" in remark for remark in made.remarks)
    for row, column in ((2, 1), (5, 8)):
        spectrum = Spectrum("pixel", ENERGY, images[:, row, column], "stack.npy")
        (single,) = answer(library, spectrum, Request(preparation=AS_IT_IS))
        told = {name: float(one[row, column]) for name, one in maps.items() if one.ndim == 2}
        assert single.match is not None
        assert told["e0"] == pytest.approx(single.e0, abs=0.1)
        assert told["oxidation_state"] == pytest.approx(
            single.values["oxidation_state"].value, abs=0.05
        )
        limit = library.settings.limit
        assert told["misfit"] == pytest.approx(single.match.best / limit, abs=0.05)


def test_disputed_crystals_and_what_is_unlike_are_left_out(
    library: Library, images: np.ndarray, tmp_path: Path
) -> None:
    values = library.values.copy()
    silent = [name.startswith("Fe6") for name in library.crystal]
    values[silent, TARGETS.index("coordination")] = np.nan
    disputed = replace(library, values=values)
    # Few enough that the mean spectrum is not refused.
    waves = np.concatenate([*3 * [images[..., :5]], images[..., 5:7]], axis=2)
    waves[:, 3, 2] += 0.5 * np.sin(ENERGY / 3) * (ENERGY > 7118)
    made, maps = run(disputed, waves, tmp_path)
    assert made.counts["unstated"] == 14
    assert maps["state"][3, 2] == UNLIKE
    assert np.isnan(maps["coordination"][1:, 15:]).all()
    assert np.isfinite(maps["misfit"][1:, 15:]).all()


def test_another_edge_is_refused_and_writes_nothing(
    library: Library, images: np.ndarray, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match="Cu"):
        run(library, images, tmp_path, ENERGY + 8979 - 7112)
    assert not (tmp_path / "maps").exists()


def test_the_ready_model_is_that_of_the_edge_and_folders_are_overwritten(
    library: Library, images: np.ndarray, tmp_path: Path
) -> None:
    np.save(tmp_path / "stack.npy", images)
    with open_stack(tmp_path / "stack.npy", ENERGY) as stack:
        assert ready_for(stack)[1] == "3d-k-edges"
    run(library, images, tmp_path)
    with pytest.raises(InputError, match="already exists"):
        run(library, images, tmp_path)
    assert run(library, images, tmp_path, overwrite=True)[0].counts["mapped"] == 70
