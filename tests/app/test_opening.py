"""What is given to the page, and what is inside."""

from pathlib import Path

import h5py
import numpy as np
import pytest
from ase.build import bulk

from nearedge.app._examples import EXAMPLES
from nearedge.app._opening import Given, given_path, open_given
from nearedge.errors import InputError

TABLE = b"# energy mu\n" + b"".join(
    b"%.1f %.4f\n" % (e, 1 + np.arctan(e - 7124)) for e in np.arange(7080, 7200, 0.5)
)


def test_a_dropped_file_is_known_by_its_name_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    opened = open_given(Given("../fe k.dat", "key", TABLE))
    (spectrum,) = opened.spectra
    assert (opened.kind, spectrum.source, str(spectrum.edge)) == ("spectra", "../fe k.dat", "Fe K")
    assert "by its energies" in spectrum.notes[-1]
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize("content", [b"", b"no table", b"\x00\x01\x02", b"\x89HDF\r\n\x1a\nbroken"])
@pytest.mark.parametrize("name", ["a.dat", "a.cif", "a.npy", "POSCAR", "::", "é" * 300])
def test_a_bad_file_says_what_is_wrong_without_our_folder(name: str, content: bytes) -> None:
    opened = open_given(Given(name, "key", content))
    if name == "a.npy":
        # Its energies are asked for before it is opened.
        assert opened.kind == "stack"
        return
    assert opened.kind == "fault"
    assert opened.fault
    assert "nearedge-" not in opened.fault


def test_a_path_is_a_file_or_all_of_a_folder(tmp_path: Path) -> None:
    (tmp_path / "b.dat").write_bytes(TABLE)
    (tmp_path / "a.dat").write_bytes(TABLE)
    (tmp_path / ".hidden").touch()
    assert [Path(one.name).name for one in given_path(f" '{tmp_path}' ")] == ["a.dat", "b.dat"]
    (one,) = given_path(f"{tmp_path / 'a.dat'}::mu")
    assert [spectrum.name for spectrum in open_given(one).spectra] == ["mu"]
    with pytest.raises(InputError, match="no such file or folder"):
        given_path(str(tmp_path / "c.dat"))


def test_structures_and_stacks_are_told_from_spectra(tmp_path: Path) -> None:
    bulk("NiO", "rocksalt", a=4.177).write(tmp_path / "nio.cif")
    with h5py.File(tmp_path / "stack.h5", "w") as file:
        file["entry/energy"] = np.linspace(525, 550, 7)
        file["entry/data"] = np.ones((7, 3, 4), np.float32)
    kinds = {Path(one.name).suffix: open_given(one).kind for one in given_path(str(tmp_path))}
    assert kinds == {".cif": "structure", ".h5": "stack"}


def test_examples_can_be_opened_and_say_that_they_are_computed() -> None:
    for name, make in EXAMPLES.items():
        for given in make():
            assert open_given(given).kind != "fault", name
            if given.name.endswith(".dat"):
                assert given.name.startswith("computed-")
                assert b"not measured" in (given.content or b"")
