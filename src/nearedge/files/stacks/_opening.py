"""Opening a stack, whatever its format: the content of the file tells it, not its name."""

from pathlib import Path

import numpy as np
from jaxtyping import Float

from nearedge.errors import InputError
from nearedge.files._axis import energy_axis
from nearedge.files._content import read_bytes
from nearedge.files._hdf5 import is_hdf5
from nearedge.files._reading import read_scans
from nearedge.files.stacks._hdf5 import read_hdf5
from nearedge.files.stacks._stack import Advance, Axis, Source, Stack, unpacked
from nearedge.files.stacks._tiff import is_tiff, read_tiff
from nearedge.spectra import check_spectra, covered

_NPY = b"\x93NUMPY"
_ZIP = b"PK\x03\x04"
_FORMATS = "a .npy, HDF5 or TIFF file"


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
    """Open images at many energies: ``.npy``, HDF5, or TIFF with a page for each energy.

    Nothing is loaded before the blocks of the stack are read; but what can only be read image by
    image is unpacked, into memory if it is small, else into a temporary file.

    Energies in eV, or a file with one on each line, are needed if the stack does not hold them;
    `inner` and `energy_path` lead to images and energies within an HDF5 file, `axis` says which one
    of the array is that of the energies, if their number does not. With the spectrum of the
    `incident` light the images are transmitted intensities. The temporary file lies in the folder
    `scratch`, and `advance` is told how many images of how many are unpacked.

    >>> path = Path(getfixture("tmp_path"), "stack.npy")
    >>> np.save(path, np.ones((3, 4, 5), np.float32))
    >>> with open_stack(path, np.array([528.0, 530.0, 532.0])) as stack:
    ...     stack.shape, [block.spectra.shape for block in stack.blocks(rows=3)]
    ((4, 5), [(15, 3), (5, 3)])
    """
    path, where = Path(path), str(path)
    beginning = read_bytes(path, wanted=_FORMATS)
    if isinstance(energies, (str, Path)):
        energies, where = _read_energies(Path(energies)), str(energies)
    if is_hdf5(beginning):
        source = read_hdf5(path, inner, energy_path, axis, known=energies is not None)
    elif inner is not None or energy_path is not None:
        raise InputError(f"{path}: is not an HDF5 file; --path and --energy-path are only for HDF5")
    elif beginning.startswith(_NPY):
        source = _read_npy(path)
    elif is_tiff(beginning):
        if axis == "last":
            raise InputError(f"{path}: the pages of a TIFF file are its energies; leave out --axis")
        source = read_tiff(path)
    else:
        what = "an archive; unpack it, and" if beginning.startswith(_ZIP) else "no stack of images;"
        raise InputError(f"{path}: is {what} give {_FORMATS}")
    if source.dtype.kind not in "uif":
        raise InputError(
            f"{path}: holds {source.dtype}, not real numbers; save absorption as integers or floats"
        )
    if 0 in source.shape:
        raise InputError(f"{path}: is empty, shape {source.shape}; get the file again")
    energy = source.energy if energies is None else energies
    if energy is None:
        raise InputError(f"{path}: holds no energies; name a list of them with --energies")
    check_spectra(energy, np.empty((0, len(energy))), where)
    axis = _axis(source, len(energy), axis, path, where)
    light = None if incident is None else _read_incident(Path(incident), energy)
    source = unpacked(source.images_first(axis), str(path), scratch, advance)
    return Stack(str(path), energy, source, axis, light)


def _read_npy(path: Path) -> Source:
    array = _mapped(path)
    if array.ndim != 3:
        raise InputError(
            f"{path}: has {array.ndim} axes, shape {array.shape}; a stack has three, one of them "
            "of the energies"
        )
    # Mapped anew each time: pages that were read once do not stay in memory.
    return Source(array.shape, array.dtype, lambda part: np.array(_mapped(path)[part], order="C"))


def _mapped(path: Path) -> np.ndarray:
    try:
        return np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise InputError(
            f"{path}: cannot be read as an array of numbers ({error}); save plain numbers with "
            "numpy.save"
        ) from None


def _axis(source: Source, count: int, axis: Axis | None, path: Path, where: str) -> Axis:
    """Find the axis of the energies, or refuse their number."""
    lengths: dict[Axis, int] = {"first": source.shape[0], "last": source.shape[2]}
    if stated := axis or source.axis:
        lengths = {stated: lengths[stated]}
    fitting: list[Axis] = [place for place, length in lengths.items() if length == count]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        raise InputError(
            f"{path}: shape {source.shape} has {count} on the first and the last axis; say with "
            "--axis which is that of the energies"
        )
    wanted = " or ".join(str(length) for length in lengths.values())
    raise InputError(
        f"{where}: {count} energies for {wanted} images of {path}, shape {source.shape}; give one "
        "energy for each image, on the first or the last axis"
    )


def _read_energies(path: Path) -> Float[np.ndarray, " energy"]:
    """Read a list of energies: the column of a text labelled so, or the first, or a ``.npy``."""
    if path.suffix == ".npy":
        values = _mapped(path)
        if values.ndim != 1 or values.dtype.kind not in "uif":
            raise InputError(
                f"{path}: holds {values.dtype} of shape {values.shape}, no list of energies; give "
                "one number for each image"
            )
        return values.astype(float)
    return _columns(path)[0]


def _read_incident(
    path: Path, energy: Float[np.ndarray, " energy"]
) -> Float[np.ndarray, " energy"]:
    """Read the spectrum of the incident light, linear between its energies."""
    at, intensity = _columns(path)
    if intensity is None:
        raise InputError(f"{path}: a line has no intensity; give energy and intensity on each line")
    if (np.diff(at) <= 0).any() or (intensity <= 0).any() or not np.isfinite([at, intensity]).all():
        raise InputError(
            f"{path}: energies must increase and intensities be positive; sort the lines and "
            "remove the others"
        )
    if not covered(at, energy).all():
        raise InputError(
            f"{path}: energies from {at[0]:g} to {at[-1]:g} eV do not cover those of the stack, "
            f"{energy[0]:g} to {energy[-1]:g} eV; measure the incident light over the same range"
        )
    return np.interp(energy, at, intensity)


def _columns(path: Path) -> tuple[np.ndarray, np.ndarray | None]:
    """Energies of a text, and the column beside them; nothing may be damaged or missing."""
    scan = read_scans(path)[0]
    if damaged := [note for note in scan.notes if note.endswith("left out")]:
        raise InputError(f"{path}: {damaged[0]}, but each image needs its energy; repair the file")
    roles = [label.role for label in scan.labels]
    place = roles.index("energy") if "energy" in roles else 0
    scale = scan.labels[place].scale if scan.labels else None
    others = [n for n in range(scan.values.shape[1]) if n != place]
    energy = energy_axis(scan.values[:, place], scale).energy
    return energy, scan.values[:, others[0]] if others else None
