"""Reading snapshots from any file of structures that ASE reads."""

import gzip
import tempfile
from pathlib import Path

import ase.io
import ase.io.formats
from ase import Atoms

from nearedge.errors import InputError
from nearedge.structures._snapshot import Snapshot, repeated_names

_GZIP_MAGIC = b"\x1f\x8b"


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
        with path.open("rb") as stream:
            zipped = stream.read(2) == _GZIP_MAGIC
        if not zipped:
            frames = ase.io.read(path, index=":")
        else:
            # Not every reader of ASE unpacks; under its plain name each recognises the file.
            with tempfile.TemporaryDirectory() as folder:
                plain = Path(folder) / path.name.removesuffix(".gz")
                with gzip.open(path) as stream:
                    plain.write_bytes(stream.read())
                frames = ase.io.read(plain, index=":")
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
