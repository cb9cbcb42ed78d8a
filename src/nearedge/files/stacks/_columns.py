"""Lists of energies, and of incident intensities, in small files beside a stack."""

from pathlib import Path

import numpy as np
from jaxtyping import Float

from nearedge.errors import InputError

_MOST = 16 * 2**20


def read_energies(path: str | Path) -> Float[np.ndarray, " energy"]:
    r"""Read a list of energies: the first column of a text, or a one-dimensional ``.npy``.

    Parameters
    ----------
    path : str or Path
        The file. Lines without a number before the first with one are a heading, and what comes
        after ``#`` is a comment; columns are set apart by blanks, commas or semicolons.

    Raises
    ------
    InputError
        If the file cannot be read or is no such list.

    Examples
    --------
    >>> path = Path(getfixture("tmp_path"), "energies.csv")
    >>> _ = path.write_text("Energy (eV), dwell (ms)\n525.0, 10\n525.5, 10  # slow\n")
    >>> read_energies(path)
    array([525. , 525.5])
    """
    path = Path(path)
    if path.suffix == ".npy":
        try:
            values = np.load(path, allow_pickle=False)
        except (OSError, ValueError, EOFError) as error:
            raise InputError(
                f"{path}: is no list of energies ({error}); give a text with one on each line"
            ) from None
        if values.ndim != 1 or values.dtype.kind not in "uif":
            raise InputError(
                f"{path}: holds {values.dtype} of shape {values.shape}, no list of energies; give "
                "one number for each image"
            )
        return values.astype(float)
    return np.array([row[0] for row in _rows(path)])


def read_incident(
    path: str | Path, energy: Float[np.ndarray, " energy"]
) -> Float[np.ndarray, " energy"]:
    """Read the spectrum of the incident light, linear between its energies.

    Parameters
    ----------
    path : str or Path
        A text of two columns: energy in eV, increasing, and intensity.
    energy : float array, shape (energy,)
        Where it is wanted, eV.

    Raises
    ------
    InputError
        If the file cannot be read, does not cover the energies, or an intensity is not positive.
    """
    path = Path(path)
    rows = _rows(path)
    if any(len(row) < 2 for row in rows):
        raise InputError(f"{path}: a line has no intensity; give energy and intensity on each line")
    at, intensity = np.array([row[:2] for row in rows]).T
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


def _rows(path: Path) -> list[list[float]]:
    if not path.is_file():
        raise InputError(f"{path}: no such file; give a text with an energy in eV on each line")
    if path.stat().st_size > _MOST:
        raise InputError(f"{path}: is too large for a list of energies; give one number a line")
    rows: list[list[float]] = []
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError):
        raise InputError(f"{path}: is no text; give an energy in eV on each line") from None
    for number, line in enumerate(lines, start=1):
        words = line.split("#")[0].replace(",", " ").replace(";", " ").split()
        try:
            row = [float(word) for word in words]
        except ValueError:
            if rows:
                raise InputError(
                    f"{path}: line {number}, {line.strip()[:40]!r}, is not of numbers; remove it"
                ) from None
            continue
        if row:
            rows.append(row)
    if not rows:
        raise InputError(f"{path}: holds no numbers; give an energy in eV on each line")
    return rows
