"""Snapshots: their labels survive the file."""

from pathlib import Path

import numpy as np
import pytest
from ase.build import bulk

from nearedge.errors import InputError
from nearedge.structures import Snapshot, read_snapshots, write_snapshots


def test_labels_survive(tmp_path: Path) -> None:
    cell = bulk("MgO", "rocksalt", a=4.2)
    written = [
        Snapshot("a-300K-20fs", "a", 300.0, 20.0, cell),
        Snapshot("a-1000K-60fs", "a", 1000.0, 60.0, cell),
        Snapshot("start", "b", None, None, cell),
    ]
    write_snapshots(tmp_path / "a.extxyz", written)
    read = read_snapshots(tmp_path / "a.extxyz")
    for one, other in zip(read, written, strict=True):
        assert (one.name, one.trajectory) == (other.name, other.trajectory)
        assert (one.temperature, one.time) == (other.temperature, other.time)
        assert np.allclose(one.atoms.positions, cell.positions)
    # Labels are the snapshot's own, not those the structure was read with.
    renamed = Snapshot("new", "t", None, None, read[0].atoms).labelled().info
    assert renamed == {"name": "new", "trajectory": "t"}


def test_nothing_is_written_on_error(tmp_path: Path) -> None:
    cell = bulk("MgO", "rocksalt", a=4.2)
    twin = Snapshot("a", "a", None, None, cell)
    with pytest.raises(InputError, match=r"x\.extxyz: .*\['a'\]"):
        write_snapshots(tmp_path / "x.extxyz", [twin, twin])
    with pytest.raises(InputError, match="no snapshot"):
        write_snapshots(tmp_path / "x.extxyz", [])
    assert not list(tmp_path.iterdir())
    write_snapshots(tmp_path / "x.extxyz", [twin])
    with pytest.raises(InputError, match="--force"):
        write_snapshots(tmp_path / "x.extxyz", [twin])


@pytest.mark.parametrize("value", ["warm", float("nan"), [1.0, 2.0]])
def test_a_temperature_is_a_number(value: object) -> None:
    cell = bulk("MgO", "rocksalt", a=4.2)
    cell.info["temperature"] = value
    with pytest.raises(InputError, match="a: temperature is"):
        Snapshot.from_labelled(cell, "a")
