"""How far a spectrum is from the training spectra: from all of them, and from the nearest."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Float

LARGEST = 1e9
"""Intensities beyond this multiple of the training mean are not distinguished."""

CHUNK = 4096
"""Spectra processed at once: few enough for the processor's cache."""

WEIGHT = 1 / 3
"""Weight of the distance from the mean; the rest is for that from the nearest centre."""

WHOLE = slice(None)
"""All energies."""

Spectra = Float[np.ndarray, "_ _"]
Numbers = Float[np.ndarray, " _"]


@dataclass(frozen=True)
class Features:
    """Logarithms of intensities, which are compared.

    Below the edge the absorption is a hundredth of that above: only there, and only in logarithms,
    does a spectrum on another energy zero differ from all others. The unit is the mean size of the
    training intensities; for the pivot see `NoveltySettings`.

    Examples
    --------
    >>> Features(unit=2.0, pivot=0.5)(np.array([[-1.0, 0.0, 1.0, 3.0]])).round(2)
    array([[-1.  ,  0.  ,  0.69,  1.39]])
    """

    unit: float
    pivot: float

    def __call__(self, inputs: Spectra) -> Spectra:
        """Take log(1 + intensity / pivot), continued below zero as a straight line."""
        pivot = self.unit * self.pivot
        relative = np.clip(inputs, -LARGEST * pivot, LARGEST * pivot) / pivot
        return np.log1p(np.maximum(relative, 0)) + np.minimum(relative, 0)

    def slope(self, inputs: Spectra) -> Spectra:
        """Derivative of the features with respect to the intensity."""
        pivot = self.unit * self.pivot
        return 1 / (pivot + np.clip(inputs, 0, pivot * LARGEST))

    def intensity(self, features: Spectra) -> Spectra:
        """Undo the logarithm."""
        above = np.expm1(np.maximum(features, 0))
        return (above + np.minimum(features, 0)) * self.unit * self.pivot


@dataclass(frozen=True)
class Gaussian:
    """Mean and covariance of features."""

    mean: Float[np.ndarray, " energy"]
    covariance: Float[np.ndarray, "energy energy"]

    @cached_property
    def whitening(self) -> Float[np.ndarray, "energy energy"]:
        """Matrix that makes deviations from the mean uncorrelated, of unit size.

        Upper triangular: its first rows and columns whiten the first energies alone.
        """
        return _whitening(self.covariance)

    @cached_property
    def _backward(self) -> Float[np.ndarray, "energy energy"]:
        """The same with the energies in reverse: its last rows whiten the last energies alone."""
        return _whitening(self.covariance[::-1, ::-1])[::-1]

    def squares(self, features: Spectra, kept: slice = WHOLE) -> Numbers:
        """Square of the Mahalanobis distance from the mean, per energy, at the energies kept."""
        count = features.shape[1]
        square = self._backward[kept, :count] if kept.start else self.whitening[kept, :count]
        return _norms((features - self.mean[kept]) @ square) / count

    def conditional(self, features: Spectra) -> Spectra:
        """Deviation of each feature from that expected from the others, in standard deviations."""
        precision = self.whitening @ self.whitening.T
        return (features - self.mean) @ precision / np.sqrt(np.diag(precision))


def _whitening(covariance: np.ndarray) -> np.ndarray:
    return np.triu(np.linalg.inv(np.linalg.cholesky(covariance)).T)


def _norms(rows: np.ndarray) -> np.ndarray:
    """Square of the length of each row."""
    return np.einsum("ij,ij->i", rows, rows)


def overlaps(points: int) -> dict[int, tuple[slice, slice]]:
    """List the steps by which a spectrum may be shifted with at least half of it overlapping.

    Each comes with the energies of the shifted spectrum, and those where they would belong.
    """

    def kept(step: int) -> slice:
        return slice(max(step, 0), points + min(step, 0))

    steps = range(-(points // 2), points // 2 + 1)
    return {step: (kept(step), kept(-step)) for step in steps if step}


def run_around(true: Bool[np.ndarray, " energy"], place: int) -> tuple[int, int]:
    """Return the first and the last index of the run of true values that contains an index."""
    others = np.flatnonzero(~true)
    first = others[others < place].max(initial=-1) + 1
    return int(first), int(others[others > place].min(initial=len(true)) - 1)


@dataclass(frozen=True)
class Cloud:
    """Features of training spectra: their Gaussian, and the centres of their clusters.

    The distance from a cloud is the root of a weighted mean of two squares, each in units of its
    usual size, the median over unseen spectra: that from the mean (Mahalanobis), which detects
    intensities that do not occur together, and that from the nearest centre, in units of each
    feature's standard deviation, which detects what lies between clusters or beyond all of them.
    Energies are kept from the window's start or to its end.
    """

    gaussian: Gaussian
    centres: Float[np.ndarray, "centre energy"]
    scale: Float[np.ndarray, " energy"]
    usual: tuple[float, float] = (1.0, 1.0)

    def squares(self, features: Spectra, kept: slice = WHOLE) -> tuple[Numbers, Numbers]:
        """Both squares per energy, not yet in units of their usual size."""
        scale = self.scale[kept]
        places, centres = features / scale, self.centres[:, kept] / scale
        product = places @ (-2 * centres.T)
        product += _norms(centres)
        nearest = np.maximum(product.min(axis=1) + _norms(places), 0)
        return self.gaussian.squares(features, kept), nearest / len(scale)

    def distance(self, features: Spectra, kept: slice = WHOLE) -> Numbers:
        """Distance from the cloud, of the order of 1 for unseen spectra like those in it."""
        whole, nearest = self.squares(features, kept)
        return np.sqrt(WEIGHT * whole / self.usual[0] + (1 - WEIGHT) * nearest / self.usual[1])


@dataclass(frozen=True)
class Likeness:
    """What the training spectra are like, and from which distance a spectrum is unlike them.

    The energies are in eV, the cloud is of the features, low and high are the range of the
    intensities. The limits of shifts are for the energies that then overlap, see `overlaps`.
    """

    energy: Float[np.ndarray, " energy"]
    features: Features
    cloud: Cloud
    low: Float[np.ndarray, " energy"]
    high: Float[np.ndarray, " energy"]
    limit: float
    shift_limits: Float[np.ndarray, " shift"]

    def distance(self, inputs: Spectra) -> Numbers:
        """Distance of spectra from the training spectra."""
        parts = (inputs[start : start + CHUNK] for start in range(0, max(len(inputs), 1), CHUNK))
        return np.concatenate([self.cloud.distance(self.features(part)) for part in parts])

    def alike(self, inputs: Spectra) -> Bool[np.ndarray, " _"]:
        """Mask of the spectra that are like the training spectra."""
        return self.distance(inputs) <= self.limit
