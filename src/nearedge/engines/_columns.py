"""Columns of numbers under ``#`` lines, as Fortran codes print them, gzipped or not."""

import gzip
import re
from pathlib import Path

import numpy as np
from jaxtyping import Float

from nearedge.errors import InputError

_GZIP_MAGIC = b"\x1f\x8b"
# Fortran drops the letter of a three-digit exponent: 0.12-100.
_BARE_EXPONENT = re.compile(r"(?<=\d)([+-]\d{3})$")


def read_text(path: Path) -> str:
    """Read a text file, gzipped or not."""
    try:
        content = path.read_bytes()
        if content.startswith(_GZIP_MAGIC):
            content = gzip.decompress(content)
        return content.decode()
    except (OSError, EOFError) as error:
        raise InputError(f"{path}: cannot be read ({error}); get the file again") from None
    except UnicodeDecodeError:
        raise InputError(f"{path}: is not text; give the file the engine wrote") from None


def read_columns(path: Path) -> tuple[Float[np.ndarray, "row column"], list[str]]:
    """Read a table of numbers and its comment lines, which start with ``#``."""
    header, rows = [], []
    for number, line in enumerate(read_text(path).splitlines(), start=1):
        if line.lstrip().startswith("#"):
            header.append(line.strip())
        elif line.strip():
            try:
                rows.append([_number(word) for word in line.split()])
            except ValueError:
                raise InputError(
                    f"{path}: line {number} is not a row of numbers ('{line.strip()[:40]}'); "
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
    if not np.isfinite(table).all():
        row = int(np.flatnonzero(~np.isfinite(table).all(axis=1))[0])
        raise InputError(
            f"{path}: row {row + 1} of the table holds a number that is not finite; "
            "compute the spectrum again"
        )
    return table, header


def _number(word: str) -> float:
    try:
        return float(word)
    except ValueError:
        return float(_BARE_EXPONENT.sub(r"e\1", word.upper().replace("D", "E")))
