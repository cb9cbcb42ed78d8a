"""Whatever ASE writes is read back: positions, cell, elements, names."""

import gzip
import shutil
from pathlib import Path

import ase.io
import numpy as np
import pytest
from ase import Atoms
from ase.io.vasp import write_vasp_xdatcar
from hypothesis import given, settings, strategies as st
from hypothesis.extra.numpy import arrays

from nearedge.errors import InputError
from nearedge.structures import read_snapshots

elements = st.lists(st.sampled_from(["Li", "Fe", "O"]), min_size=1, max_size=5).map(sorted)


@st.composite
def trajectories(draw: st.DrawFn, largest: int = 3) -> list[Atoms]:
    """Frames of one triclinic cell, elements in blocks as POSCAR wants them."""
    symbols = draw(elements)
    fraction = st.floats(0.01, 0.99)

    def positions() -> np.ndarray:
        # Each atom in a slab of its own: ASE takes two of one element in one place for one in CIF.
        scaled = draw(arrays(float, (len(symbols), 3), elements=fraction))
        scaled[:, 0] = (np.arange(len(symbols)) + scaled[:, 0]) / len(symbols)
        return scaled

    cell = np.diag(draw(arrays(float, 3, elements=st.floats(3, 9))))
    cell[1, 0], cell[2, 0], cell[2, 1] = (draw(st.floats(-1, 1)) for _ in range(3))
    return [
        Atoms(
            symbols,
            scaled_positions=positions(),
            cell=cell,
            pbc=True,
        )
        for _ in range(draw(st.integers(1, largest)))
    ]


def write(path: Path, frames: list[Atoms], zipped: bool) -> Path:
    if "XDATCAR" in path.name:
        write_vasp_xdatcar(path, frames)
    else:
        ase.io.write(path, frames)
    if zipped:
        with path.open("rb") as plain, gzip.open(f"{path}.gz", "wb") as packed:
            shutil.copyfileobj(plain, packed)
        path.unlink()
        path = path.with_name(path.name + ".gz")
    return path


def same(read: Atoms, written: Atoms) -> None:
    assert read.get_chemical_symbols() == written.get_chemical_symbols()
    assert read.cell.cellpar() == pytest.approx(written.cell.cellpar(), abs=1e-4)
    shift = read.get_scaled_positions() - written.get_scaled_positions()
    assert np.abs(shift - np.rint(shift)).max() < 1e-4
    assert read.pbc.all()


@pytest.mark.parametrize("name", ["t.extxyz", "t.traj", "run_XDATCAR", "t.xyz"])
@settings(max_examples=8, deadline=None)
@given(frames=trajectories(), zipped=st.booleans(), every=st.integers(1, 3))
def test_trajectory_formats(
    tmp_path_factory: pytest.TempPathFactory,
    name: str,
    frames: list[Atoms],
    zipped: bool,
    every: int,
) -> None:
    path = write(tmp_path_factory.mktemp("read") / name, frames, zipped)
    snapshots = read_snapshots(path, every)
    stem = name.removesuffix(".extxyz").removesuffix(".traj").removesuffix(".xyz")
    names = [f"{stem}-{n:04d}" for n in range(len(frames))] if len(frames) > 1 else [stem]
    assert [snapshot.name for snapshot in snapshots] == names[::every]
    assert {snapshot.trajectory for snapshot in snapshots} == {stem}
    for snapshot, atoms in zip(snapshots, frames[::every], strict=True):
        assert snapshot.temperature is snapshot.time is None
        same(snapshot.atoms, atoms)


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("POSCAR", "POSCAR"),
        ("POSCAR_3.5", "POSCAR_3.5"),
        ("CONTCAR", "CONTCAR"),
        ("Li3FeO3.5.vasp", "Li3FeO3.5"),
        ("cell.cif", "cell"),
    ],
)
@settings(max_examples=8, deadline=None)
@given(frames=trajectories(largest=1), zipped=st.booleans())
def test_single_structures(
    tmp_path_factory: pytest.TempPathFactory,
    name: str,
    stem: str,
    frames: list[Atoms],
    zipped: bool,
) -> None:
    path = write(tmp_path_factory.mktemp("read") / name, frames, zipped)
    (snapshot,) = read_snapshots(path)
    assert (snapshot.name, snapshot.trajectory) == (stem, stem)
    same(snapshot.atoms, frames[0])


def test_real_snapshot(shared_data: Path) -> None:
    (snapshot,) = read_snapshots(shared_data / "ocean-li3feo35" / "POSCAR_15ps")
    assert snapshot.name == "POSCAR_15ps"
    assert snapshot.atoms.get_chemical_formula("hill") == "Fe14Li42O49"


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("absent.cif", None, "does not exist"),
        ("words.cif", "no crystal here\n", "ASE cannot read"),
        ("POSCAR", "Li\n1.0\n1 0 0\n0 1 0\n", "ASE cannot read"),
        ("notes.txt", "whatever\n", "ASE cannot read"),
        ("empty.extxyz", "", "ASE cannot read"),
        ("void.extxyz", '0\nLattice="1 0 0 0 1 0 0 0 1"\n', "without atoms"),
        ("torn.xyz.gz", b"\x1f\x8b\x08\x00torn", "ASE cannot read"),
        (
            "twins.extxyz",
            "1\nname=a\nO 0 0 0\n1\nname=a\nO 0 0 1\n",
            r"different names.*\['a'\]",
        ),
    ],
)
def test_bad_files(tmp_path: Path, name: str, text: str | bytes | None, reason: str) -> None:
    path = tmp_path / name
    if text is not None:
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(InputError, match=reason) as caught:
        read_snapshots(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)


def test_every_and_folders(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="every is 0"):
        read_snapshots(tmp_path / "a.xyz", 0)
    with pytest.raises(InputError, match="is not a file"):
        read_snapshots(tmp_path)
