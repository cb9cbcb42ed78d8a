"""Stacks as TIFF files, a page for each energy, and ImageJ's hyperstacks of one large page.

Read with tifffile; Pillow, which matplotlib brings, decodes the pages that are packed with LZW.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from nearedge.errors import InputError
from nearedge.files.stacks._stack import Source
from nearedge.files.stacks._unpacking import Advance, unpack


def is_tiff(beginning: bytes) -> bool:
    """Tell whether a file is TIFF, or TIFF for large files, by its first bytes."""
    return beginning[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")


def read_tiff(path: Path, *, scratch: Path | None = None, advance: Advance | None = None) -> Source:
    """Open the pages of a file; packed ones are unpacked."""
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
            shape = (lengths[0], lengths[1], lengths[2])
            dtype = np.dtype(series.dtype)
            offset = series.dataoffset
            if offset is not None:
                return _mapped(path, dtype.newbyteorder(file.byteorder), shape, offset)
            read, kept = unpack(
                _pages(path, series.pages, shape),
                shape,
                dtype,
                str(path),
                scratch=scratch,
                advance=advance,
            )
    except InputError:
        raise
    except Exception as error:  # tifffile raises nearly anything on damaged files
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise InputError(
            f"{path}: cannot be read ({reason}); get the file again, or save the stack as HDF5 or "
            ".npy"
        ) from None
    return Source(shape, dtype, read, axis="first", scratch=kept)


def _mapped(path: Path, dtype: np.dtype, shape: tuple[int, int, int], offset: int) -> Source:
    def read(part: tuple[slice, slice, slice]) -> np.ndarray:
        # Mapped anew each time: pages that were read once do not stay in memory.
        images = np.memmap(path, dtype, "r", offset, shape)
        return np.array(images[part], dtype.newbyteorder("="), order="C")

    read((slice(1), slice(1), slice(1)))
    return Source(shape, dtype.newbyteorder("="), read, axis="first")


def _pages(path: Path, pages: Sequence[Any], shape: tuple[int, int, int]) -> Iterator[np.ndarray]:
    for number, page in enumerate(pages):
        try:
            image = page.asarray()
        except ValueError as error:
            if "imagecodecs" not in str(error):
                raise
            from PIL import Image

            with Image.open(path, formats=["TIFF"]) as file:
                file.seek(number)
                image = np.asarray(file)
        yield image.reshape(1, *shape[1:])
