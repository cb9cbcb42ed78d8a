"""Composition from the spectra of many pixels that share one zero and one resolution."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Num

from nearedge.models.inference._inference import MEASURES, Inference, Posterior, rebinned
from nearedge.models.inference._scanning import Axis, Grid
from nearedge.spectra import cut_windows, noise_level, profiles

SHARP = 0.05
"""Standard deviation of the zero in eV below which one position is enough."""

SIGNAL = 2.0
"""Least variation about a straight line of a signal, in units of its noise; noise alone has 1."""

PIECE = 2048
"""Pixels to read at once, so that intermediate results stay in the processor's cache."""

# What rounding to 24 bits leaves of a straight line, as a share of its rise.
_ROUNDING = 1e-6


class ZeroPlaces(NamedTuple):
    """One or three positions of the zero (eV) that represent its distribution, with weights.

    `mode_weight` is the probability of their mode; below one, other modes were left out.
    """

    zeros: Float[np.ndarray, " place"]
    weights: Float[np.ndarray, " place"]
    likeliest: float
    spread: float
    mode_weight: float


def zero_places(posterior: Posterior, energy: Axis, grid: Grid) -> ZeroPlaces:
    """Represent the likeliest mode of the zero by one position, or three.

    Three are those of the Gauss-Hermite rule, which keeps the first five moments of a normal
    distribution. All of them leave the window within the measured energies.
    """
    mode = max(posterior.clusters(), key=lambda places: posterior.zero_weights[places].sum())
    scanned, weights = posterior.scanned[mode], posterior.zero_weights[mode]
    total = float(weights.sum())
    weights = weights / total
    mean = float(weights @ scanned)
    spread = float(np.sqrt(weights @ (scanned - mean) ** 2))
    apart, shares = np.array([0.0]), np.array([1.0])
    if spread >= SHARP:
        apart = spread * np.sqrt(3) * np.array([-1.0, 0.0, 1.0])
        shares = np.array([1.0, 4.0, 1.0]) / 6
    zeros = np.clip(mean + apart, energy[0] - grid[0], energy[-1] - grid[-1])
    return ZeroPlaces(zeros, shares, float(scanned[weights.argmax()]), spread, total)


class PixelAnswers(NamedTuple):
    """Outputs, as in `Posterior`, of each pixel; NaN if it is not finite or a straight line.

    `novelty` is the measure ``misfit`` in units of its limit: above one a spectrum is unlike any
    sample's; the other measures are too slow for pixels. Noise is a fraction of the pixel's own
    variation.
    """

    expected: Float[np.ndarray, "pixel output"]
    half_widths: Float[np.ndarray, "pixel output"]
    novelty: Float[np.ndarray, " pixel"]
    noise: Float[np.ndarray, " pixel"]


class Signals(NamedTuple):
    """Which pixels are finite, and which vary more than their noise; all without mean and scale."""

    finite: Bool[np.ndarray, " pixel"]
    signal: Bool[np.ndarray, " pixel"]
    levelled: Float[np.ndarray, "pixel energy"]


class SignalFinder:
    """Finds pixels with a signal, for energies in eV and a window: steps are averaged as for it.

    Examples
    --------
    >>> energy = np.linspace(525, 550, 101)
    >>> noise = np.random.default_rng(0).normal(size=101)
    >>> edge = np.tanh(energy - 532)
    >>> block = np.stack([edge + 0.1 * noise, noise, 3 + 0 * edge, np.nan * edge])
    >>> signals = SignalFinder(energy, np.linspace(-1, 13, 71)).find(block)
    >>> signals.finite.tolist(), signals.signal.tolist()
    ([True, True, True, False], [True, False, False, False])
    """

    def __init__(self, energy: Axis, grid: Grid):
        _, self._smooth = _smoothing(energy, grid)
        units = np.eye(len(energy)) if self._smooth is None else self._smooth
        self._bend = _bent(units).astype(np.float32)

    def find(self, block: Num[np.ndarray, "pixel energy"]) -> Signals:
        """Find the spectra, in any unit, that have a signal; best `PIECE` pixels at once."""
        levelled, finite = _levelled(block)
        size = _rms(levelled @ self._bend)
        noise = _noise(levelled, self._smooth)
        return Signals(finite, finite & (size > np.maximum(SIGNAL * noise, _ROUNDING)), levelled)


@dataclass(frozen=True)
class PixelReader:
    """Reads many spectra of one energy axis whose zero is known. Made by `pixel_reader`.

    At each position of the zero, all steps before the networks are linear: `smooth` averages fine
    steps, `bend` takes the window and removes its straight line.
    """

    inference: Inference
    places: ZeroPlaces
    width: int
    smooth: Float[np.ndarray, "energy bin"] | None
    bend: Float[np.ndarray, "place energy grid"]

    def read(self, block: Num[np.ndarray, "pixel energy"]) -> PixelAnswers:
        """Infer each pixel's composition from its spectrum on any straight background."""
        levelled, finite = _levelled(block)
        middle = levelled @ self.bend[len(self.bend) // 2]
        size = _rms(middle)
        usable = finite & (size > _ROUNDING)
        if not usable.all():
            levelled, middle, size = levelled[usable], middle[usable], size[usable]
        noise = _noise(levelled, self.smooth) / size
        expected, half_widths = self.inference.read(
            self.fractions(levelled), self.places.weights[:, None], self.places.zeros, noise
        )
        _, misfit = self.inference.manifold.fit(middle / size[:, None], noise, [self.width])
        novelty = np.sqrt(misfit[:, 0]) / self.inference.limits[list(MEASURES).index("misfit")]
        answers = []
        for values in (expected, half_widths, novelty, noise):
            answers.append(np.full((len(block), *values.shape[1:]), np.nan, np.float32))
            answers[-1][usable] = values
        return PixelAnswers(*answers)

    def fractions(
        self, levelled: Float[np.ndarray, "pixel energy"]
    ) -> Float[np.ndarray, "place pixel class"]:
        """Return networks' fractions at each position of the zero; no spectrum may be a line."""
        places = (levelled @ bend for bend in self.bend)
        shapes = (bent / _rms(bent)[:, None] for bent in places)
        return np.array([self.inference.networks.fractions(shape) for shape in shapes])


def pixel_reader(inference: Inference, energy: Axis, posterior: Posterior) -> PixelReader:
    """Make a reader of pixels from the result of `Inference.infer` for the mean spectrum."""
    grid = inference.grid
    coarse, smooth = _smoothing(energy, grid)
    places = zero_places(posterior, energy, grid)

    def bent(zero: float) -> Float[np.ndarray, "energy grid"]:
        windows = cut_windows(coarse, np.eye(len(coarse)), grid, np.full(len(coarse), zero))
        return _bent(windows if smooth is None else smooth @ windows)

    return PixelReader(
        inference=inference,
        places=places,
        width=int(posterior.width_weights.argmax()),
        smooth=smooth,
        bend=np.array([bent(zero) for zero in places.zeros.tolist()], np.float32),
    )


def _smoothing(
    energy: np.ndarray, grid: np.ndarray
) -> tuple[Float[np.ndarray, " bin"], Float[np.ndarray, "energy bin"] | None]:
    """Give the energies that `rebinned` leaves, and what it does as a matrix; None for nothing."""
    step = float(grid[1] - grid[0]) / 2
    units = np.eye(len(energy))
    coarse, _ = rebinned(energy, units[0], step)
    if coarse is energy:
        return energy, None
    return coarse, np.array([rebinned(energy, unit, step)[1] for unit in units])


def _bent(windows: Float[np.ndarray, "energy grid"]) -> Float[np.ndarray, "energy grid"]:
    """Take the best straight line out of each row."""
    shapes, size = profiles(windows)
    return shapes * size[:, None]


def _levelled(
    block: Num[np.ndarray, "pixel energy"],
) -> tuple[Float[np.ndarray, "pixel energy"], Bool[np.ndarray, " pixel"]]:
    """Take out the mean and the size of each spectrum, in single precision, and say which can be.

    Before the precision is halved, so that neither a large constant nor the unit costs any of it.
    """
    exact = np.finfo(np.float32).nmant >= 8 * block.dtype.itemsize or block.dtype == np.float32
    wide = np.ascontiguousarray(block, dtype=np.float32 if exact else np.float64)
    with np.errstate(invalid="ignore", over="ignore"):
        level = wide.mean(axis=1)
        levelled = wide - level[:, None]
        top = np.maximum(levelled.max(axis=1), -levelled.min(axis=1))
        finite = np.isfinite(level) & np.isfinite(top)
        # Of constants nothing is left, and of what is not finite nothing is used.
        unit = np.where(finite & (top > 0), top, 1)
        levelled /= unit[:, None]
    levelled[~finite] = 0
    return levelled.astype(np.float32, copy=False), finite


def _rms(rows: Float[np.ndarray, "pixel _"]) -> Float[np.ndarray, " pixel"]:
    return np.sqrt(np.einsum("ij,ij->i", rows, rows) / np.float32(rows.shape[1]))


def _noise(
    levelled: Float[np.ndarray, "pixel energy"], smooth: Float[np.ndarray, "energy bin"] | None
) -> Float[np.ndarray, " pixel"]:
    return noise_level(levelled if smooth is None else levelled @ smooth.astype(np.float32))
