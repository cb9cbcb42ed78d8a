"""Columns of numbers under ``#`` lines, as Fortran codes print them, gzipped or not."""

import gzip
import re
from pathlib import Path

import numpy as np
from jaxtyping import Float

from nearedge.errors import InputError
from nearedge.spectra import check_spectra

# Fortran drops the letter of a three-digit exponent: 0.12-100.
_BARE_EXPONENT = re.compile(r"(?<=\d)([+-]\d{3})$")


def read_text(path: Path) -> str:
    """Read a text file, gzipped or not."""
    try:
        content = path.read_bytes()
        return (gzip.decompress(content) if content.startswith(b"\x1f\x8b") else content).decode()
    except (OSError, EOFError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"{path}: cannot be read ({reason}); get the file again") from None
    except UnicodeDecodeError:
        raise InputError(f"{path}: is not text; give the file the engine wrote") from None


def read_columns(path: Path) -> tuple[Float[np.ndarray, "row column"], list[str]]:
    """Read a table of numbers and its comment lines, which start with ``#``."""
    header, rows = [], []
    for number, line in enumerate(read_text(path).splitlines(), start=1):
        text = line.partition(" #")[0].strip()
        if text.startswith("#"):
            header.append(line.strip())
        elif text:
            try:
                rows.append([_number(word) for word in text.split()])
            except ValueError:
                raise InputError(
                    f"{path}: line {number} is not a row of numbers ('{text[:40]}'); "
                    "compute or copy the file again"
                ) from None
            if len(rows[-1]) != len(rows[0]):
                raise InputError(
                    f"{path}: line {number} holds {len(rows[-1])} numbers, the first row "
                    f"{len(rows[0])}; the file is cut off or damaged, compute or copy it again"
                )
    if not rows:
        raise InputError(f"{path}: holds no numbers; compute or copy the file again")
    table = np.array(rows)
    for row, column in np.argwhere(~np.isfinite(table))[:1] + 1:
        raise InputError(
            f"{path}: row {row} of the table holds a number that is not finite, in column {column};"
            " compute the spectrum again"
        )
    return table, header


def read_table(
    path: str | Path,
) -> tuple[Float[np.ndarray, " energy"], Float[np.ndarray, "site energy"]]:
    """Read energies and a spectrum per further column, as datasets import them; gzipped or not."""
    table, _ = read_columns(Path(path))
    if table.shape[1] < 2:
        raise InputError(
            f"{path}: holds no spectrum; the first column is the energy in eV, each further one "
            "a spectrum"
        )
    energy, mu = table[:, 0], np.ascontiguousarray(table[:, 1:].T)
    check_spectra(energy, mu, str(path))
    return energy, mu


def _number(word: str) -> float:
    try:
        return float(word)
    except ValueError:
        return float(_BARE_EXPONENT.sub(r"e\1", word.upper().replace("D", "E")))
