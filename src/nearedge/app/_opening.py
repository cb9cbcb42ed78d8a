"""What a person gives, a dropped file or a path, and what is inside of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from nearedge import answers, spectra
from nearedge.errors import InputError, NearEdgeError
from nearedge.files import BEGINNING, is_hdf5, stacks
from nearedge.spectra import Spectrum
from nearedge.structures import Snapshot, read_snapshots

Columns = tuple[str | None, str | None]
"""Of energy and absorption, as `nearedge.files.read_spectra` takes them."""

Kind = Literal["spectra", "stack", "structure", "fault"]

STRUCTURES = (".cif", ".vasp", ".poscar", ".xyz", ".extxyz", ".traj")
STRUCTURE_NAMES = ("POSCAR", "CONTCAR", "XDATCAR")
STACKS = (".npy", ".tif", ".tiff")
MOST_FILES = 2000
"""Files of a folder that are opened at once."""


@dataclass(frozen=True)
class Given:
    """A file by its name and content, or a path of this machine; the key tells it from others."""

    name: str
    key: str
    content: bytes | None = None

    @contextmanager
    def on_disk(self) -> Iterator[Path]:
        """Give a path; what has none lies in a temporary folder for as long as the block lasts."""
        if self.content is None:
            yield Path(self.name)
            return
        with TemporaryDirectory(prefix="nearedge-") as folder:
            path = Path(folder, Path(self.name).name[-100:] or "file")
            path.write_bytes(self.content)
            try:
                yield path
            except NearEdgeError as error:
                raise InputError(str(error).replace(f"{folder}/", "")) from None


@dataclass(frozen=True)
class Opened:
    """What is inside a file; of a fault, why it cannot be used."""

    given: Given
    kind: Kind
    spectra: tuple[Spectrum, ...] = ()
    snapshots: tuple[Snapshot, ...] = ()
    fault: str = ""


def given_path(text: str) -> list[Given]:
    """List the file at a path, or the files of a folder.

    Raises
    ------
    InputError
        If there is nothing, or too much.
    """
    path = Path(text.strip().strip("'\"")).expanduser()
    file = str(path).partition("::")[0]
    if not Path(file).exists():
        raise InputError(f"{path}: no such file or folder on this machine; check the path")
    files = answers.files_in(str(path))
    if files == [str(path)]:
        stat = Path(file).stat()
        return [Given(str(path), f"{path}:{stat.st_mtime_ns}:{stat.st_size}")]
    if len(files) > MOST_FILES:
        raise InputError(
            f"{path}: holds {len(files)} files, the page opens {MOST_FILES}; use nearedge predict"
        )
    return [one for file in files for one in given_path(file)]


def open_given(given: Given, columns: Columns = (None, None)) -> Opened:
    """Find out what a file holds; one that cannot be used stops no other."""
    try:
        with given.on_disk() as path:
            return _opened(given, path, columns)
    except NearEdgeError as error:
        return Opened(given, "fault", fault=str(error))
    except OSError as error:
        return Opened(given, "fault", fault=f"{given.name}: {error.strerror or error}")


def _opened(given: Given, path: Path, columns: Columns) -> Opened:
    name, ending = path.name, path.suffix.lower()
    if ending in STRUCTURES or name.upper().startswith(STRUCTURE_NAMES):
        return Opened(given, "structure", snapshots=tuple(read_snapshots(path)))
    if ending in STACKS or _holds_images(path):
        return Opened(given, "stack")
    energy, mu = columns
    read = [spectra.with_edge(one) for one in answers.read_any(str(path), energy=energy, mu=mu)]
    if given.content is not None:
        read = [replace(one, source=given.name) for one in read]
    return Opened(given, "spectra", spectra=tuple(read))


def _holds_images(path: Path) -> bool:
    """Tell whether an HDF5 file holds images; those of a single row or column are spectra."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        if not is_hdf5(file.read(BEGINNING)):
            return False
    try:
        with stacks.open_stack(path) as stack:
            return min(stack.shape) > 1
    except InputError:
        return False
