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

    def images_first(self, axis: Axis) -> "Source":
        """The same array with the axis of the energies in front."""
        if axis == "first":
            return self

        def read(part: Part) -> np.ndarray:
            return np.moveaxis(self.read((part[1], part[2], part[0])), 2, 0)

        rows, columns, count = self.shape
        chunks = self.chunks and (self.chunks[2], *self.chunks[:2])
        return replace(self, shape=(count, rows, columns), read=read, chunks=chunks)

    def part(self, name: str, images: slice, rows: slice) -> np.ndarray:
        """Read rows of images; what they are called stands in the error."""
        try:
            return self.read((images, rows, _WHOLE))
        except Exception as error:  # tifffile raises nearly anything on damaged files
            raise InputError(f"{name} cannot be read ({told(error)}); get the file again") from None


def told(error: Exception) -> str:
    """What a library says of a fault, on one line."""
    return " ".join(str(error).split())[:200] or type(error).__name__


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
        return self.source.shape[1:]

    def __enter__(self) -> "Stack":
        return self

    def __exit__(self, *_: object) -> None:
        """Remove what was unpacked."""
        if self.source.scratch is not None:
            self.source.scratch.close()

    def blocks(self, rows: int | None = None) -> Iterator[Block]:
        """Read the stack from top to bottom, by default as many rows as fit in `BLOCK` bytes."""
        count, columns = self.shape
        step = min(self.source.chunks[1], count) if self.source.chunks else 1
        each = len(self.energy) * columns * self.source.dtype.itemsize
        rows = rows or step * max(1, BLOCK // (each * step))
        for start in range(0, count, rows):
            part = slice(start, min(start + rows, count))
            yield Block(part, self.spectra(part))

    def spectra(self, rows: slice) -> Num[np.ndarray, "pixel energy"]:
        """Read the spectra of the pixels of some rows, row after row."""
        where = f"{self.name}: rows {rows.start + 1} to {rows.stop}"
        images = self.source.part(where, _WHOLE, rows)
        spectra = np.moveaxis(images, 0, 2).reshape(-1, len(self.energy))
        if self.incident is None:
            return spectra
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = np.log(spectra.astype(np.float32) / self.incident.astype(np.float32))
        # No light at all is no absorption that could be known.
        return np.where(np.isfinite(ratio), -ratio, np.float32(np.nan))


def unpacked(
    source: Source, name: str, folder: str | Path | None, advance: Advance | None
) -> Source:
    """Unpack a stack of up to a block into memory, one whose rows are kept together into a file.

    That is unnamed: it is gone as soon as it is closed, or the program ends in any way.
    """
    count, rows, _ = source.shape
    size = int(np.prod(source.shape)) * source.dtype.itemsize
    if source.chunks is not None and size <= BLOCK:
        whole = source.part(name, _WHOLE, _WHOLE)
        whole.flags.writeable = False
        return replace(source, read=whole.__getitem__, chunks=None)
    if source.chunks is None or size // rows * min(source.chunks[1], rows) <= BLOCK:
        return source
    try:
        # Closed by the stack: it is read for as long as that is used.
        file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115
    except OSError as error:
        raise InputError(f"{folder}: cannot hold a temporary file ({error.strerror})") from None
    try:
        for start in range(0, count, source.chunks[0]):
            some = slice(start, min(start + source.chunks[0], count))
            images = source.part(f"{name}: images {start + 1} to {some.stop}", some, _WHOLE)
            file.write(np.ascontiguousarray(images, source.dtype).data)
            if advance:
                advance(some.stop, count)
        file.flush()
    except BaseException as error:
        file.close()
        if not isinstance(error, OSError):
            raise
        raise InputError(
            f"{name}: cannot be unpacked ({error}); give an output folder on a disk "
            f"with {size / 1e9:.1f} GB of room"
        ) from None

    def read(part: Part) -> np.ndarray:
        # Mapped anew each time: pages that were read once do not stay in memory.
        return np.array(np.memmap(file, source.dtype, "r", shape=source.shape)[part], order="C")

    return replace(source, read=read, chunks=None, scratch=file)
