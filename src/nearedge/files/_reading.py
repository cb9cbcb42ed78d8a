"""Reading measured spectra: any file that a beamline or an analysis program writes."""

from pathlib import Path

from nearedge.errors import InputError
from nearedge.files._athena import is_athena, read_athena
from nearedge.files._columns import read_tables
from nearedge.files._computed import read_computed
from nearedge.files._content import BEGINNING, read_beginning, read_content
from nearedge.files._detectors import Columns
from nearedge.files._hdf5 import is_hdf5
from nearedge.files._naming import printable, quoted, unique
from nearedge.files._nexus import read_nexus
from nearedge.spectra import Spectrum

MOST_SPECTRA = 5000
"""In a file of columns."""
MOST_COLUMNS = 30_000
"""In all scans of a file."""
MARK = "::"
"""Between a file and the name of a spectrum in it."""


def read_measured(path: str | Path) -> list[Spectrum]:
    r"""Read all spectra of a file; its content tells the format, not its name.

    Parameters
    ----------
    path : str or Path
        The file, gzipped or not.

    Returns
    -------
    list of Spectrum
        At least one; their names differ.

    Raises
    ------
    InputError
        If the file cannot be read, is damaged or holds no absorption spectrum.

    Examples
    --------
    >>> path = Path(getfixture("tmp_path"), "scan.csv")
    >>> _ = path.write_text("energy (keV),i0,i1\n7.10,100,50\n7.11,100,49\n7.12,100,30\n")
    >>> (spectrum,) = read_measured(path)
    >>> spectrum.name, spectrum.energy.round(6).tolist(), spectrum.mu.round(3).tolist()
    ('transmission', [7100.0, 7110.0, 7120.0], [0.693, 0.713, 1.204])
    >>> spectrum.notes
    ('energies in keV, converted to eV', "mu = ln(i0 / i1) from columns 'i0' and 'i1'")
    """
    return _read(Path(path))


def _read(path: Path, *, every: bool = False) -> list[Spectrum]:
    if is_hdf5(read_beginning(path)):
        return read_nexus(path)
    content = read_content(path)
    if is_hdf5(content[:BEGINNING]):
        raise InputError(f"{path}: is packed HDF5; unpack it with gunzip")
    if is_athena(content):
        return read_athena(content, path)
    return (None if every else read_computed(content, path)) or _columns(content, path, every)


def pick(path_and_name: str) -> list[Spectrum]:
    r"""Read the spectra of a file, or of ``FILE::NAME`` the one of that name.

    A file that itself has ``::`` in its name is read whole.

    Parameters
    ----------
    path_and_name : str
        ``FILE`` or ``FILE::NAME``. A name may also be the label of a column that is not counted
        among the spectra, or, of an HDF5 file, the path of a group or an array (``/entry/data``).

    Returns
    -------
    list of Spectrum

    Raises
    ------
    InputError
        If the file cannot be used, or holds no spectrum of that name; the names are listed.

    Examples
    --------
    >>> path = Path(getfixture("tmp_path"), "scan.dat")
    >>> _ = path.write_text("# energy norm bkg\n529 0.1 0.2\n530 0.7 0.2\n")
    >>> [spectrum.name for spectrum in pick(f"{path}::norm")]
    ['norm']
    """
    if MARK not in path_and_name or _is_there(path_and_name):
        return read_measured(path_and_name)
    parts = path_and_name.split(MARK)
    beginnings = [MARK.join(parts[:n]) for n in range(len(parts) - 1, 0, -1)]
    file = next((one for one in beginnings if _is_there(one)), beginnings[-1])
    name = path_and_name[len(file) + len(MARK) :]
    path = Path(file)
    spectra = None
    if not name.startswith("/"):
        spectra = read_measured(path)
        if found := [one for one in spectra if one.name == name]:
            return found
    if is_hdf5(read_beginning(path)):
        return read_nexus(path, wanted=name)
    spectra = spectra or read_measured(path)
    # The name of a column that the labels do not make a spectrum of.
    columns = _read(path, every=True)
    if found := [one for one in [*spectra, *columns] if one.name == name]:
        return found[:1]
    raise InputError(
        f"{path}: holds no spectrum '{printable(name)}'; it holds "
        f"{quoted([one.name for one in spectra])}"
    )


def read_spectra(path: str | Path) -> list[Spectrum]:
    """Read the absorption spectra of a file, or of ``FILE::NAME`` the one of that name."""
    return pick(str(path))


def _is_there(path: str) -> bool:
    try:
        return Path(path).is_file()
    except OSError:  # with the name of a spectrum, it is too long for a path
        return False


def _columns(content: bytes, path: Path, every: bool) -> list[Spectrum]:
    spectra: list[Spectrum] = []
    tables = read_tables(content, path)
    if sum(table.values.shape[1] for table in tables) > MOST_COLUMNS:
        raise InputError(f"{path}: holds more than {MOST_COLUMNS} columns; give fewer at once")
    for table in tables:
        found = Columns.of(table).spectra(str(path), every=every)
        if len(tables) > 1:
            found = [one.renamed(f"scan {table.scan} {one.name}") for one in found]
        spectra += found
        if len(spectra) > MOST_SPECTRA:
            raise InputError(f"{path}: holds more than {MOST_SPECTRA} spectra; give fewer at once")
    names = unique([one.name for one in spectra])
    return [one.renamed(name) for name, one in zip(names, spectra, strict=True)]
