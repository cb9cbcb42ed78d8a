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


def check_free(
    path: str | Path, *, force: bool = False, remedy: str = "--force", space: int = 0
) -> Path:
    """Refuse an output path that cannot be written, or that exists, unless it may be replaced.

    Parameters
    ----------
    path : str or Path
        The file or folder to be written; missing parents are made when it is.
    force : bool
        Whether an existing one may be replaced.
    remedy : str
        What lets an existing one be replaced, for the message.
    space : int
        Bytes that must be free.

    Returns
    -------
    Path
        The same path.

    Raises
    ------
    InputError
        If `path` exists and `force` is false.
    OutputError
        If nothing can be written there.
    """
    path = Path(path)
    try:
        if path.exists() and not force:
            raise InputError(f"{path}: already exists; choose another output or pass {remedy}")
        parent = next(folder for folder in path.absolute().parents if folder.exists())
        # Whether permission is enough depends on more than permissions: try.
        with tempfile.TemporaryDirectory(dir=parent, prefix=".nearedge-"):
            pass
        status = os.statvfs(parent) if hasattr(os, "statvfs") else None
    except OSError as error:
        raise OutputError(path, error) from None
    if status is not None and status.f_bavail * status.f_frsize < space:
        raise OutputError(path, OSError(errno.ENOSPC, f"{space / 1e9:.1f} GB are needed"))
    return path


@contextmanager
def replacing(path: str | Path, *, force: bool = False, space: int = 0) -> Iterator[Path]:
    """Give a temporary name beside `path` and rename it to `path` if the block succeeds.

    The block may make a file or a folder of the temporary name. After an error nothing is left
    behind, and what stood at `path` before is untouched.

    Parameters
    ----------
    path : str or Path
        The file or folder to be written; missing parents are made.
    force : bool
        Whether an existing `path` may be replaced.
    space : int
        Bytes that must be free.

    Yields
    ------
    Path
        The temporary name, on the same file system as `path`.

    Raises
    ------
    InputError
        If `path` exists and `force` is false.
    OutputError
        If it cannot be written, or the disk is full.
    """
    path = check_free(path, force=force, space=space)
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
