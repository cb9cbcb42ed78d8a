"""Opening a stack, whatever its format: the content of the file tells it, not its name."""

from pathlib import Path

import numpy as np
from jaxtyping import Float

from nearedge.errors import InputError
from nearedge.files._hdf5 import is_hdf5
from nearedge.files.stacks._columns import read_energies, read_incident
from nearedge.files.stacks._hdf5 import read_hdf5
from nearedge.files.stacks._npy import read_npy
from nearedge.files.stacks._stack import Axis, Source, Stack
from nearedge.files.stacks._tiff import is_tiff, read_tiff
from nearedge.files.stacks._unpacking import Advance
from nearedge.spectra import check_spectra

_BEGINNING = 4096
_NPY = b"\x93NUMPY"
_ZIP = b"PK\x03\x04"


def open_stack(
    path: str | Path,
    energies: str | Path | Float[np.ndarray, " energy"] | None = None,
    *,
    inner: str | None = None,
    energy_path: str | None = None,
    axis: Axis | None = None,
    incident: str | Path | None = None,
    scratch: str | Path | None = None,
    advance: Advance | None = None,
) -> Stack:
    """Open images at many energies: ``.npy``, HDF5, or TIFF with a page for each energy."""
    path = Path(path)
    folder = None if scratch is None else Path(scratch)
    beginning = _beginning(path)
    known, where = energies, str(path)
    if isinstance(known, (str, Path)):
        known, where = read_energies(known), str(known)
    if is_hdf5(beginning):
        source = read_hdf5(
            path,
            inner,
            energy_path,
            axis=axis,
            given=None if known is None else len(known),
            scratch=folder,
            advance=advance,
        )
    elif inner is not None or energy_path is not None:
        raise InputError(f"{path}: is no HDF5 file; --path and --energy-path are for these alone")
    elif beginning.startswith(_NPY):
        source = read_npy(path)
    elif is_tiff(beginning):
        if axis == "last":
            raise InputError(f"{path}: the energies of a TIFF file are its pages; leave out --axis")
        source = read_tiff(path, scratch=folder, advance=advance)
    else:
        what = "an archive; unpack it, and" if beginning.startswith(_ZIP) else "no stack of images;"
        raise InputError(f"{path}: is {what} give a .npy, HDF5 or TIFF file")
    try:
        return _checked(path, source, known, where, axis, incident)
    except BaseException:
        if source.scratch is not None:
            source.scratch.close()
        raise


def _checked(
    path: Path,
    source: Source,
    known: np.ndarray | None,
    where: str,
    axis: Axis | None,
    incident: str | Path | None,
) -> Stack:
    if source.dtype.kind not in "uif":
        raise InputError(
            f"{path}: holds {source.dtype}, no real numbers; save absorption as integers or floats"
        )
    if 0 in source.shape:
        raise InputError(f"{path}: is empty, shape {source.shape}; get the file again")
    energy = source.energy if known is None else known
    if energy is None:
        raise InputError(f"{path}: holds no energies; name a list of them with --energies")
    check_spectra(energy, np.empty((0, len(energy))), where)
    found = _axis(source, len(energy), axis, path, where)
    light = None if incident is None else read_incident(incident, energy)
    return Stack(str(path), energy, source, found, light)


def _axis(source: Source, count: int, axis: Axis | None, path: Path, where: str) -> Axis:
    """Find the axis of the energies, or refuse their number."""
    lengths: dict[Axis, int] = {"first": source.shape[0], "last": source.shape[2]}
    said = axis or source.axis
    fitting: list[Axis] = [
        one for one, length in lengths.items() if length == count and said in (None, one)
    ]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        raise InputError(
            f"{path}: shape {source.shape} has {count} on the first and the last axis; say with "
            "--axis which is that of the energies"
        )
    wanted = lengths[said] if said else " or ".join(str(n) for n in lengths.values())
    raise InputError(
        f"{where}: {count} energies for {wanted} images of {path}, shape {source.shape}; give one "
        "energy for each image, on the first or the last axis"
    )


def _beginning(path: Path) -> bytes:
    if path.is_dir():
        raise InputError(f"{path}: is a directory; give a .npy, HDF5 or TIFF file")
    if not path.is_file():
        raise InputError(f"{path}: no such file; give a stack of images")
    try:
        with path.open("rb") as file:
            return file.read(_BEGINNING)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
