"""Lists of energies, and of incident intensities, in small files beside a stack."""

from pathlib import Path

import numpy as np
from jaxtyping import Float

from nearedge.errors import InputError
from nearedge.files._axis import energy_axis
from nearedge.files._reading import read_scans

_NPY = "give one number for each image"


def read_energies(path: str | Path) -> Float[np.ndarray, " energy"]:
    """Read a list of energies: a column of a text, or a one-dimensional ``.npy``."""
    path = Path(path)
    if path.suffix == ".npy":
        try:
            values = np.load(path, allow_pickle=False)
        except (OSError, ValueError, EOFError) as error:
            raise InputError(f"{path}: is no list of energies ({error}); {_NPY}") from None
        if values.ndim != 1 or values.dtype.kind not in "uif":
            raise InputError(
                f"{path}: holds {values.dtype} of shape {values.shape}, no list of energies; {_NPY}"
            )
        return values.astype(float)
    return _columns(path)[0]


def read_incident(
    path: str | Path, energy: Float[np.ndarray, " energy"]
) -> Float[np.ndarray, " energy"]:
    """Read the spectrum of the incident light, linear between its energies."""
    at, intensity = _columns(Path(path))
    if intensity is None:
        raise InputError(f"{path}: a line has no intensity; give energy and intensity on each line")
    if (np.diff(at) <= 0).any() or (intensity <= 0).any() or not np.isfinite([at, intensity]).all():
        raise InputError(
            f"{path}: energies must increase and intensities be positive; sort the lines and "
            "remove the others"
        )
    if at[0] > energy[0] or at[-1] < energy[-1]:
        raise InputError(
            f"{path}: energies from {at[0]:g} to {at[-1]:g} eV do not cover those of the stack, "
            f"{energy[0]:g} to {energy[-1]:g} eV; measure the incident light over all of them"
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
