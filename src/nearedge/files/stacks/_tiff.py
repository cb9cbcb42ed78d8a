"""Stacks as TIFF files, a page for each energy.

Read with Pillow, which matplotlib brings: it reads what microscopes and image programs write, of
any compression, but for the stacks over 4 GB of ImageJ, which have a single page.
"""

import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from nearedge.errors import InputError
from nearedge.files.stacks._stack import Source
from nearedge.files.stacks._unpacking import Advance, unpack

_GREY = {"L": "u1", "I;16": "u2", "I;16B": "u2", "I;16L": "u2", "I": "i4", "F": "f4"}
# Tags of the bits of a number, and of what they mean: 1 is without a sign.
_BITS, _FORMAT = 258, 339


def is_tiff(beginning: bytes) -> bool:
    """Tell whether a file is TIFF, or TIFF for large files, by its first bytes."""
    return beginning[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")


def read_tiff(path: Path, *, scratch: Path | None = None, advance: Advance | None = None) -> Source:
    """Unpack the pages of a file.

    Raises
    ------
    InputError
        If it is damaged, its pages are not alike or not grey.
    """
    try:
        with warnings.catch_warnings():
            # Of large images, and of tags that do not matter.
            warnings.simplefilter("ignore")
            with Image.open(path, formats=["TIFF"]) as file:
                count = int(getattr(file, "n_frames", 1))
                shape = (count, file.height, file.width)
                kind = _dtype(file)
                if count == 1:
                    raise InputError(
                        f"{path}: has a single page; a stack has one for each energy (ImageJ keeps "
                        "those over 4 GB otherwise: save as HDF5 or .npy)"
                    )
                read, kept = unpack(
                    _pages(file, count, kind, path),
                    shape,
                    kind,
                    str(path),
                    scratch=scratch,
                    advance=advance,
                )
    except InputError:
        raise
    except UnidentifiedImageError:
        raise InputError(
            f"{path}: is no TIFF file of integers or floats of 8 to 32 bits; get it again, "
            "or save the stack as HDF5 or .npy"
        ) from None
    except (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError) as error:
        raise InputError(
            f"{path}: cannot be read ({error}); get the file again, or save the stack as HDF5 or "
            ".npy"
        ) from None
    return Source(shape, kind, read, axis="first", scratch=kept)


def _pages(file: Image.Image, count: int, kind: np.dtype, path: Path) -> Iterator[np.ndarray]:
    size, mode = file.size, file.mode
    for number in range(count):
        file.seek(number)
        if file.mode not in _GREY:
            raise InputError(
                f"{path}: page {number + 1} has colours or indices ({file.mode}), no intensities; "
                "save grey images of 8, 16 or 32 bits"
            )
        if (file.size, file.mode) != (size, mode):
            raise InputError(
                f"{path}: page {number + 1} is {file.width} x {file.height} of {file.mode}, the "
                f"first {size[0]} x {size[1]} of {mode}; save pages that are alike"
            )
        yield np.asarray(file)[None].view(kind)


def _dtype(file: Image.Image) -> np.dtype:
    tags = getattr(file, "tag_v2", {})
    # Pillow takes numbers of 32 bits without a sign for those with one.
    unsigned = tags.get(_BITS) == (32,) and tags.get(_FORMAT, (1,)) == (1,)
    return np.dtype("u4" if file.mode == "I" and unsigned else _GREY.get(file.mode, "f4"))
