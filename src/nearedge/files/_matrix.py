"""The matrix format: a whitespace table of energies and one spectrum per further column."""

import warnings
from pathlib import Path

import numpy as np
from jaxtyping import Float

from nearedge.errors import InputError
from nearedge.spectra import check_spectra


def read_table(
    path: str | Path,
) -> tuple[Float[np.ndarray, " energy"], Float[np.ndarray, "site energy"]]:
    """Read a table of spectra, gzipped or not."""
    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path}: no such file; give a table of energies and spectra")
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="loadtxt: input contained no data")
            table = np.loadtxt(path, ndmin=2)
    except UnicodeDecodeError:
        raise InputError(f"{path}: is not text; give a table of energies and spectra") from None
    except (ValueError, OSError, EOFError) as error:
        raise InputError(f"{path}: is not a table of numbers ({error}); repair that row") from None
    if table.size == 0 or table.shape[1] < 2:
        raise InputError(
            f"{path}: holds no spectrum; the first column is the energy in eV, each further one "
            "a spectrum"
        )
    energy, mu = table[:, 0], np.ascontiguousarray(table[:, 1:].T)
    check_spectra(energy, mu, str(path))
    return energy, mu
