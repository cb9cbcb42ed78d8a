"""Computed spectra: those of FEFF and OCEAN."""

import re
from pathlib import Path

import numpy as np

from nearedge.errors import InputError
from nearedge.files._scan import Label, Scan
from nearedge.files._text import read_text

LARGEST = 4 * 2**20  # bytes
OCEAN_ZERO = "as in the OCEAN run, which takes the conduction band minimum unless told otherwise"

_FEFF = re.compile(rb"^[ \t]*#[ \t#]*omega\s+e\s+k\s+mu\s+mu0\s+chi", re.MULTILINE)
_OCEAN = re.compile(rb"#\s*Energy\s+Spect\s+Spect\(0\)")
# Of electrons: energy in eV = 3.81 k^2 with k in 1/Angstrom.
_HBAR2_2M = 3.80998212
_LABELS = (Label("energy", meaning="energy"), Label("mu", meaning="absorption"))


def is_computed(content: bytes, path: Path) -> bool:
    """Tell the output of an engine; OCEAN's GMRES solver writes no header, its name tells."""
    start = content[:20_000]
    return bool(_FEFF.search(start) or _OCEAN.search(start)) or path.name.startswith("absspct")


def read_computed(content: bytes, path: Path) -> list[Scan]:
    """Read the output of an engine."""
    if len(content) > LARGEST:
        raise InputError(
            f"{path}: is larger than {LARGEST // 2**20} MB, which no spectrum of FEFF or OCEAN is; "
            "give the file as the engine wrote it"
        )
    from nearedge.engines import ENERGY_ZERO, read_absspct, read_xmu

    if not _FEFF.search(content[:20_000]):
        ocean = read_absspct(path)
        return [Scan(np.column_stack([ocean.energy, ocean.mu]), _LABELS, zero=OCEAN_ZERO)]
    try:
        energy, mu, level = read_xmu(path)
    except ValueError:
        return [_other_feff(content, path, ENERGY_ZERO)]
    facts = {"fermi_level": f"{level:g}"}
    return [Scan(np.column_stack([energy, mu]), _LABELS, facts=facts, zero=ENERGY_ZERO)]


def _other_feff(content: bytes, path: Path, zero: str) -> Scan:
    """Read an ``xmu.dat`` of another version: its wave number is zero at the Fermi level in all."""
    table = read_text(content, path)[0]
    if table.values.shape[1] != 6:
        raise InputError(
            f"{path}: has the header of FEFF's xmu.dat, but {table.values.shape[1]} columns in "
            "place of six; give the file as FEFF wrote it"
        )
    energy, wave, mu = table.values.T[1:4]
    with np.errstate(all="ignore"):
        levels = energy - _HBAR2_2M * wave * np.abs(wave)
    levels = levels[np.isfinite(levels)]
    if not len(levels) or np.ptp(levels) > 0.5:
        raise InputError(
            f"{path}: its columns e and k do not agree on a Fermi level; give the file as FEFF "
            "wrote it"
        )
    notes = [note for note in table.notes if not note.startswith("labels")]
    notes.append("mu as FEFF normalised it; Fermi level from the wave numbers")
    values = np.column_stack([energy - np.median(levels), mu])
    return Scan(values, _LABELS, notes=tuple(notes), zero=zero)
