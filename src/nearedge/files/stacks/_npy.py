"""Stacks in NumPy's own format."""

from pathlib import Path

import numpy as np

from nearedge.errors import InputError
from nearedge.files.stacks._stack import Source


def read_npy(path: Path) -> Source:
    """Open an array."""
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise InputError(
            f"{path}: is no array of numbers that can be read ({error}); save plain numbers with "
            "numpy.save"
        ) from None
    if array.ndim != 3:
        raise InputError(
            f"{path}: has {array.ndim} axes, shape {array.shape}; a stack has three, one of them "
            "of the energies"
        )

    def read(part: tuple[slice, slice, slice]) -> np.ndarray:
        # Mapped anew each time: pages that were read once do not stay in memory.
        return np.array(np.load(path, mmap_mode="r", allow_pickle=False)[part], order="C")

    return Source(array.shape, array.dtype, read)
