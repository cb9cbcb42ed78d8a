"""A stack of images on disk, and its spectra block by block: never more of it in memory."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import IO, Literal, NamedTuple

import numpy as np
from jaxtyping import Float, Num

from nearedge.errors import InputError

Axis = Literal["first", "last"]

BLOCK = 64 * 2**20
"""Bytes of a stack that are read at once, unless a single row has more."""


@dataclass(frozen=True)
class Source:
    """An array of three axes on disk, one of which may be said to be that of the energies."""

    shape: tuple[int, int, int]
    dtype: np.dtype
    read: Callable[[tuple[slice, slice, slice]], np.ndarray]
    energy: Float[np.ndarray, " energy"] | None = None
    axis: Axis | None = None
    step: int = 1
    scratch: IO[bytes] | None = None


class Block(NamedTuple):
    """Some rows of a stack."""

    rows: slice
    spectra: Num[np.ndarray, "pixel energy"]


@dataclass(frozen=True)
class Stack:
    """Images at increasing energies: a spectrum in each pixel. Made by `open_stack`."""

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

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Remove what was unpacked."""
        if self.source.scratch is not None:
            self.source.scratch.close()

    def blocks(self, rows: int | None = None) -> Iterator[Block]:
        """Read the stack from top to bottom."""
        count, columns = self.shape
        each = len(self.energy) * columns * self.source.dtype.itemsize
        step = self.source.step
        rows = rows or step * max(1, BLOCK // (each * step))
        for first in range(0, count, rows):
            part = slice(first, min(first + rows, count))
            yield Block(part, self._spectra(part))

    def _spectra(self, rows: slice) -> Num[np.ndarray, "pixel energy"]:
        whole = slice(None)
        first = self.axis == "first"
        try:
            images = self.source.read((whole, rows, whole) if first else (rows, whole, whole))
        except (OSError, ValueError, RuntimeError) as error:
            raise InputError(
                f"{self.name}: rows {rows.start + 1} to {rows.stop} cannot be read ({error}); get "
                "the file again"
            ) from None
        count = len(self.energy)
        spectra = images.reshape(count, -1).T if first else images.reshape(-1, count)
        if self.incident is None:
            return spectra
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = np.log(spectra.astype(np.float32) / self.incident.astype(np.float32))
        # No light at all is no absorption that could be known.
        return np.where(np.isfinite(ratio), -ratio, np.float32(np.nan))
