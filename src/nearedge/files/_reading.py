"""Reading spectra: any file that a beamline or an analysis program writes."""

import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from nearedge.errors import InputError
from nearedge.files._choosing import choose, select
from nearedge.files._computed import is_computed, read_computed
from nearedge.files._content import BEGINNING, NoTableError, read_bytes, read_content
from nearedge.files._hdf5 import is_hdf5, read_hdf5
from nearedge.files._library import is_library_format, read_with_library
from nearedge.files._scan import Scan, printable, quoted, with_unique_names
from nearedge.files._text import is_emsa, read_emsa, read_text
from nearedge.spectra import Spectrum

MOST_SPECTRA = 5000  # of a file
MOST_COLUMNS = 30_000  # in all its scans
OFFERED = ("reference", "without sample")  # channels that are given by name alone
MARK = "::"
"""Between a file and the name of a spectrum in it."""


# What tells a format, by content and path, and what reads it, in the order in which they are asked;
# HDF5, which is not read as a whole, comes before.
_FORMATS: tuple[tuple[Callable[[bytes, Path], bool], Callable[[bytes, Path], list[Scan]]], ...] = (
    (is_computed, read_computed),
    (lambda content, _: is_library_format(content), read_with_library),
    (lambda content, _: is_emsa(content), read_emsa),
    (lambda _content, _path: True, read_text),
)


def read_spectra(
    path: str | Path, *, energy: int | str | None = None, mu: str | int | None = None
) -> list[Spectrum]:
    r"""Read the absorption spectra of a file; its content tells the format, not its name.

    Parameters
    ----------
    path : str or Path
        The file, gzipped or not; or ``FILE::NAME`` for one spectrum of it: the name of a spectrum,
        of a reference foil or a signal without sample (``reference``), the label of any column, or,
        of an HDF5 file, the path of a group or an array (``/entry/data``).
    energy : int or str, optional
        Column of the energies, by its number from 1 or its label; found by the labels if it is not
        given.
    mu : str or int, optional
        Column of the spectrum, or several as ``4/2``, ``ln(2/4)``, ``(3+4)/2`` or with labels.

    Returns
    -------
    list of Spectrum
        At least one; of different names.

    Raises
    ------
    InputError
        If the file cannot be read, is damaged, or holds no absorption spectrum (of that name);
        where labels are not understood, the columns are shown.

    Examples
    --------
    >>> path = Path(getfixture("tmp_path"), "scan.csv")
    >>> _ = path.write_text("energy (keV),i0,i1\n7.10,100,50\n7.11,100,49\n7.12,100,30\n")
    >>> (spectrum,) = read_spectra(path)
    >>> spectrum.name, spectrum.energy.round(6).tolist(), spectrum.mu.round(3).tolist()
    ('transmission', [7100.0, 7110.0, 7120.0], [0.693, 0.713, 1.204])
    >>> spectrum.notes
    ('energies in keV, converted to eV', "mu = ln(i0 / i1) from columns 'i0' and 'i1'")
    >>> read_spectra(path, energy=1, mu="3/2")[0].mu.tolist()
    [0.5, 0.49, 0.3]
    """
    file, name = _parted(str(path))
    source, hdf5 = str(file), is_hdf5(read_bytes(file))
    by_column = energy is not None or mu is not None
    inner = name if hdf5 and name and (by_column or name.startswith("/")) else None
    scans = read_hdf5(file, inner) if hdf5 else read_scans(file)
    if by_column:
        named = [_named(select(scan, energy, mu, source), scan) for scan in scans]
        return with_unique_names(named)
    if inner is not None:
        return _spectra(scans, source)
    if name is None:
        spectra = [each for each in _spectra(scans, source) if each.channel not in OFFERED]
        if not spectra:
            raise InputError(
                f"{file}: holds no spectrum of a sample; ask for a reference foil or an empty cell "
                f"by {file.name}{MARK}NAME"
            )
        return spectra
    spectra: list[Spectrum] = []
    with suppress(InputError):
        spectra = _spectra(scans, source)
    for spectrum in spectra:
        if name in (spectrum.name, spectrum.name.split("/")[-1]):
            return [spectrum.renamed(name)]
    for scan in scans:  # the name of a column that the labels do not make a spectrum of
        if any(name == scan.label(n) for n in range(scan.values.shape[1])):
            return [select(scan, None, name, source)]
    if hdf5:
        return _spectra(read_hdf5(file, name), source)
    if not spectra:
        return read_spectra(file)  # which says what is wrong with it
    held = quoted([spectrum.name for spectrum in spectra])
    raise InputError(f"{file}: holds no spectrum '{printable(name)}'; it holds {held}")


def read_scans(path: Path) -> list[Scan]:
    """Read the scans of a file that is not HDF5."""
    content = read_content(path)
    if is_hdf5(content[:BEGINNING]):
        raise InputError(f"{path}: is packed HDF5; unpack it with gunzip")
    read = next(read for holds, read in _FORMATS if holds(content, path))
    try:
        scans = read(content, path)
    except NoTableError as error:
        try:  # a binary or a session that only the library knows
            scans = read_with_library(content, path, sure=False)
        except InputError:
            raise error from None
    if sum(scan.values.shape[1] for scan in scans) > MOST_COLUMNS:
        raise InputError(f"{path}: holds more than {MOST_COLUMNS} columns; give fewer at once")
    return scans


def _parted(path: str) -> tuple[Path, str | None]:
    """Part ``FILE::NAME``; a file that itself has ``::`` in its name is taken whole."""
    ends = [mark.start() for mark in re.finditer(MARK, path)]
    if not ends or _is_there(path):
        return Path(path), None
    end = next((end for end in reversed(ends) if _is_there(path[:end])), ends[0])
    return Path(path[:end]), path[end + len(MARK) :]


def _is_there(path: str) -> bool:
    try:
        return Path(path).is_file()
    except OSError:  # with the name of a spectrum, it is too long for a path
        return False


def _spectra(scans: Sequence[Scan], source: str) -> list[Spectrum]:
    """Make the spectra of all scans; a bad scan costs no other."""
    spectra: list[Spectrum] = []
    faults: list[InputError] = []
    for scan in scans:
        try:
            made = choose(scan, source)
        except InputError as error:
            faults.append(error)
            continue
        several = len(scans) > 1 or len(made) > 1
        spectra += [_named(spectrum, scan) if several else spectrum for spectrum in made]
        if len(spectra) > MOST_SPECTRA:
            raise InputError(
                f"{source}: holds more than {MOST_SPECTRA} spectra; give fewer at once"
            )
    if not spectra:
        raise faults[0]
    if faults:
        note = f"{len(faults)} of {len(scans)} scans left out: {printable(str(faults[0]), 200)}"
        spectra = [replace(spectrum, notes=(*spectrum.notes, note)) for spectrum in spectra]
    return with_unique_names(spectra)


def _named(spectrum: Spectrum, scan: Scan) -> Spectrum:
    """Put the name of its scan before that of a spectrum."""
    joint = "/" if "/" in scan.name or not scan.name.startswith("scan ") else " "
    name = f"{scan.name}{joint}{spectrum.name}" if scan.name else spectrum.name
    return spectrum.renamed(printable(name))
