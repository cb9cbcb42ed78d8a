"""Features of near-edge spectra: landmarks of an engine, features of each site, correlations."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.integrate import trapezoid
from scipy.interpolate import make_interp_spline
from scipy.signal import find_peaks
from scipy.stats import rankdata

from nearedge.errors import InputError
from nearedge.spectra import convolved
from nearedge.spectra.alignment import Curves

BELOW_ZERO = 1.0
"""The pre-edge starts so many eV below an engine's zero, where its first empty states are."""
HIGHEST = 20.0
"""The main peak is looked for up to so many eV above an engine's zero."""
REACH = 3.0
"""A site's main peak is looked for so many eV about that of the mean spectrum."""

_STEP = 0.05
# Landmarks are those of the mean spectrum at a resolution at which single lines do not count.
_SMOOTH = 0.5
_PROMINENCE = 0.03


@dataclass(frozen=True)
class Landmarks:
    """Where an engine's mean spectrum has its features, in eV from its own zero."""

    start: float
    """Of the pre-edge."""
    valley: float
    """The last minimum below the main peak, the end of the pre-edge."""
    main: float


@dataclass(frozen=True)
class Features:
    """Features of single sites, in eV from the engine's zero."""

    weight: Float[np.ndarray, " site"]
    """Area of the pre-edge over the area from its start to the main peak of the mean spectrum."""
    centre: Float[np.ndarray, " site"]
    """First moment of the pre-edge."""
    peak: Float[np.ndarray, " site"]
    """The highest point about the main peak of the mean spectrum; NaN without a maximum there."""


@dataclass(frozen=True)
class Correlation:
    """Pearson's and Spearman's correlation; None where a side does not vary."""

    pearson: float | None
    spearman: float | None


@dataclass(frozen=True)
class Retrieval:
    """How well a spectrum of the first engine finds its own atom among the second's."""

    same: float
    """Mean Pearson correlation of the two spectra of one atom, and of different atoms."""
    different: float
    first: float
    """Share of the atoms whose own spectrum correlates best; `five`: is among the best five."""
    five: float
    median_rank: float
    same_class: float
    """Share of the atoms whose best spectrum is of an atom of their class."""
    chance_first: float
    chance_class: float


def find_landmarks(curves: Curves) -> Landmarks:
    """Find pre-edge and main peak of the mean spectrum, smoothed by 0.5 eV."""
    energy, mu, source = curves
    if energy[0] > -BELOW_ZERO:
        raise InputError(
            f"{source}: energies start at {energy[0]:g} eV, the pre-edge at {-BELOW_ZERO:g} eV; "
            "compute a wider range"
        )
    grid = np.arange(-BELOW_ZERO, min(HIGHEST, float(energy[-1])), _STEP)
    mean = convolved(energy, mu.mean(axis=0)[None], grid, _SMOOTH)[0]
    top = int(mean.argmax())
    valleys, _ = find_peaks(-mean[: top + 1], prominence=_PROMINENCE * float(mean[top]))
    if top == len(grid) - 1 or not len(valleys):
        raise InputError(
            f"{source}: the mean spectrum has no main peak with a valley below it between "
            f"{grid[0]:g} and {grid[-1]:g} eV; features cannot be compared"
        )
    return Landmarks(-BELOW_ZERO, float(grid[valleys[-1]]), float(grid[top]))


def measure(curves: Curves, landmarks: Landmarks) -> Features:
    """Measure the features of every site."""
    energy, mu, _ = curves
    main = landmarks.main
    whole = np.arange(landmarks.start, main + _STEP / 2, _STEP)
    heights = make_interp_spline(energy, mu, k=1, axis=1)(whole)
    low = whole <= landmarks.valley
    area = trapezoid(heights[:, low], whole[low], axis=1)
    moment = trapezoid(heights[:, low] * whole[low], whole[low], axis=1)
    fine = np.arange(max(main - REACH, energy[0]), min(main + REACH, energy[-1]), _STEP / 5)
    # Cubic, for a maximum between the stored energies.
    place = make_interp_spline(energy, mu, k=3, axis=1)(fine).argmax(axis=1)
    inside = (place > 0) & (place < len(fine) - 1)
    return Features(
        weight=area / trapezoid(heights, whole, axis=1),
        centre=moment / area,
        peak=np.where(inside, fine[place], np.nan),
    )


def correlation(first: np.ndarray, second: np.ndarray) -> Correlation:
    """Correlate two features over the sites."""
    if len(first) < 3 or np.ptp(first) == 0 or np.ptp(second) == 0:
        return Correlation(None, None)
    ranks = np.array([rankdata(values) for values in (first, second)])
    return Correlation(float(np.corrcoef(first, second)[0, 1]), float(np.corrcoef(ranks)[0, 1]))


def correlations(
    first: Float[np.ndarray, "row grid"], second: Float[np.ndarray, "column grid"]
) -> Float[np.ndarray, "row column"]:
    """Pearson correlation over the energies of every spectrum with every other."""
    normalised = []
    for mu in (first, second):
        centred = mu - mu.mean(axis=1, keepdims=True)
        length = np.linalg.norm(centred, axis=1, keepdims=True)
        # A constant spectrum, as the mean of a single site less itself, correlates with nothing.
        normalised.append(centred / np.where(length > 0, length, 1))
    return normalised[0] @ normalised[1].T


def retrieve(matrix: Float[np.ndarray, "site site"], environment: np.ndarray) -> Retrieval:
    """Judge a matrix of correlations, of which row and column i are of the same atom.

    Examples
    --------
    >>> mu = np.random.default_rng(0).random((6, 40))
    >>> retrieval = retrieve(correlations(mu, 3 * mu + 1), np.array(list("001122")))
    >>> retrieval.first, retrieval.median_rank, round(retrieval.same, 6)
    (1.0, 1.0, 1.0)
    """
    own = np.diag(matrix)
    count = len(matrix)
    rank = 1 + (matrix > own[:, None]).sum(axis=1)
    shares = np.unique(environment, return_counts=True)[1] / count
    return Retrieval(
        same=float(own.mean()),
        different=float((matrix.sum() - own.sum()) / max(count * (count - 1), 1)),
        first=float((rank == 1).mean()),
        five=float((rank <= 5).mean()),
        median_rank=float(np.median(rank)),
        same_class=float((environment[matrix.argmax(axis=1)] == environment).mean()),
        chance_first=1 / count,
        chance_class=float((shares**2).sum()),
    )
