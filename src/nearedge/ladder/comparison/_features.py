"""Features of near-edge spectra: landmarks of an engine, weights and positions of each site."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.integrate import trapezoid
from scipy.interpolate import make_interp_spline
from scipy.signal import find_peaks

from nearedge.errors import InputError
from nearedge.spectra.alignment import Alignment

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
    """Where an engine's mean spectrum has its features, in eV from its own zero.

    Attributes
    ----------
    start : float
        Start of the pre-edge: 1 eV below the zero.
    valley : float
        The last minimum below the main peak, the end of the pre-edge.
    main : float
        The main peak.
    """

    start: float
    valley: float
    main: float


@dataclass(frozen=True)
class Measures:
    """Features of single sites.

    Attributes
    ----------
    weight : float array, shape (site,)
        Area of the pre-edge, from `Landmarks.start` to the valley, over the area from the start to
        the main peak of the mean spectrum.
    centre : float array, shape (site,)
        First moment of the pre-edge in eV from the engine's zero.
    peak : float array, shape (site,)
        Main peak in eV from the engine's zero: the highest point within 3 eV of that of the mean
        spectrum; NaN where the spectrum has no maximum there.
    """

    weight: Float[np.ndarray, " site"]
    centre: Float[np.ndarray, " site"]
    peak: Float[np.ndarray, " site"]


def find_landmarks(
    energy: Float[np.ndarray, " energy"], mu: Float[np.ndarray, "site energy"], source: str
) -> Landmarks:
    """Find pre-edge and main peak of the mean spectrum, smoothed by 0.5 eV.

    Raises
    ------
    InputError
        If the energies do not reach the pre-edge, or the mean spectrum has no main peak with a
        valley below it.
    """
    if energy[0] > -BELOW_ZERO:
        raise InputError(
            f"{source}: energies start at {energy[0]:g} eV, the pre-edge at {-BELOW_ZERO:g} eV; "
            "compute a wider range"
        )
    grid = np.arange(-BELOW_ZERO, min(HIGHEST, float(energy[-1])), _STEP)
    mean = Alignment(broadening=_SMOOTH).apply(energy, mu.mean(axis=0)[None], grid)[0]
    top = int(mean.argmax())
    valleys, _ = find_peaks(-mean[: top + 1], prominence=_PROMINENCE * float(mean[top]))
    if top == len(grid) - 1 or not len(valleys):
        raise InputError(
            f"{source}: the mean spectrum has no main peak with a valley below it between "
            f"{grid[0]:g} and {grid[-1]:g} eV; features cannot be compared"
        )
    return Landmarks(-BELOW_ZERO, float(grid[valleys[-1]]), float(grid[top]))


def measure(
    energy: Float[np.ndarray, " energy"],
    mu: Float[np.ndarray, "site energy"],
    landmarks: Landmarks,
) -> Measures:
    """Measure the features of every site."""
    whole = np.arange(landmarks.start, landmarks.main + _STEP / 2, _STEP)
    curves = make_interp_spline(energy, mu, k=1, axis=1)(whole)
    low = whole <= landmarks.valley
    area = trapezoid(curves[:, low], whole[low], axis=1)
    moment = trapezoid(curves[:, low] * whole[low], whole[low], axis=1)
    return Measures(
        weight=area / trapezoid(curves, whole, axis=1),
        centre=moment / area,
        peak=_peaks(energy, mu, landmarks.main),
    )


def _peaks(
    energy: Float[np.ndarray, " energy"], mu: Float[np.ndarray, "site energy"], main: float
) -> Float[np.ndarray, " site"]:
    fine = np.arange(max(main - REACH, energy[0]), min(main + REACH, energy[-1]), _STEP / 5)
    # Cubic, for a maximum between the stored energies.
    curves = make_interp_spline(energy, mu, k=3, axis=1)(fine)
    place = curves.argmax(axis=1)
    inside = (place > 0) & (place < len(fine) - 1)
    return np.where(inside, fine[place], np.nan)
