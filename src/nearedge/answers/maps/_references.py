"""A library's answers for many pixels, as for one spectrum."""

import numpy as np
from jaxtyping import Float, Num, UInt8

from nearedge.answers._files import choose_ready
from nearedge.answers.maps._maps import MAPPED, NO_SIGNAL, UNLIKE, UNSTATED
from nearedge.files.stacks import Stack
from nearedge.matching import Library, ReferenceReader, mute, probabilities, quantiles
from nearedge.models import Model
from nearedge.spectra import Spectrum

ROWS = 32
"""Rows from which pixels are sampled."""

SAMPLED = 4000
"""Pixels sampled at most, or a few more."""


def ready_for(stack: Stack) -> tuple[Model | Library, str]:
    """Load the model that ships for the edge of a stack, else the first one, which refuses it."""
    rows = [np.asarray(part, float) for part in _rows(stack).values()]
    with np.errstate(invalid="ignore", over="ignore"):
        mean = np.mean([part[np.isfinite(part).all(axis=1)].sum(axis=0) for part in rows], axis=0)
    return choose_ready(Spectrum("mean spectrum", stack.energy, mean, stack.name))


def sampled(
    stack: Stack, state: UInt8[np.ndarray, "row column"]
) -> Float[np.ndarray, "pixel energy"]:
    """Sample pixels with a signal from rows all over a stack."""
    parts = [spectra[state[row] == MAPPED] for row, spectra in _rows(stack).items()]
    pixels = np.concatenate(parts)
    return np.asarray(pixels[:: 1 + len(pixels) // SAMPLED], float)


def _rows(stack: Stack) -> dict[int, Num[np.ndarray, "pixel energy"]]:
    rows = np.unique(np.linspace(0, stack.shape[0] - 1, ROWS).round().astype(int)).tolist()
    return {row: stack.spectra(slice(row, row + 1)) for row in rows}


def read_by_references(
    reader: ReferenceReader, spectra: Num[np.ndarray, "pixel energy"]
) -> Float[np.ndarray, "layer pixel"]:
    """Read pixels: what becomes of each, then layer by layer."""
    usable, likeness, is_step, noise = reader.read(spectra)
    values = np.full((6, len(spectra)), np.nan)
    values[0] = NO_SIGNAL
    if not usable.any():
        return values
    misfit = likeness.misfit.min(axis=1) / likeness.library.settings.limit
    stated = np.isfinite(likeness.library.value("coordination"))
    numbers, shares = probabilities(likeness, stated)
    (state,) = quantiles(likeness, "oxidation_state", likeness.rise_known, [0.5]).T
    became = np.where(mute(likeness), UNSTATED, MAPPED)
    became[(misfit > 1) | is_step] = UNLIKE
    number = np.where(shares.any(axis=1), numbers[shares[:, :-1].argmax(axis=1)], np.nan)
    values[:, usable] = became, state, number, likeness.rise, misfit, noise
    return values
