"""Stacks as TIFF files, a page for each energy, and ImageJ's hyperstacks of one large page."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from nearedge.errors import InputError
from nearedge.files.stacks._stack import BLOCK, Part, Source, told


def is_tiff(beginning: bytes) -> bool:
    """Tell whether a file is TIFF, or TIFF for large files, by its first bytes."""
    return beginning[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")


def read_tiff(path: Path) -> Source:
    """Open the grey pages of a file, all of one shape."""
    import tifffile

    try:
        with tifffile.TiffFile(path) as file:
            series = file.series[0]
            lengths = [length for length in series.shape if length > 1]
            if len(file.series) > 1 or "S" in series.axes or len(lengths) != 3:
                pages = [page.shape for page in file.pages[:5] if page is not None]
                raise InputError(
                    f"{path}: holds images of shape {series.shape} ({series.axes}), its first "
                    f"pages {pages}; a stack has one grey image for each energy, all of one shape"
                )
            shape, dtype = (lengths[0], lengths[1], lengths[2]), np.dtype(series.dtype)
            stored, offset = dtype.newbyteorder(file.byteorder), series.dataoffset

        def read(part: Part) -> np.ndarray:
            if offset is None:
                return np.stack([*_pages(path, part[0], shape)])[:, part[1], part[2]]
            # Mapped anew each time: pages that were read once do not stay in memory.
            images = np.memmap(path, stored, "r", offset, shape)
            return np.array(images[part], dtype.newbyteorder("="), order="C")

        read((slice(1), slice(1), slice(1)))
    except InputError:
        raise
    except Exception as error:  # tifffile raises nearly anything on damaged files
        raise InputError(
            f"{path}: cannot be read ({told(error)}); get the file again, or save the stack as "
            "HDF5 or .npy"
        ) from None
    # To open a file takes a while, so as many pages as fit into a block are unpacked at once.
    together = max(1, BLOCK // (shape[1] * shape[2] * dtype.itemsize))
    chunks = (min(together, shape[0]), *shape[1:]) if offset is None else None
    return Source(shape, dtype.newbyteorder("="), read, axis="first", chunks=chunks)


def _pages(path: Path, numbers: slice, shape: tuple[int, int, int]) -> Iterator[np.ndarray]:
    import tifffile

    with tifffile.TiffFile(path) as file:
        pages: Any = file.series[0].pages
        for number in range(*numbers.indices(shape[0])):
            try:
                image = pages[number].asarray()
            except ValueError as error:  # LZW needs it, or Pillow, which matplotlib brings
                if "imagecodecs" not in str(error):
                    raise
                from PIL import Image

                with Image.open(path, formats=["TIFF"]) as picture:
                    picture.seek(number)
                    image = np.asarray(picture)
            yield image.reshape(shape[1:])
