"""One frame of a trajectory: a structure with the name by which its spectra are traced."""

import hashlib
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import ase.io
import numpy as np
from ase import Atoms

from nearedge.errors import InputError
from nearedge.records import replacing


@dataclass(frozen=True)
class Snapshot:
    """A structure, where it comes from, and under what conditions.

    Examples
    --------
    >>> from ase.build import bulk
    >>> Snapshot("a-300K", "a", 300.0, 40.0, bulk("MgO", "rocksalt", a=4.2)).labelled().info
    {'name': 'a-300K', 'trajectory': 'a', 'temperature': 300.0, 'time': 40.0}
    """

    name: str
    trajectory: str  # a lone structure is its own
    temperature: float | None  # of the thermostat, K
    time: float | None  # since the start of the trajectory, fs
    atoms: Atoms

    def labelled(self) -> Atoms:
        """Return a copy of the structure whose `info` holds the other fields, where known."""
        atoms = self.atoms.copy()
        for key in ("name", "trajectory", "temperature", "time"):
            atoms.info[key] = getattr(self, key)
            if atoms.info[key] is None:
                del atoms.info[key]
        return atoms

    @classmethod
    def from_labelled(cls, atoms: Atoms, name: str, trajectory: str | None = None) -> "Snapshot":
        """Read the fields back from a structure's `info`; name and trajectory where it has none."""
        name = str(atoms.info.get("name", name))
        numbers: dict[str, float | None] = {}
        for key in ("temperature", "time"):
            value = atoms.info.get(key)
            try:
                numbers[key] = None if value is None else float(value)
            except (TypeError, ValueError):
                numbers[key] = math.nan
            if not math.isfinite(numbers[key] or 0.0):
                raise InputError(f"{name}: {key} is {value!r}; give one finite number or leave it")
        trajectory = str(atoms.info.get("trajectory", trajectory or name))
        return cls(name, trajectory, numbers["temperature"], numbers["time"], atoms.copy())


def write_snapshots(
    path: str | Path, snapshots: Sequence[Snapshot], *, force: bool = False
) -> None:
    """Write snapshots to one extended XYZ file, labels in the frames' `info`."""
    if repeated := repeated_names(snapshots):
        raise InputError(f"{path}: snapshot names must differ, these occur twice: {repeated}")
    if not snapshots:
        raise InputError(f"{path}: no snapshot to write")
    with replacing(path, force=force) as temporary:
        ase.io.write(temporary, [snapshot.labelled() for snapshot in snapshots], format="extxyz")


def repeated_names(snapshots: Sequence[Snapshot]) -> list[str]:
    """List the names that several snapshots have."""
    times = Counter(snapshot.name for snapshot in snapshots)
    return sorted(name for name, count in times.items() if count > 1)


def fingerprint(atoms: Atoms) -> str:
    """Sum up all of a structure that a spectrum depends on: elements, positions and cell to 1e-6 Å.

    Results are kept by it: whatever the structure is called, wherever it stands in a list.
    """
    digest = hashlib.sha256(np.asarray(atoms.numbers, np.int64).tobytes())
    for values in (atoms.positions, atoms.cell.array):
        # Adding 0 makes -0 and 0 one.
        digest.update((np.round(values, 6) + 0.0).astype(np.float64).tobytes())
    digest.update(np.asarray(atoms.pbc, bool).tobytes())
    return digest.hexdigest()[:16]
