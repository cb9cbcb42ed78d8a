"""Structures with the names by which their spectra are traced; reading them from any file."""

import gzip
import hashlib
import math
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import ase.io
import ase.io.formats
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


def read_snapshots(path: str | Path, every: int = 1) -> list[Snapshot]:
    """Read the structures of a file, gzipped or not.

    Parameters
    ----------
    path : str or Path
        A POSCAR, CONTCAR, XDATCAR, extended XYZ, CIF, ASE trajectory or whatever else ASE reads.
    every : int
        Keep the first frame and every so many after it.

    Returns
    -------
    list of Snapshot
        Named by the frames' `info` (``name``, ``trajectory``, ``temperature``, ``time``) where it
        says so, else by the file: its name without the extension, and a frame number counted from
        0 if there are several. The frames of a file are one trajectory unless `info` says
        otherwise.

    Raises
    ------
    InputError
        If the file is missing, unreadable or empty, if two frames have one name, or if `every`
        is less than 1.
    """
    path = Path(path)
    if every < 1:
        raise InputError(f"{path}: every is {every}; keep every 1st, 2nd, ... frame")
    frames, stem = _frames(path), _stem(path)
    snapshots = [
        Snapshot.from_labelled(atoms, f"{stem}-{number:04d}" if len(frames) > 1 else stem, stem)
        for number, atoms in enumerate(frames)
        if number % every == 0
    ]
    if repeated := repeated_names(snapshots):
        raise InputError(f"{path}: frames must have different names, these occur twice: {repeated}")
    return snapshots


def _frames(path: Path) -> list[Atoms]:
    if not path.is_file():
        problem = "is not a file" if path.exists() else "does not exist"
        raise InputError(f"{path}: {problem}; give a file of structures that ASE reads")
    try:
        # Not every reader of ASE unpacks; under its plain name each recognises the file.
        with tempfile.TemporaryDirectory() as folder:
            content, readable = path.read_bytes(), path
            if content.startswith(b"\x1f\x8b"):
                readable = Path(folder) / path.name.removesuffix(".gz")
                readable.write_bytes(gzip.decompress(content))
            frames = ase.io.read(readable, index=":")
    except Exception as error:  # ASE's readers raise whatever their parsers do
        reason = " ".join(str(error).split()) or type(error).__name__
        raise InputError(
            f"{path}: ASE cannot read structures from it ({reason}); "
            "give a POSCAR, XDATCAR, extxyz, CIF or traj file, named so"
        ) from error
    frames = [frames] if isinstance(frames, Atoms) else list(frames)
    if not frames or any(len(atoms) == 0 for atoms in frames):
        raise InputError(f"{path}: holds no structure, or one without atoms")
    return frames


def _stem(path: Path) -> str:
    """Return the file's name without extensions that name a format; POSCAR_3.5 has none."""
    name = path.name.removesuffix(".gz")
    stem, dot, extension = name.rpartition(".")
    formats = {*ase.io.formats.ioformats, *ase.io.formats.extension2format, "vasp", "POSCAR"}
    return stem if dot and stem and extension in formats else name


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
