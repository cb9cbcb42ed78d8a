"""A stack of images on disk, and its spectra block by block: never more of it in memory."""

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Literal, NamedTuple

import numpy as np
from jaxtyping import Float, Num

from nearedge.errors import InputError

Axis = Literal["first", "last"]
Part = tuple[slice, slice, slice]
Advance = Callable[[int, int], None]
"""Is told how many images of how many are unpacked."""

BLOCK = 64 * 2**20
"""Bytes of a stack that are read at once, unless a single row has more."""

_WHOLE = slice(None)


@dataclass(frozen=True)
class Source:
    """An array of three axes on disk, with the energies and their axis if the file has them.

    What is packed is read by whole `chunks`; `scratch` is the unnamed file of an unpacked one.
    """

    shape: tuple[int, int, int]
    dtype: np.dtype
    read: Callable[[Part], np.ndarray]
    energy: Float[np.ndarray, " energy"] | None = None
    axis: Axis | None = None
    chunks: tuple[int, int, int] | None = None
    scratch: IO[bytes] | None = None

    def rows_together(self, axis: Axis) -> int:
        """Rows that can only be read together."""
        row = 1 if axis == "first" else 0
        return min(self.chunks[row], self.shape[row]) if self.chunks else 1

    def part(self, part: Part, name: str) -> np.ndarray:
        """Read a part of the array; what it is called stands in the error."""
        try:
            return self.read(part)
        except Exception as error:  # tifffile raises nearly anything on damaged files
            reason = " ".join(str(error).split())[:200] or type(error).__name__
            raise InputError(f"{name} cannot be read ({reason}); get the file again") from None


class Block(NamedTuple):
    """Some rows of a stack, and the spectra of their pixels, row after row."""

    rows: slice
    spectra: Num[np.ndarray, "pixel energy"]


@dataclass(frozen=True)
class Stack:
    """Images at increasing energies, a spectrum in each pixel; made by `open_stack`.

    The axis is that of the energies in the stored array. With the intensity of the incident light
    the stored ones are transmitted, and blocks are -log of the ratio.
    """

    name: str
    energy: Float[np.ndarray, " energy"]
    source: Source
    axis: Axis = "first"
    incident: Float[np.ndarray, " energy"] | None = None

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of the images."""
        rows, columns = self.source.shape[1:] if self.axis == "first" else self.source.shape[:2]
        return rows, columns

    def __enter__(self) -> "Stack":
        return self

    def __exit__(self, *_: object) -> None:
        """Remove what was unpacked."""
        if self.source.scratch is not None:
            self.source.scratch.close()

    def blocks(self, rows: int | None = None) -> Iterator[Block]:
        """Read the stack from top to bottom, by default as many rows as fit in `BLOCK` bytes."""
        count, columns = self.shape
        step = self.source.rows_together(self.axis)
        each = len(self.energy) * columns * self.source.dtype.itemsize
        rows = rows or step * max(1, BLOCK // (each * step))
        for start in range(0, count, rows):
            part = slice(start, min(start + rows, count))
            yield Block(part, self._spectra(part))

    def _spectra(self, rows: slice) -> Num[np.ndarray, "pixel energy"]:
        first, count = self.axis == "first", len(self.energy)
        part = (_WHOLE, rows, _WHOLE) if first else (rows, _WHOLE, _WHOLE)
        images = self.source.part(part, f"{self.name}: rows {rows.start + 1} to {rows.stop}")
        spectra = images.reshape(count, -1).T if first else images.reshape(-1, count)
        if self.incident is None:
            return spectra
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = np.log(spectra.astype(np.float32) / self.incident.astype(np.float32))
        # No light at all is no absorption that could be known.
        return np.where(np.isfinite(ratio), -ratio, np.float32(np.nan))


def unpacked(
    source: Source, axis: Axis, name: str, folder: Path | None, advance: Advance | None
) -> Source:
    """Unpack a stack that keeps more rows together than a block holds, into an unnamed file.

    Such a file is gone as soon as it is closed, or the program ends in any way.
    """
    along, row = (0, 1) if axis == "first" else (2, 0)
    size = int(np.prod(source.shape)) * source.dtype.itemsize
    together = size // source.shape[row] * source.rows_together(axis)
    if source.chunks is None or together <= BLOCK:
        return source
    count, step = source.shape[along], source.chunks[along]
    shape = (count, *(length for n, length in enumerate(source.shape) if n != along))
    try:
        # Closed by the stack: it is read for as long as that is used.
        file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115
    except OSError as error:
        raise InputError(f"{folder}: cannot hold a temporary file ({error.strerror})") from None
    try:
        for start in range(0, count, step):
            some = slice(start, min(start + step, count))
            part = (some, _WHOLE, _WHOLE) if along == 0 else (_WHOLE, _WHOLE, some)
            images = source.part(part, f"{name}: images {start + 1} to {some.stop}")
            file.write(np.ascontiguousarray(np.moveaxis(images, along, 0), source.dtype).data)
            if advance:
                advance(some.stop, count)
        file.flush()
    except BaseException as error:
        file.close()
        if not isinstance(error, OSError):
            raise
        raise InputError(
            f"{name}: has to be unpacked, but cannot be ({error}); give an output folder on a disk "
            f"with {size / 1e9:.1f} GB of room"
        ) from None

    def read(part: Part) -> np.ndarray:
        # Mapped anew each time: pages that were read once do not stay in memory.
        mapped = np.memmap(file, source.dtype, "r", shape=shape)
        return np.array(np.moveaxis(mapped, 0, along)[part], order="C")

    return replace(source, read=read, chunks=None, scratch=file)
