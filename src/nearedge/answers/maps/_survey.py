"""Which pixels of a stack hold a spectrum, and what their mean is."""

from collections.abc import Callable, Iterator
from concurrent.futures import Executor

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


def count_states(state: UInt8[np.ndarray, "row column"]) -> dict[str, int]:
    """Count the pixels by `STATES`."""
    counts = np.bincount(state.ravel(), minlength=len(STATES)).tolist()
    return dict(zip(STATES, counts, strict=True))


def survey(
    finder: SignalFinder,
    shape: tuple[int, int],
    blocks: Callable[[], Iterator[Block]],
    pool: Executor,
    name: str,
    mask_below: float | None,
) -> tuple[UInt8[np.ndarray, "row column"], Float[np.ndarray, " energy"]]:
    """Tell the state of all pixels, and the mean spectrum of those with a signal.

    Each is levelled before, its largest deviation from its own mean being 1: thick, thin and broken
    pixels count alike. The stack is read a block at a time, twice if pixels are left out that are
    below a share of the intensity of the brightest (`BRIGHT`).
    """
    state = np.empty(shape, np.uint8)
    brightness = np.zeros(shape, np.float32)
    total: np.ndarray | float = 0.0
    for block in blocks():
        here = state[block.rows].reshape(-1)
        for part, look in _looks(finder, block.spectra, pool):
            here[part] = np.where(look.signal, MAPPED, NO_SIGNAL)
            here[part][~look.finite] = NOT_FINITE
            total = total + look.levelled[look.signal].sum(axis=0, dtype=float)
        if mask_below is not None:
            with np.errstate(invalid="ignore", over="ignore"):
                means = block.spectra.mean(axis=1, dtype=np.float32)
            brightness[block.rows] = means.reshape(-1, shape[1])
    signal = state == MAPPED
    if mask_below is not None and signal.any():
        limit = mask_below * np.quantile(brightness[signal], BRIGHT)
        state[signal & (brightness < limit)] = DIM
        total = 0.0
        for block in blocks():
            wanted = state[block.rows].reshape(-1) == MAPPED
            for part, look in _looks(finder, block.spectra, pool):
                total = total + look.levelled[wanted[part]].sum(axis=0, dtype=float)
    counts = count_states(state)
    if not counts["mapped"]:
        raise InputError(
            f"{name}: no pixel holds a spectrum ({counts['no_signal']} vary no more than their "
            f"noise, {counts['not_finite']} are not finite, {counts['dim']} are dim); check the "
            "axis of the energies, or average neighbouring pixels"
        )
    return state, np.asarray(total) / counts["mapped"]


def pieces(count: int) -> list[slice]:
    """Part pixels into pieces that are worked on at once."""
    return [slice(start, min(start + PIECE, count)) for start in range(0, count, PIECE)]


def _looks(
    finder: SignalFinder, spectra: Num[np.ndarray, "pixel energy"], pool: Executor
) -> Iterator[tuple[slice, Signals]]:
    parts = pieces(len(spectra))
    yield from zip(parts, pool.map(lambda part: finder.find(spectra[part]), parts), strict=True)
