from pathlib import Path

import h5py
import numpy as np
import pytest
from numpy.testing import assert_allclose

from nearedge.errors import InputError
from nearedge.files import _hdf5, read_spectra

ENERGY = np.linspace(7000.0, 7200.0, 51)
MU = 1.2 + np.arctan(ENERGY - 7112) / np.pi
I0 = 1e5 + 1e3 * np.cos(ENERGY)


def write_nxxas(
    path: Path, mode: str = "Fluorescence Yield", *, data: bool = True, kev: bool = False
) -> None:
    """Write a file of the application definition NXxas; one in keV in HDF5's newest form."""
    beam = I0 * np.exp(-MU) if mode == "Transmission" else I0 * MU
    with h5py.File(path, "w", libver="latest" if kev else "earliest") as file:
        entry = file.create_group("entry")
        entry.attrs["NX_class"] = "NXentry"
        entry["definition"] = "NXxas"
        entry["title"] = "iron foil"
        entry["sample/name"] = "foil"
        entry["instrument/monochromator/energy"] = ENERGY / 1000 if kev else ENERGY
        entry["instrument/monochromator/energy"].attrs["units"] = "keV" if kev else "eV"
        entry["instrument/absorbed_beam/data"] = beam
        entry["instrument/incoming_beam/data"] = I0
        entry["monitor/data"] = I0
        entry["monitor/mode"] = "monitor"
        entry["scan/xrayedge/element"] = "Fe"
        entry["mode"] = mode
        if data:
            group = entry.create_group("data")
            group.attrs["NX_class"] = "NXdata"
            group["energy"] = h5py.SoftLink("/entry/instrument/monochromator/energy")
            group["absorbed_beam"] = h5py.SoftLink("/entry/instrument/absorbed_beam/data")


@pytest.mark.parametrize("data", [True, False])
@pytest.mark.parametrize("kev", [True, False])
@pytest.mark.parametrize(
    ("mode", "name"),
    [
        ("Transmission", "transmission"),
        ("Fluorescence Yield", "fluorescence"),
        ("Total Electron Yield", "electron yield"),
    ],
)
def test_nxxas(path: Path, mode: str, name: str, data: bool, kev: bool) -> None:
    write_nxxas(path, mode, data=data, kev=kev)
    (spectrum,) = read_spectra(path)
    assert spectrum.name == name
    assert_allclose(spectrum.energy, ENERGY)
    assert_allclose(spectrum.mu, MU)
    said = {"title": "iron foil", "sample": "foil", "element": "Fe"}
    assert said.items() <= spectrum.metadata.items()
    assert ("energies in keV, converted to eV" in spectrum.notes) == kev


def test_the_absorbed_beam_is_its_data_alone(path: Path) -> None:
    """Fields of the detector beside it are no signals, whether or not they are asked for."""
    write_nxxas(path, data=False)
    with h5py.File(path, "a") as file:
        beam = file["entry/instrument/absorbed_beam"]
        assert isinstance(beam, h5py.Group)
        beam["dead_time"] = np.full(len(MU), 0.1)
        beam["monitor"] = h5py.SoftLink("/entry/monitor/data")
    for place in (path, f"{path}::/entry/instrument/absorbed_beam"):
        (spectrum,) = read_spectra(place)
        assert spectrum.name == "fluorescence"
        assert_allclose(spectrum.mu, MU)
    (asked,) = read_spectra(f"{path}::/entry/instrument/absorbed_beam/dead_time")
    assert asked.name != "fluorescence"
    assert_allclose(asked.mu, 0.1)


def test_general_nxdata(path: Path) -> None:
    with h5py.File(path, "w") as file:
        for number in (1, 2):
            group = file.create_group(f"scan{number}/plot")
            group.attrs["NX_class"] = "NXdata"
            group.attrs["signal"] = "sample"
            group.attrs["auxiliary_signals"] = ["foil"]
            group.attrs["axes"] = ["position"]
            group["position"] = ENERGY
            group["position"].attrs["units"] = "eV"
            group["sample"], group["foil"] = number * MU, 3 * MU[:, None]
            group["comment"] = "two\nlines"
        other = file.create_group("alignment")
        other.attrs.update({"NX_class": "NXdata", "signal": "y", "axes": "motor"})
        other["motor"], other["y"] = ENERGY, MU
    spectra = read_spectra(path)
    names = [f"scan{n}/plot/{name}" for n in (1, 2) for name in ("foil", "sample")]
    assert [spectrum.name for spectrum in spectra] == names
    assert_allclose(spectra[3].mu, 2 * MU)
    assert [one.name for one in read_spectra(f"{path}::/scan2/plot")] == names[2:]
    assert [one.name for one in read_spectra(f"{path}::scan2/plot/foil")] == names[2:3]
    assert_allclose(read_spectra(f"{path}::/scan2/plot/sample")[0].mu, 2 * MU)
    # Who names a group vouches for its axis.
    assert_allclose(read_spectra(f"{path}::/alignment/y")[0].mu, MU)


def test_plain_groups(path: Path) -> None:
    with h5py.File(path, "w") as file:
        group = file.create_group("a/b")
        group["energy"] = ENERGY.astype(np.float32)
        group.create_dataset("mu", data=MU, chunks=(7,), compression="gzip", shuffle=True)
        group.create_dataset("norm", data=MU**2, chunks=(7,), compression="lzf")
        group["names"] = ["x", "y"]
        group["image"] = np.zeros((10, 10))
        file["count"] = np.arange(51)
    spectra = read_spectra(path)
    assert [spectrum.name for spectrum in spectra] == ["a/b/mu", "a/b/norm"]
    assert_allclose(spectra[0].energy, ENERGY)
    for wanted, said in (
        ("/a/c", "has no /a/c that can be read; it has '/' and '/a/b'"),
        ("nothing", "has no /nothing"),
        ("/count", "has no energies that belong to /count"),
        ("/a/b/image", "has no /a/b/image"),
    ):
        with pytest.raises(InputError, match=f"scan.dat: {said}"):
            read_spectra(f"{path}::{wanted}")


def test_nothing_outside_of_the_file_is_opened(path: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside.h5"
    write_nxxas(outside)
    write_nxxas(path)
    with h5py.File(path, "a") as file:
        data = file["entry/data"]
        assert isinstance(data, h5py.Group)
        data["mu"] = h5py.ExternalLink(str(outside), "/entry/instrument/absorbed_beam/data")
        data["norm"] = h5py.SoftLink("/entry/data/mu")
        data["loop"] = h5py.SoftLink("/entry/data/loop")
        data["up"] = h5py.SoftLink("/entry")
        layout = h5py.VirtualLayout(MU.shape, float)
        layout[:] = h5py.VirtualSource(outside, "/entry/monitor/data", MU.shape)
        data.create_virtual_dataset("xmu", layout)
        raw = tmp_path / "raw.bin"
        raw.write_bytes(MU.tobytes())
        data.create_dataset("flat", MU.shape, float, external=[(str(raw), 0, 8 * len(MU))])
    (spectrum,) = read_spectra(path)
    assert spectrum.name == "fluorescence"
    left = _hdf5._read_tree(path, "").left_out
    assert {one.split()[0].rsplit("/")[-1] for one in left} >= {"mu", "xmu", "flat", "loop"}


def test_large_arrays_are_not_loaded(path: Path) -> None:
    write_nxxas(path)
    with h5py.File(path, "a") as file:
        file.create_dataset("entry/huge", (2**40,), float, chunks=(2**20,))
        file.create_dataset("entry/image", (2**20, 2**20), float, chunks=(2**10, 2**10))
    (spectrum,) = read_spectra(path)
    assert_allclose(spectrum.mu, MU)
    assert "/entry/huge (1099511627776 numbers)" in _hdf5._read_tree(path, "").left_out
    with pytest.raises(InputError, match="has no /entry/huge that can be read"):
        read_spectra(f"{path}::/entry/huge")


def test_of_very_many_groups_the_first_are_read(path: Path) -> None:
    with h5py.File(path, "w") as file:
        for number in range(5100):
            file.create_group(f"{number:04d}")
        for name in ("0000", "5099/a/b"):
            group = file.require_group(name)
            group["energy"], group["mu"] = ENERGY, MU
    (spectrum,) = read_spectra(path)
    assert "only the first" in spectrum.notes[-1]
    # What is asked for is found, wherever it stands.
    for asked in ("/5099/a/b/mu", "/5099/a/b"):
        assert_allclose(read_spectra(f"{path}::{asked}")[0].mu, MU)
    with h5py.File(path, "a") as file:
        del file["0000/mu"]
    with pytest.raises(InputError, match=r"intensities in its first \d+ groups; name one"):
        read_spectra(path)


def test_damaged_files_are_refused(path: Path) -> None:
    write_nxxas(path)
    path.write_bytes(path.read_bytes()[:1500])
    with pytest.raises(InputError, match=r"scan.dat: is damaged HDF5 .*copy the file again"):
        read_spectra(path)
    with h5py.File(path, "w") as file:
        file["image"] = np.zeros((4, 5))
    with pytest.raises(InputError, match="no energies .*no arrays of numbers of one dimension"):
        read_spectra(path)


def test_a_reader_that_dies_is_told(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_nxxas(path)
    worker = path.with_name("dies.py")
    monkeypatch.setattr(_hdf5, "_WORKER", worker)
    worker.write_text("import os\nos.abort()\n")
    with pytest.raises(InputError, match="the HDF5 library failed"):
        read_spectra(path)


@pytest.mark.parametrize(("x", "y"), [("x", "y"), ("Energy", "absorption"), ("energy_eV", "data")])
def test_arrays_beside_each_other(path: Path, x: str, y: str) -> None:
    with h5py.File(path, "w") as file:
        group = file.create_group("spectra/000001")
        group.attrs.update(element="Fe", edge="K (1s)")
        group[x], group[y] = ENERGY, MU
    for asked in ("", "::/spectra/000001", f"::/spectra/000001/{y}"):
        (spectrum,) = read_spectra(f"{path}{asked}")
        assert_allclose(spectrum.mu, MU)
        assert str(spectrum.edge) == "Fe K"
    with h5py.File(path, "a") as file:
        file.move(f"spectra/000001/{x}", "spectra/000001/unknown")
    with pytest.raises(InputError, match=r"name one of its arrays as scan.dat::/spectra/000001/"):
        read_spectra(path)
