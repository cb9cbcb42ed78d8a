"""A dataset as a folder: ``spectra.nc`` beside ``structures.extxyz``."""

from importlib.resources import files
from pathlib import Path

import xarray as xr
from ase import Atoms
from ase.io import read

from nearedge.datasets._sites import SiteSpectra
from nearedge.errors import InputError
from nearedge.records import replacing
from nearedge.structures import write_snapshots

SPECTRA = "spectra.nc"
STRUCTURES = "structures.extxyz"
FORMAT = "nearedge-dataset"
FORMAT_VERSION = 1


def starter_path() -> Path:
    """Folder of the dataset that ships with nearedge: O K-edge spectra of Li3FeO3.5."""
    return Path(str(files("nearedge") / "data" / "li3feo35"))


def ships(path: str | Path) -> bool:
    """Whether this is the name of a dataset that ships, and of no file or folder here."""
    shipped = {folder.parent.name for folder in starter_path().parent.glob(f"*/{SPECTRA}")}
    return str(path) in shipped and not Path(path).exists()


def folder_of(path: str | Path) -> Path:
    """Find the folder of a dataset, which may be the name of one that ships."""
    return starter_path().parent / path if ships(path) else Path(path)


def save_dataset(data: SiteSpectra, path: str | Path, *, force: bool = False) -> None:
    """Write a dataset as a folder, whole or not at all.

    Spectra are stored in single precision: relative steps of 6e-8, far below any engine's error.

    Parameters
    ----------
    data : SiteSpectra
        What to write.
    path : str or Path
        The folder to make.
    force : bool
        Whether an existing one may be replaced.

    Raises
    ------
    InputError
        If `path` exists and `force` is false.
    """
    with replacing(path, force=force) as folder:
        folder.mkdir()
        table = data.table.assign_attrs(format=FORMAT, format_version=FORMAT_VERSION)
        texts = [name for name in table.coords if table[name].dtype.kind == "U"]
        # Fixed-width text is no netCDF type.
        table = table.assign_coords({name: table[name].astype(object) for name in texts})
        encoding = {"mu": {"dtype": "float32", "zlib": True, "complevel": 9}}
        table.to_netcdf(folder / SPECTRA, engine="h5netcdf", encoding=encoding)
        write_snapshots(folder / STRUCTURES, data.snapshots())


def load_dataset(path: str | Path) -> SiteSpectra:
    """Read and validate a dataset folder.

    Parameters
    ----------
    path : str or Path
        A folder that `save_dataset` or the command line wrote, or the name of a dataset that ships:
        ``li3feo35``, ``li-fe-o``, ``3d-k-edges``.

    Returns
    -------
    SiteSpectra

    Raises
    ------
    InputError
        If a file is missing, foreign or damaged, or a single site is (`check_folder` lists those).
    """
    path = folder_of(path)
    table, structures = read_folder(path)
    return SiteSpectra(table, structures, str(path))


def read_folder(path: Path) -> tuple[xr.Dataset, dict[str, Atoms]]:
    """Read the files of a dataset folder without a look at its sites."""
    if not path.is_dir():
        fault = "is a file" if path.exists() else "no such folder"
        raise InputError(
            f"{path}: {fault}; a dataset is a folder that holds {SPECTRA} (nearedge dataset import "
            "makes one)"
        )
    for name in (SPECTRA, STRUCTURES):
        if not (path / name).is_file():
            raise InputError(f"{path}: is not a nearedge dataset, it holds no {name}")
    return _read_table(path / SPECTRA), _read_structures(path / STRUCTURES)


def _read_table(path: Path) -> xr.Dataset:
    try:
        with xr.open_dataset(path, engine="h5netcdf") as stored:
            # What is written next need not fit the types of this file.
            table = stored.load().drop_encoding()
    except Exception as error:
        # h5py reports damage by many kinds of exception, KeyError and RuntimeError among them.
        raise InputError(
            f"{path}: cannot be read as netCDF4 ({error}); get the file again"
        ) from None
    if table.attrs.get("format") != FORMAT:
        raise InputError(f"{path}: is not a nearedge dataset (attribute format is missing)")
    if int(table.attrs["format_version"]) > FORMAT_VERSION:
        raise InputError(
            f"{path}: format version {table.attrs['format_version']} is newer than this nearedge "
            f"reads ({FORMAT_VERSION}); upgrade nearedge"
        )
    for key in ("format", "format_version"):
        del table.attrs[key]
    texts = [name for name, column in table.coords.items() if column.dtype.kind == "O"]
    return table.assign_coords({name: table[name].astype(str) for name in texts})


def _read_structures(path: Path) -> dict[str, Atoms]:
    try:
        frames = read(path, index=":", format="extxyz")
    except Exception as error:
        # ASE's extxyz reader raises whatever the damaged line provokes.
        raise InputError(
            f"{path}: cannot be read as extxyz ({error}); get the file again"
        ) from None
    assert isinstance(frames, list)
    structures = {str(frame.info.get("name", "")): frame for frame in frames}
    if len(structures) != len(frames) or "" in structures:
        raise InputError(f"{path}: every frame needs a name of its own")
    return structures
