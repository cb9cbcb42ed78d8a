"""Spectra that FEFF and OCEAN computed, read as they are beside measured ones."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np

from nearedge.engines import ENERGY_ZERO, read_xmu
from nearedge.engines.ocean import read_absspct
from nearedge.errors import InputError
from nearedge.files._axis import Axis, make_spectrum
from nearedge.files._columns import read_tables
from nearedge.spectra import Spectrum

LARGEST = 4 * 2**20
"""Bytes."""
OCEAN_ZERO = "as in the OCEAN run, which takes the conduction band minimum unless told otherwise"

_FEFF = re.compile(rb"^[ \t]*#[ \t#]*omega\s+e\s+k\s+mu\s+mu0\s+chi", re.MULTILINE)
_OCEAN = re.compile(rb"#\s*Energy\s+Spect\s+Spect\(0\)")
# Of electrons: energy in eV = 3.81 k^2 with k in 1/Angstrom.
_HBAR2_2M = 3.80998212


def read_computed(content: bytes, path: Path) -> list[Spectrum] | None:
    """Read the output of an engine; None if the file is none.

    Parameters
    ----------
    content : bytes
        What the file holds, unpacked.
    path : Path
        The file. Without a header (OCEAN's GMRES solver writes none) its name tells.

    Raises
    ------
    InputError
        If it is the output of an engine, and damaged.
    """
    beginning = content[:20000]
    feff = _FEFF.search(beginning) is not None
    if not feff and _OCEAN.search(beginning) is None and not path.name.startswith("absspct"):
        return None
    if len(content) > LARGEST:
        raise InputError(
            f"{path}: is larger than {LARGEST // 2**20} MB, which no spectrum of FEFF or OCEAN is; "
            "give the file as the engine wrote it"
        )
    return [_feff(content, path) if feff else _ocean(path)]


def _ocean(path: Path) -> Spectrum:
    try:
        read = read_absspct(path)
    except InputError:
        raise
    except (ValueError, OverflowError) as error:
        raise InputError(f"{path}: is damaged ({error}); compute the spectrum again") from None
    return make_spectrum("mu", Axis(read.energy), read.mu, str(path), zero=OCEAN_ZERO)


def _feff(content: bytes, path: Path) -> Spectrum:
    try:
        energy, mu, level = read_xmu(path)
    except ValueError:
        return _other_feff(content, path)
    spectrum = make_spectrum("mu", Axis(energy), mu, str(path), zero=ENERGY_ZERO)
    return replace(spectrum, metadata={"fermi_level": f"{level:g}"})


def _other_feff(content: bytes, path: Path) -> Spectrum:
    """Read an ``xmu.dat`` whose header is of another version than FEFF10's.

    Its wave number k is zero at the Fermi level in all versions, and negative below.
    """
    table = read_tables(content, path)[0]
    if table.values.shape[1] != 6:
        raise InputError(
            f"{path}: has the header of FEFF's xmu.dat, but {table.values.shape[1]} columns in "
            "place of six; give the file as FEFF wrote it"
        )
    energy, wave, mu = table.values[:, 1], table.values[:, 2], table.values[:, 3]
    with np.errstate(all="ignore"):
        levels = energy - _HBAR2_2M * wave * np.abs(wave)
    levels = levels[np.isfinite(levels)]
    if not len(levels) or np.ptp(levels) > 0.5:
        raise InputError(
            f"{path}: its columns e and k do not agree on a Fermi level; give the file as FEFF "
            "wrote it"
        )
    level = float(np.median(levels))
    return make_spectrum(
        "mu",
        Axis(energy - level),
        mu,
        str(path),
        zero=ENERGY_ZERO,
        notes=(*table.notes, "mu as FEFF normalised it; Fermi level from the wave numbers"),
    )
