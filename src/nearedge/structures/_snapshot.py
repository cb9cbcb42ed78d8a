"""One frame of a trajectory: a structure with the name by which its spectra are traced."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import ase.io
from ase import Atoms

from nearedge.errors import InputError
from nearedge.records import replacing


@dataclass(frozen=True)
class Snapshot:
    """A structure, where it comes from, and under what conditions.

    Parameters
    ----------
    name : str
        Unique name of the snapshot.
    trajectory : str
        Name of the trajectory it belongs to; a lone structure is its own trajectory.
    temperature : float or None
        Temperature of the thermostat in K, None if there is none.
    time : float or None
        Time since the start of the trajectory in fs, None if there is none.
    atoms : ase.Atoms
        The structure.

    Examples
    --------
    >>> from ase.build import bulk
    >>> Snapshot("a-300K", "a", 300.0, 40.0, bulk("MgO", "rocksalt", a=4.2)).labelled().info
    {'name': 'a-300K', 'trajectory': 'a', 'temperature': 300.0, 'time': 40.0}
    """

    name: str
    trajectory: str
    temperature: float | None
    time: float | None
    atoms: Atoms

    def labelled(self) -> Atoms:
        """Return a copy of the structure whose `info` holds the other fields.

        Returns
        -------
        ase.Atoms
            With `info` keys ``name``, ``trajectory``, and ``temperature`` (K) and ``time`` (fs)
            where they are known.
        """
        atoms = self.atoms.copy()
        atoms.info |= {"name": self.name, "trajectory": self.trajectory}
        for key, value in (("temperature", self.temperature), ("time", self.time)):
            if value is None:
                atoms.info.pop(key, None)
            else:
                atoms.info[key] = float(value)
        return atoms

    @classmethod
    def from_labelled(cls, atoms: Atoms, name: str, trajectory: str | None = None) -> "Snapshot":
        """Read the fields back from the `info` of a structure.

        Parameters
        ----------
        atoms : ase.Atoms
            The structure.
        name : str
            Its name if `info` gives none.
        trajectory : str or None
            Its trajectory if `info` gives none; None means the snapshot's own name.

        Returns
        -------
        Snapshot
            With a copy of the structure, `info` included.

        Raises
        ------
        InputError
            If the temperature or time in `info` is not a finite number.
        """
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
        return cls(
            name,
            str(atoms.info.get("trajectory", trajectory or name)),
            numbers["temperature"],
            numbers["time"],
            atoms.copy(),
        )


def write_snapshots(
    path: str | Path, snapshots: Sequence[Snapshot], *, force: bool = False
) -> None:
    """Write snapshots to one extended XYZ file, whole or not at all.

    Parameters
    ----------
    path : str or Path
        The file, by custom ``*.extxyz``.
    snapshots : sequence of Snapshot
        One frame each; names, temperatures and times go into the frames' `info`.
    force : bool
        Whether an existing file may be replaced.

    Raises
    ------
    InputError
        If there is nothing to write, a name occurs twice, or `path` exists and `force` is false.
    """
    names = [snapshot.name for snapshot in snapshots]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise InputError(f"{path}: snapshot names must differ, these occur twice: {repeated}")
    if not names:
        raise InputError(f"{path}: no snapshot to write")
    with replacing(path, force=force) as temporary:
        ase.io.write(temporary, [snapshot.labelled() for snapshot in snapshots], format="extxyz")
