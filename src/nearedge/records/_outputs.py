"""Outputs: known to be writable before the work begins, and written whole or not at all."""

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nearedge.errors import InputError, OutputError

UNWRITABLE = {
    errno.EACCES, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.ENOSPC, errno.EPERM, errno.EROFS
}  # fmt: skip
"""Errors of writing: a full disk, a quota, a read-only place."""

WRITTEN = {
    ".cif", ".extxyz", ".html", ".json", ".md", ".nc", ".pdf", ".png", ".safetensors", ".svg",
    ".tsv",
}  # fmt: skip
"""Endings of the files in the folders that are written here, beside ``maps.h5``."""


def check_free(
    *paths: str | Path | None, force: bool = False, remedy: str = "--force", space: int = 0
) -> None:
    """Refuse outputs that cannot be written, lack `space` bytes, or exist without `force`.

    A folder that holds files of other kinds than those written here is never replaced. None stands
    for an output that nobody asked for.
    """
    for path in (Path(path) for path in paths if path is not None):
        try:
            if path.exists() and not force:
                raise InputError(f"{path}: already exists; choose another output or pass {remedy}")
            if path.is_dir() and (foreign := _foreign(path)):
                raise InputError(
                    f"{path}: holds '{foreign}', which was not written here; choose another output,"
                    " or remove the folder yourself"
                )
            parent = next(folder for folder in path.absolute().parents if folder.exists())
            # Whether permission is enough depends on more than permissions: try.
            with tempfile.TemporaryDirectory(dir=parent, prefix=".nearedge-"):
                pass
            if hasattr(os, "statvfs"):
                status = os.statvfs(parent)
                if status.f_bavail * status.f_frsize < space:
                    raise OSError(errno.ENOSPC, f"{space / 1e9:.1f} GB are needed")
        except OSError as error:
            raise OutputError(path, error) from None


def _foreign(folder: Path) -> str | None:
    """Name what shows that a folder is no output: nobody's data are to be lost with it."""
    held = sorted(folder.iterdir())
    for path in held:
        known = path.is_dir() or path.suffix in WRITTEN or path.name == "maps.h5"
        if path.name.startswith(".") or not known:
            return path.name
    return None if not held or any(map(Path.is_file, held)) else held[0].name


@contextmanager
def replacing(path: str | Path, *, force: bool = False, space: int = 0) -> Iterator[Path]:
    """Give a temporary name beside `path` and rename it to `path` if the block succeeds.

    The block may make a file or a folder of that name. After an error nothing is left behind, and
    what stood at `path` before is untouched.
    """
    check_free(path, force=force, space=space)
    path = Path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}.") as scratch:
            temporary = Path(scratch) / path.name
            yield temporary
            if path.exists() and (path.is_dir() or temporary.is_dir()):
                # A folder cannot be renamed over, nor can a file by a folder.
                path.rename(Path(scratch) / "replaced")
            temporary.replace(path)
    except OSError as error:
        if error.errno not in UNWRITABLE:
            raise
        raise OutputError(path, error) from error
