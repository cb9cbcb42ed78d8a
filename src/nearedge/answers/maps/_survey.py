"""Which pixels of a stack hold a spectrum, and what their mean is."""

from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Num, UInt8

from nearedge.errors import InputError
from nearedge.files.stacks import Block
from nearedge.models.inference import PIECE, SignalFinder, Signals

MAPPED, NOT_FINITE, NO_SIGNAL, DIM, UNLIKE = range(5)
STATES = ("mapped", "not_finite", "no_signal", "dim", "unlike")
"""What became of a pixel, by the number that stands for it."""

BRIGHT = 0.99
"""Share of the pixels that are no brighter than the one which dim ones are compared with."""


@dataclass(frozen=True)
class Survey:
    """What all pixels of a stack have in common.

    Attributes
    ----------
    state : int array, shape (row, column)
        What became of each pixel: a place in `STATES`.
    mean : float array, shape (energy,)
        Mean spectrum of the pixels with a signal. Each is levelled before, its largest deviation
        from its own mean being 1: thick, thin and broken pixels count alike.
    """

    state: UInt8[np.ndarray, "row column"]
    mean: Float[np.ndarray, " energy"]

    def counts(self) -> dict[str, int]:
        """Count the pixels by `STATES`."""
        found = np.bincount(self.state.ravel(), minlength=len(STATES)).tolist()
        return dict(zip(STATES, found, strict=True))


def survey(
    finder: SignalFinder,
    shape: tuple[int, int],
    blocks: Callable[[], Iterator[Block]],
    pool: Executor,
    name: str,
    *,
    mask_below: float | None = None,
) -> Survey:
    """Look at all pixels, a block at a time; twice if dim ones are left out.

    Parameters
    ----------
    finder : SignalFinder
    shape : tuple of int
        Rows and columns.
    blocks : callable
        Starts to read the stack from its top.
    pool : Executor
        Does the work.
    name : str
        Names the stack in errors.
    mask_below : float, optional
        Share of the brightest pixels' mean intensity (`BRIGHT`) below which a pixel is left out.

    Raises
    ------
    InputError
        If no pixel is left.
    """
    state = np.empty(shape, np.uint8)
    brightness = None if mask_below is None else np.zeros(shape, np.float32)
    total: np.ndarray | float = 0.0
    for block in blocks():
        here = state[block.rows].reshape(-1)
        for part, found in _found(finder, block.spectra, pool):
            here[part] = np.where(found.signal, MAPPED, NO_SIGNAL)
            here[part][~found.finite] = NOT_FINITE
            total = total + found.levelled[found.signal].sum(axis=0, dtype=float)
        if brightness is not None:
            with np.errstate(invalid="ignore", over="ignore"):
                means = block.spectra.mean(axis=1, dtype=np.float32)
            brightness[block.rows] = means.reshape(-1, shape[1])
    count = int((state == MAPPED).sum())
    if brightness is not None and mask_below is not None and count:
        signal = state == MAPPED
        limit = mask_below * np.quantile(brightness[signal], BRIGHT)
        state[signal & (brightness < limit)] = DIM
        total = 0.0
        for block in blocks():
            wanted = state[block.rows].reshape(-1) == MAPPED
            for part, found in _found(finder, block.spectra, pool):
                total = total + found.levelled[wanted[part]].sum(axis=0, dtype=float)
    result = Survey(state, np.asarray(total) / max(1, int((state == MAPPED).sum())))
    counts = result.counts()
    if not counts["mapped"]:
        raise InputError(
            f"{name}: no pixel holds a spectrum ({counts['no_signal']} vary no more than their "
            f"noise, {counts['not_finite']} are not finite, {counts['dim']} are dim); check the "
            "axis of the energies, or average neighbouring pixels"
        )
    return result


def pieces(count: int) -> list[slice]:
    """Part pixels into pieces that are worked on at once."""
    return [slice(start, min(start + PIECE, count)) for start in range(0, count, PIECE)]


def _found(
    finder: SignalFinder, spectra: Num[np.ndarray, "pixel energy"], pool: Executor
) -> Iterator[tuple[slice, Signals]]:
    parts = pieces(len(spectra))
    yield from zip(parts, pool.map(lambda part: finder.find(spectra[part]), parts), strict=True)
