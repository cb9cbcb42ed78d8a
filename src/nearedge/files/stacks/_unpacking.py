"""Stacks that cannot be read by rows, such as compressed images: unpacked once, image by image."""

import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import IO

import numpy as np

from nearedge.errors import InputError

Advance = Callable[[int, int], None]
"""Is told how many images of how many are unpacked."""

IN_MEMORY = 256 * 2**20
"""Bytes up to which an unpacked stack is kept in memory."""

Read = Callable[[tuple[slice, slice, slice]], np.ndarray]


def unpack(
    images: Iterable[np.ndarray],
    shape: tuple[int, int, int],
    dtype: np.dtype,
    name: str,
    *,
    scratch: Path | None = None,
    advance: Advance | None = None,
) -> tuple[Read, IO[bytes] | None]:
    """Write images one after the other, into memory or an unnamed file."""
    report = advance or (lambda _done, _total: None)
    done = 0
    if int(np.prod(shape)) * dtype.itemsize <= IN_MEMORY:
        array = np.empty(shape, dtype)
        for some in images:
            array[done : done + len(some)] = some
            done += len(some)
            report(done, shape[0])
        return lambda part: array[part], None
    try:
        # Closed by the stack: it is read for as long as that is used.
        file = tempfile.TemporaryFile(dir=scratch)  # noqa: SIM115
    except OSError as error:
        raise InputError(f"{scratch}: cannot hold a temporary file ({error.strerror})") from None
    try:
        for some in images:
            file.write(np.ascontiguousarray(some, dtype).data)
            done += len(some)
            report(done, shape[0])
        file.flush()
    except OSError as error:
        file.close()
        raise InputError(
            f"{name}: has to be unpacked, but cannot be ({error}); give an output folder on a disk "
            f"with {int(np.prod(shape)) * dtype.itemsize / 1e9:.1f} GB of room"
        ) from None
    except BaseException:
        file.close()
        raise

    def read(part: tuple[slice, slice, slice]) -> np.ndarray:
        mapped = np.memmap(file, dtype, "r", shape=shape)
        return np.array(mapped[part], order="C")

    return read, file
