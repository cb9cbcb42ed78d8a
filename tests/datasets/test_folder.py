from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from numpy.testing import assert_allclose

from nearedge.datasets import SiteSpectra, load_dataset, save_dataset
from nearedge.errors import InputError

Maker = Callable[..., SiteSpectra]


def test_a_dataset_comes_back_as_it_was_saved(make_dataset: Maker, tmp_path: Path) -> None:
    data = make_dataset()
    save_dataset(data, tmp_path / "data")
    again = load_dataset(tmp_path / "data")
    assert again.fingerprint() == data.fingerprint()
    assert again.counts() == data.counts()
    assert again.rule == data.rule
    assert_allclose(again.temperature, data.temperature)
    for name, atoms in data.structures.items():
        assert_allclose(again.structures[name].positions, atoms.positions, atol=1e-7)
    assert again.rule is not None
    # Labels follow from the structures that were stored.
    assert again.relabel(again.rule).fingerprint() == data.fingerprint()
    assert sorted(path.name for path in (tmp_path / "data").iterdir()) == [
        "spectra.nc",
        "structures.extxyz",
    ]


def test_no_dimer_class_survives_the_round_trip(make_dataset: Maker, tmp_path: Path) -> None:
    from nearedge.targets import EnvironmentRule

    rule = EnvironmentRule("O", "Fe", 2.6, None)
    save_dataset(make_dataset().relabel(rule), tmp_path / "data")
    assert load_dataset(tmp_path / "data").rule == rule


def test_saving_replaces_only_with_force(make_dataset: Maker, tmp_path: Path) -> None:
    save_dataset(make_dataset(seed=0), tmp_path / "data")
    with pytest.raises(InputError, match="already exists"):
        save_dataset(make_dataset(seed=1), tmp_path / "data")
    save_dataset(make_dataset(seed=1), tmp_path / "data", force=True)
    again = load_dataset(tmp_path / "data")
    assert again.fingerprint() == make_dataset(seed=1).fingerprint()


def damage_spectra(folder: Path) -> None:
    (folder / "spectra.nc").write_bytes(b"no netCDF")


def cut_spectra(folder: Path) -> None:
    content = (folder / "spectra.nc").read_bytes()
    (folder / "spectra.nc").write_bytes(content[: len(content) // 2])


def foreign_spectra(folder: Path) -> None:
    xr.Dataset({"x": ("y", np.ones(3))}).to_netcdf(folder / "spectra.nc", engine="h5netcdf")


def newer_format(folder: Path) -> None:
    with xr.open_dataset(folder / "spectra.nc", engine="h5netcdf") as stored:
        table = stored.load()
    table.attrs["format_version"] = 99
    table.to_netcdf(folder / "spectra.nc", engine="h5netcdf")


def damage_structures(folder: Path) -> None:
    (folder / "structures.extxyz").write_text("3\nno lattice here\nO 1 2\n")


def nameless_structures(folder: Path) -> None:
    text = (folder / "structures.extxyz").read_text()
    (folder / "structures.extxyz").write_text(text.replace("name=", "title="))


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (damage_spectra, r"spectra.nc: cannot be read as netCDF4"),
        (cut_spectra, r"spectra.nc: cannot be read as netCDF4"),
        (foreign_spectra, r"spectra.nc: is not a nearedge dataset"),
        (newer_format, "format version 99 is newer"),
        (damage_structures, "structures.extxyz: cannot be read as extxyz"),
        (nameless_structures, "every frame needs a name"),
        (lambda folder: (folder / "spectra.nc").unlink(), "holds no spectra.nc"),
        (lambda folder: (folder / "structures.extxyz").unlink(), "holds no structures.extxyz"),
    ],
)
def test_a_damaged_or_foreign_folder_is_refused(
    make_dataset: Maker, tmp_path: Path, damage: Callable, said: str
) -> None:
    save_dataset(make_dataset(), tmp_path / "data")
    damage(tmp_path / "data")
    with pytest.raises(InputError, match=f"data.*{said}"):
        load_dataset(tmp_path / "data")


def test_a_path_that_is_no_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such folder"):
        load_dataset(tmp_path / "absent")
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="is a file"):
        load_dataset(tmp_path / "file")
