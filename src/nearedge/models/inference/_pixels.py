"""What the spectra of many pixels tell, if they share one zero and one resolution.

The zero of a stack of images is one number, not one for each pixel: the mean spectrum tells it far
better than any pixel can. So a posterior of the mean spectrum is made a few places of the zero, and
all that happens to a pixel before the networks see it is one matrix for each of them: averaging of
fine steps, interpolation onto the window and removal of the straight line are linear.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Num, Shaped
from scipy.special import ndtr, ndtri

from nearedge.models.inference._inference import Inference, rebinned
from nearedge.models.inference._manifold import NOISES, noise_levels
from nearedge.models.inference._posterior import APART, Posterior, _clusters
from nearedge.models.inference._readout import is_alike
from nearedge.models.inference._scan import MEASURES
from nearedge.spectra import cut_windows, noise_level, profiles

SHARP = 0.05
"""Standard deviation of the zero in eV below which one place of it is enough."""

SIGNAL = 2.0
"""Least variation about a straight line of a spectrum with a signal, in units of its noise.

That of noise alone is 1, give or take a few tenths; at this limit the noise is 0.6 of the
spectrum's own variation.
"""

PIECE = 2048
"""Pixels to read at once: what is computed on the way then stays in the processor's cache."""

# What rounding to 24 bits leaves of a straight line, as a share of its rise.
_ROUNDING = 1e-6
# To which the ends of intervals are found, in neighbours.
_TOLERANCE = 1e-4
_MOST_STEPS = 50


class ZeroPlaces(NamedTuple):
    """A few places of the zero that stand for its whole distribution.

    Attributes
    ----------
    zeros : float array, shape (place,)
        In eV on the measured axis, increasing: one, or three.
    weights : float array, shape (place,)
        Their probabilities.
    likeliest : float
        The most likely place, eV.
    spread : float
        Standard deviation of the distribution, eV.
    mode_weight : float
        Probability of the mode that they stand for; less than one if others were left out.
    """

    zeros: Float[np.ndarray, " place"]
    weights: Float[np.ndarray, " place"]
    likeliest: float
    spread: float
    mode_weight: float


def zero_places(
    posterior: Posterior, energy: Float[np.ndarray, " energy"], grid: Float[np.ndarray, " grid"]
) -> ZeroPlaces:
    """Let one place, or three, stand for the likeliest mode of the zero.

    Three are those of the Gauss-Hermite rule: the mean with the weight 2/3, and the mean plus and
    minus the square root of three standard deviations with 1/6 each, which keeps the first five
    moments of a normal distribution.

    Parameters
    ----------
    posterior : Posterior
        Of the mean spectrum.
    energy : float array, shape (energy,)
        Measured energies in eV; no place is farther than they cover the window.
    grid : float array, shape (grid,)
        Energies of the window in eV from the zero.
    """
    clusters = _clusters(posterior.zeros, APART)
    inside = [(posterior.zeros >= low) & (posterior.zeros <= high) for low, high in clusters]
    mode_weights = [float(posterior.weights[mine].sum()) for mine in inside]
    low, high = clusters[int(np.argmax(mode_weights))]
    mine = (posterior.scanned >= low) & (posterior.scanned <= high)
    scanned, weights = posterior.scanned[mine], posterior.zero_weights[mine]
    weights = weights / weights.sum()
    mean = float(weights @ scanned)
    spread = float(np.sqrt(weights @ (scanned - mean) ** 2))
    apart = np.array([0.0]) if spread < SHARP else spread * np.sqrt(3) * np.array([-1.0, 0.0, 1.0])
    shares = np.array([1.0]) if spread < SHARP else np.array([1.0, 4.0, 1.0]) / 6
    zeros = np.clip(mean + apart, energy[0] - grid[0], energy[-1] - grid[-1])
    likeliest = float(scanned[weights.argmax()])
    return ZeroPlaces(zeros, shares, likeliest, spread, max(mode_weights))


@dataclass(frozen=True)
class PixelAnswers:
    """What is known of each pixel; NaN where a spectrum is not finite or a straight line.

    Attributes
    ----------
    coordination : float array, shape (pixel,)
        Mean coordination number.
    half_width : float array, shape (pixel,)
        Half the width of its calibrated interval.
    fractions : float array, shape (pixel, class)
        Adding up to one.
    novelty : float array, shape (pixel,)
        The measure ``misfit`` in units of its limit, see `Fit.measures`: above one a spectrum is
        like no sample's. The other measures are too slow for pixels.
    noise : float array, shape (pixel,)
        Standard deviation of the noise as a share of the spectrum's own variation.
    """

    coordination: Float[np.ndarray, " pixel"]
    half_width: Float[np.ndarray, " pixel"]
    fractions: Float[np.ndarray, "pixel class"]
    novelty: Float[np.ndarray, " pixel"]
    noise: Float[np.ndarray, " pixel"]


class Signals(NamedTuple):
    """Which pixels hold a spectrum.

    Attributes
    ----------
    finite : bool array, shape (pixel,)
        Whether all intensities are finite.
    signal : bool array, shape (pixel,)
        Whether they vary about a straight line by more than their noise, too.
    levelled : float array, shape (pixel, energy)
        The spectra without their means, the largest deviation being 1.
    """

    finite: Bool[np.ndarray, " pixel"]
    signal: Bool[np.ndarray, " pixel"]
    levelled: Float[np.ndarray, "pixel energy"]


@dataclass(frozen=True)
class SignalFinder:
    """Tells which pixels hold a spectrum. Made by `signal_finder`.

    Attributes
    ----------
    smooth : float array, shape (energy, bin), or None
        Averages fine steps.
    bend : float array, shape (energy, bin)
        Averages fine steps and takes out the straight line.
    """

    smooth: Float[np.ndarray, "energy bin"] | None
    bend: Float[np.ndarray, "energy bin"]

    def find(self, block: Num[np.ndarray, "pixel energy"]) -> Signals:
        """Tell which spectra are finite, and which of them vary by more than their noise.

        Parameters
        ----------
        block : array, shape (pixel, energy)
            Intensities in any unit. Best `PIECE` pixels.
        """
        levelled, finite = _levelled(block)
        size = _rms(levelled @ self.bend)
        noise = _noise(levelled, self.smooth)
        return Signals(finite, finite & (size > np.maximum(SIGNAL * noise, _ROUNDING)), levelled)


def signal_finder(
    energy: Float[np.ndarray, " energy"], grid: Float[np.ndarray, " grid"]
) -> SignalFinder:
    """Make what tells pixels with a signal from those without.

    Parameters
    ----------
    energy : float array, shape (energy,)
        Measured energies in eV, increasing.
    grid : float array, shape (grid,)
        Energies of the model's window in eV: fine steps are averaged as before the networks.

    Examples
    --------
    >>> energy = np.linspace(525, 550, 101)
    >>> noise = np.random.default_rng(0).normal(size=101)
    >>> edge = np.tanh(energy - 532)
    >>> block = np.stack([edge + 0.1 * noise, noise, 3 + 0 * edge, np.nan * edge])
    >>> found = signal_finder(energy, np.linspace(-1, 13, 71)).find(block)
    >>> found.finite.tolist(), found.signal.tolist()
    ([True, True, True, False], [True, False, False, False])
    """
    _, smooth = _smoothing(energy, grid)
    whole = np.eye(len(energy)) if smooth is None else smooth
    return SignalFinder(_single(smooth), _bent(whole).astype(np.float32))


@dataclass(frozen=True)
class PixelReader:
    """Reads many spectra of one energy axis whose zero is known. Made by `pixel_reader`.

    Attributes
    ----------
    inference : Inference
        What the model knows of measured spectra.
    places : ZeroPlaces
        Where the zero may lie.
    width : int
        Which of the manifold's broadenings the spectra have.
    alike : float
        Prior probability of a composition like the training data's.
    smooth : float array, shape (energy, bin), or None
        Averages fine steps.
    bend : float array, shape (place, energy, grid)
        From intensities to a window without its straight line.
    turn : float array, shape (energy, grid)
        The same at the likeliest place, along the axes of the manifold's covariance.
    centre : float array, shape (grid,)
        Mean profile along these axes.
    precision : float array, shape (grid, level)
        Inverse variances along these axes at each noise level.
    """

    inference: Inference
    places: ZeroPlaces
    width: int
    alike: float
    smooth: Float[np.ndarray, "energy bin"] | None
    bend: Float[np.ndarray, "place energy grid"]
    turn: Float[np.ndarray, "energy grid"]
    centre: Float[np.ndarray, " grid"]
    precision: Float[np.ndarray, "grid level"]

    def read(self, block: Num[np.ndarray, "pixel energy"]) -> PixelAnswers:
        """Say what the spectrum of each pixel tells of its composition.

        Parameters
        ----------
        block : array, shape (pixel, energy)
            Absorption in any unit, on any straight background. Best `PIECE` pixels, so that
            everything stays in the cache.
        """
        levelled, finite = _levelled(block)
        turned = levelled @ self.turn
        usable = finite & (_rms(turned) > _ROUNDING)
        if not usable.all():
            levelled, turned = levelled[usable], turned[usable]
        noise, novelty = self._misfit(levelled, turned)
        expected, half_width = self._composition(self.said(levelled))

        def everywhere(found: np.ndarray) -> np.ndarray:
            answer = np.full((len(block), *found.shape[1:]), np.nan, np.float32)
            answer[usable] = found
            return answer

        return PixelAnswers(
            coordination=everywhere(expected[:, 0]),
            half_width=everywhere(half_width),
            fractions=everywhere(expected[:, 1:]),
            novelty=everywhere(novelty),
            noise=everywhere(noise),
        )

    def said(
        self, levelled: Float[np.ndarray, "pixel energy"]
    ) -> Float[np.ndarray, "place pixel class"]:
        """Give the fractions that the networks say at each place of the zero.

        The same as `fraction_table` of the profiles, in single precision and without its checks.

        Parameters
        ----------
        levelled : float array, shape (pixel, energy)
            Intensities in single precision, none of them a straight line.
        """
        regressor, classes = self.inference.regressor, self.inference.classes
        columns = [classes.index(str(name)) for name in regressor.classes_]
        mean = regressor.input_mean_.astype(np.float32)
        unit = (1 / regressor.input_scale_).astype(np.float32)
        said = np.zeros((len(self.bend), len(levelled), len(classes)))
        for place, bend in enumerate(self.bend):
            found = levelled @ bend
            found /= _rms(found)[:, None]
            found -= mean
            found *= unit
            total = np.zeros((len(levelled), len(columns)), np.float32)
            for network in regressor.networks_:
                total += _softmax(network.evaluate(found))
            said[place][:, columns] = total / len(regressor.networks_)
        return said

    def _misfit(
        self, levelled: np.ndarray, turned: np.ndarray
    ) -> tuple[Float[np.ndarray, " pixel"], Float[np.ndarray, " pixel"]]:
        """Noise, and misfit in the unit of its limit."""
        size = _rms(turned)
        noise = _noise(levelled, self.smooth) / size
        squares = np.square(turned / size[:, None] - self.centre)
        each = squares @ self.precision
        misfit = each[np.arange(len(each)), noise_levels(noise)] / len(self.centre)
        limit = self.inference.limits[MEASURES.index("misfit")]
        return noise, np.sqrt(misfit) / np.float32(limit)

    def _composition(
        self, said: Float[np.ndarray, "place pixel class"]
    ) -> tuple[Float[np.ndarray, "pixel output"], Float[np.ndarray, " pixel"]]:
        """Average over the places and the kinds of samples, as `Inference.posterior` does."""
        readout, mass = self.inference.readout, self.inference.mass
        count, pixels, classes = said.shape
        log_kind, expected = readout.read(said.reshape(count * pixels, classes))
        with np.errstate(divide="ignore"):
            log_kind = log_kind + np.log([self.alike, 1 - self.alike])
        kinds, outputs = expected.shape[1:]
        components = count * kinds
        # From (place and pixel, kind) to (component, pixel), the kinds taking turns.
        weights = _softmax(log_kind).reshape(count, pixels, kinds)
        weights = weights * self.places.weights[:, None, None]
        weights = np.ascontiguousarray(weights.swapaxes(1, 2)).reshape(components, pixels)
        means = expected.reshape(count, pixels, kinds, outputs).swapaxes(1, 2)
        means = means.reshape(components, pixels, outputs)
        mean = np.zeros(means.shape[1:])
        for weight, one in zip(weights, means, strict=True):
            mean += weight[:, None] * one
        mean = np.maximum(mean, 0.0)
        total = mean[:, 1:] @ np.ones(mean.shape[1] - 1)
        mean[:, 1:] /= np.where(total > 0, total, 1.0)[:, None]
        numbers = np.ascontiguousarray(means[..., 0])
        spreads = np.tile(readout.spread[:, 0], count)
        alike = weights[is_alike(components)].sum(axis=0)
        # Intervals that suppose nothing have a calibration of their own.
        like, unlike = mass[:2, 0] if self.alike else mass[[2, 2], 0]
        central = alike * like + (1 - alike) * unlike
        low = mixture_quantile(weights, numbers, spreads, (1 - central) / 2)
        high = mixture_quantile(weights, numbers, spreads, (1 + central) / 2)
        return mean, (np.maximum(high, 0.0) - np.maximum(low, 0.0)) / 2


def pixel_reader(
    inference: Inference,
    energy: Float[np.ndarray, " energy"],
    posterior: Posterior,
    *,
    alike: float = 0.5,
) -> PixelReader:
    """Make a reader of pixels from what the mean spectrum told.

    Parameters
    ----------
    inference : Inference
    energy : float array, shape (energy,)
        Measured energies in eV, increasing; the same for all pixels.
    posterior : Posterior
        What `Inference.infer` said of the mean spectrum.
    alike : float
        Prior probability that environments of a pixel are about as frequent as in the training
        data.
    """
    grid, manifold = inference.grid, inference.manifold
    coarse, smooth = _smoothing(energy, grid)
    width = int(posterior.width_weights.argmax())
    variances, axes = np.linalg.eigh(manifold.covariances[width])
    places = zero_places(posterior, energy, grid)

    def bent(zero: float) -> Float[np.ndarray, "energy grid"]:
        windows = cut_windows(coarse, np.eye(len(coarse)), grid, np.full(len(coarse), zero))
        return _bent(windows if smooth is None else smooth @ windows)

    return PixelReader(
        inference=inference,
        places=places,
        width=width,
        alike=alike,
        smooth=_single(smooth),
        bend=np.array([bent(zero) for zero in places.zeros.tolist()], np.float32),
        turn=(bent(places.likeliest) @ axes).astype(np.float32),
        centre=(manifold.means[width] @ axes).astype(np.float32),
        precision=(1 / (variances[:, None] + np.square(NOISES))).astype(np.float32),
    )


def mixture_quantile(
    weights: Float[np.ndarray, "component pixel"],
    means: Float[np.ndarray, "component pixel"],
    spreads: Float[np.ndarray, " component"],
    share: Float[np.ndarray, " pixel"],
) -> Float[np.ndarray, " pixel"]:
    """Find the values that mixtures of normal distributions are below with some probability.

    Newton's method between bounds that close in: a step that leaves them halves them instead.

    Parameters
    ----------
    weights : float array, shape (component, pixel)
        Adding up to one for each pixel.
    means : float array, shape (component, pixel)
    spreads : float array, shape (component,)
        Standard deviations, the same for all pixels.
    share : float array, shape (pixel,)
        The probability, neither zero nor one.

    Examples
    --------
    >>> one = mixture_quantile(
    ...     np.array([[0.5], [0.5]]), np.array([[-1.0], [1.0]]), np.ones(2), np.array([0.5])
    ... )
    >>> bool(abs(one[0]) < 1e-3)
    True
    """
    # No mixture's quantile lies outside of those of its components.
    each = means + spreads[:, None] * ndtri(share)
    low, high = each.min(axis=0), each.max(axis=0)
    at = (weights * each).sum(axis=0)
    answer, left = at.copy(), np.arange(len(share))
    for _ in range(_MOST_STEPS):
        excess, density = -share, np.zeros(len(share))
        for weight, mean, spread in zip(weights, means, spreads.tolist(), strict=True):
            z = (at - mean) / spread
            excess += weight * ndtr(z)
            density += weight / spread * np.exp(-np.square(z) / 2)
        low, high = np.where(excess < 0, at, low), np.where(excess < 0, high, at)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            step = at - excess * np.sqrt(2 * np.pi) / density
        inside = (step > low) & (step < high)
        after = np.where(inside, step, (low + high) / 2)
        answer[left] = after
        going = np.abs(after - at) > _TOLERANCE
        if not going.any():
            break
        left, at, low, high = left[going], after[going], low[going], high[going]
        weights, means, share = weights[:, going], means[:, going], share[going]
    return answer


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
    found, size = profiles(windows)
    return found * size[:, None]


def _single(matrix: np.ndarray | None) -> Float[np.ndarray, "energy bin"] | None:
    return None if matrix is None else matrix.astype(np.float32)


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
    levelled: Float[np.ndarray, "pixel energy"], smooth: Shaped[np.ndarray, "energy bin"] | None
) -> Float[np.ndarray, " pixel"]:
    seen = levelled if smooth is None else levelled @ smooth
    return noise_level(seen)


def _softmax(outputs: Float[np.ndarray, "pixel class"]) -> Float[np.ndarray, "pixel class"]:
    # Reductions along so short an axis are slow in NumPy; column by column they are not.
    top = outputs[:, 0].copy()
    for column in outputs.T[1:]:
        np.maximum(top, column, out=top)
    raised = np.exp(outputs - top[:, None])
    raised /= (raised @ np.ones(raised.shape[1], raised.dtype))[:, None]
    return raised
