"""Writing files and folders whole or not at all."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nearedge.errors import InputError


def check_free(path: str | Path, *, force: bool = False) -> Path:
    """Refuse an output path that exists, unless it may be replaced.

    Parameters
    ----------
    path : str or Path
        The file or folder to be written.
    force : bool
        Whether an existing one may be replaced.

    Returns
    -------
    Path
        The same path.

    Raises
    ------
    InputError
        If `path` exists and `force` is false.
    """
    path = Path(path)
    if path.exists() and not force:
        raise InputError(f"{path}: already exists; choose another output or pass --force")
    return path


@contextmanager
def replacing(path: str | Path, *, force: bool = False) -> Iterator[Path]:
    """Give a temporary name beside `path` and rename it to `path` if the block succeeds.

    The block may make a file or a folder of the temporary name. After an error nothing is left
    behind, and what stood at `path` before is untouched.

    Parameters
    ----------
    path : str or Path
        The file or folder to be written; missing parents are made.
    force : bool
        Whether an existing `path` may be replaced.

    Yields
    ------
    Path
        The temporary name, on the same file system as `path`.

    Raises
    ------
    InputError
        If `path` exists and `force` is false.
    """
    path = check_free(path, force=force)
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}.") as scratch:
        temporary = Path(scratch) / path.name
        yield temporary
        if path.exists() and (path.is_dir() or temporary.is_dir()):
            # A folder cannot be renamed over, nor can a file by a folder.
            path.rename(Path(scratch) / "replaced")
        temporary.replace(path)
