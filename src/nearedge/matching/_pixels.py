"""The spectra of many pixels compared with a library: one beamline, a chemistry of their own each.

Resolution, growth of the broadening and stretch are the beamline's: they are fitted to the mean
and to means of the pixels that differ most from it, and each reference keeps those of its best fit.
"""

from dataclasses import dataclass
from functools import reduce
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Num

from nearedge.errors import InputError
from nearedge.matching._curves import FINE, STEPS, Distortions, distorted, fit_many, rises
from nearedge.matching._library import Library
from nearedge.matching._matching import Likeness, Match, align, match
from nearedge.spectra import Spectrum, cut_windows, noise_level, normalise, normalise_alike

TAIL = 0.05
"""Share of the pixels whose mean stands for those that differ most from the others in one way."""

WAYS = 3
"""Principal components in which pixels differ."""

PIECE = 256
"""Pixels to fit at once, so that intermediate results stay in the processor's cache."""


class PixelLikeness(NamedTuple):
    """Which pixels rise over an edge; of those, how references and a step fit, and the noise.

    The noise is per edge step; `is_step` says that a step without structure fits as well.
    """

    usable: Bool[np.ndarray, " pixel"]
    likeness: Likeness
    is_step: Bool[np.ndarray, " usable"]
    noise: Float[np.ndarray, " usable"]


@dataclass(frozen=True, eq=False)
class ReferenceReader:
    """Compares the spectra of many pixels with references. Made by `reference_reader`."""

    mean: Match
    e0: float
    library: Library
    grid: Float[np.ndarray, " point"]
    made: Float[np.ndarray, "reference curve point"]
    held: Float[np.ndarray, " reference"]
    steps: Float[np.ndarray, "step widened point"]

    def read(self, block: Num[np.ndarray, "pixel energy"]) -> PixelLikeness:
        """Align each pixel on its own rise, and fit all references to it."""
        energy = self.mean.aligned.spectrum.energy
        mu = _normalised(self.mean.aligned.spectrum, self.e0, block)
        rise = rises(energy - self.e0, mu) + self.e0
        usable = np.isfinite(rise)
        mu, rise = mu[usable], rise[usable]
        misfit = np.zeros((len(mu), len(self.library)), np.float32)
        plain = np.zeros(len(mu))
        for start in range(0, len(mu), PIECE):
            part = slice(start, start + PIECE)
            aligned = cut_windows(energy, mu[part], self.grid, rise[part]).astype(np.float32)
            misfit[part] = fit_many(self.made, self.grid, aligned, self.held)
            plain[part] = fit_many(self.steps, self.grid, aligned, np.zeros(2)).min(axis=1)
        of = self.library, self.mean.absorber, self.mean.absolute
        is_step = plain <= misfit.min(axis=1, initial=np.inf)
        return PixelLikeness(usable, Likeness(*of, rise, misfit), is_step, noise_level(mu))


def reference_reader(mean: Match, sample: Float[np.ndarray, "pixel energy"]) -> ReferenceReader:
    """Choose and distort the references for the pixels of a stack.

    Parameters
    ----------
    mean : Match
        That of the mean spectrum of the pixels.
    sample : float array, shape (pixel, energy)
        Some of the pixels, in any unit.
    """
    spectrum = mean.aligned.spectrum
    e0 = normalise(spectrum).e0
    matches = [mean]
    for mu in _extremes(_normalised(spectrum, e0, sample)):
        try:
            aligned = align(Spectrum("some pixels", spectrum.energy, mu, spectrum.source))
        except InputError:
            continue
        matches.append(match(mean.library, aligned, mean.absorber))
    misfit = np.array([one.misfit for one in matches])
    kept = np.flatnonzero(np.isfinite(misfit).any(axis=0))
    # What all of them have: pixels rise earlier and later.
    grid = reduce(np.intersect1d, [one.aligned.energy for one in matches])
    made, held = [], []
    nearest = misfit[:, kept].argmin(axis=0)
    for row, best in zip(kept.tolist(), nearest.tolist(), strict=True):
        found, alike = matches[best].distortion(row), mean.library.measured[row] == mean.absolute
        suffered = Distortions((found.width,), (found.growth,), (found.stretch,), FINE.shifts)
        made.append(distorted(mean.library.curves[[row]], suffered, grid)[0])
        usual = mean.library.settings.stretches.get(mean.library.absorber[row])
        held.append(0.0 if alike or usual is None else suffered.held(usual)[0])
    chosen = np.isin(np.arange(len(mean.library)), kept)
    curves = np.array(made, np.float32)
    library = mean.library.select(chosen)
    widened = Distortions(FINE.widths, FINE.growths, (1.0,), FINE.shifts)
    steps = distorted(STEPS, widened, grid).astype(np.float32)
    return ReferenceReader(mean, e0, library, grid, curves, np.array(held, np.float32), steps)


def _normalised(
    spectrum: Spectrum, e0: float, block: Num[np.ndarray, "pixel energy"]
) -> Float[np.ndarray, "pixel energy"]:
    """Give pixels an edge step of one; NaN for those that have none."""
    with np.errstate(invalid="ignore", over="ignore"):
        mu = np.asarray(block, float)
        return normalise_alike(
            spectrum, e0, np.where(np.isfinite(mu).all(axis=1, keepdims=True), mu, 0.0)
        )


def _extremes(mu: Float[np.ndarray, "pixel energy"]) -> list[Float[np.ndarray, " energy"]]:
    """Average the pixels that are farthest out along each principal component, either way."""
    # A few hot pixels are not to be the components.
    rows = np.clip(mu[np.isfinite(mu).all(axis=1)], -1, 3)
    if not len(rows):
        return []
    off = rows - rows.mean(axis=0)
    _, ways = np.linalg.eigh(off.T @ off)
    count = max(1, round(TAIL * len(rows)))
    orders = [(off @ way).argsort() for way in ways.T[-WAYS:]]
    return [rows[end].mean(axis=0) for order in orders for end in (order[:count], order[-count:])]
