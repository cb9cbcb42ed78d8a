"""Learned alignment of two engines' spectra: energy shift, intensity scale, Gaussian broadening.

Two engines, or two levels of theory, put their energy zero elsewhere, print other units and
broaden differently. An `Alignment` moves the spectra of one, the source, onto those of the other,
the target. `fit_alignment` learns it without any label: from pairs where both hold the same atoms,
else from the mean and the spread over the sites, for which the two need not share an atom.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float
from scipy.interpolate import make_interp_spline
from scipy.optimize import minimize
from scipy.special import ndtr

from nearedge.errors import InputError
from nearedge.spectra._grids import Window, check_spectra, resample

FWHM = 2 * math.sqrt(2 * math.log(2))
"""Full width at half maximum of a Gaussian of standard deviation one."""


class Curves(NamedTuple):
    """Spectra as they are stored.

    Attributes
    ----------
    energy : float array, shape (energy,)
        In eV from the spectra's own zero, increasing.
    mu : float array, shape (site, energy)
        Intensities in any unit.
    source : str
        Names the spectra in errors.
    """

    energy: Float[np.ndarray, " energy"]
    mu: Float[np.ndarray, "site energy"]
    source: str = "spectra"


@dataclass(frozen=True)
class Alignment:
    """What is done to the source's spectra; the target's are left as they are.

    ``aligned(E) = scale * (mu convolved with a Gaussian)(E - shift)``

    Parameters
    ----------
    shift : float
        In eV, added to the source's energies: positive moves its features up.
    scale : float
        Factor of the intensities, positive.
    broadening : float
        Standard deviation of the Gaussian in eV, not negative. Only the source is broadened: two
        sets of which the target is the sharper one are better aligned the other way round.

    Raises
    ------
    InputError
        If a number is not finite, the scale not positive or the broadening negative.

    Examples
    --------
    >>> energy = np.linspace(0, 10, 101)
    >>> peak = np.exp(-((energy - 4.0) ** 2))[None]
    >>> moved = Alignment(shift=1.0, scale=2.0).apply(energy, peak, energy[20:])
    >>> float(energy[20:][moved[0].argmax()]), float(moved.max())
    (5.0, 2.0)
    """

    shift: float = 0.0
    scale: float = 1.0
    broadening: float = 0.0

    def __post_init__(self) -> None:
        numbers = (self.shift, self.scale, self.broadening)
        if not np.isfinite(numbers).all() or self.scale <= 0 or self.broadening < 0:
            raise InputError(
                f"alignment by {self.shift} eV, factor {self.scale}, broadening {self.broadening} "
                "eV; the factor must be positive, the broadening not negative, all finite"
            )

    def apply(
        self,
        energy: Float[np.ndarray, " energy"],
        mu: Float[np.ndarray, "site energy"],
        grid: Float[np.ndarray, " grid"] | None = None,
        source: str = "spectra",
    ) -> Float[np.ndarray, "site grid"]:
        """Move spectra onto the target's energies.

        Spectra are piecewise linear between the stored energies, and their convolution with the
        Gaussian is exact. Beyond the stored range the Gaussian's tails meet the end value.

        Parameters
        ----------
        energy : float array, shape (energy,)
            Stored energies in eV from the source's zero.
        mu : float array, shape (site, energy)
            Stored spectra.
        grid : float array, shape (grid,), optional
            Wanted energies in eV from the target's zero; by default those of `energy`, which only
            an alignment without a shift can serve.
        source : str
            Names the spectra in an error.

        Raises
        ------
        InputError
            If the shifted spectra do not cover the grid: nothing is extrapolated.
        """
        wanted = (energy if grid is None else np.asarray(grid, float)) - self.shift
        slack = 1e-6
        if wanted.min() < energy[0] - slack or wanted.max() > energy[-1] + slack:
            raise InputError(
                f"{source}: shifted by {self.shift:+.3g} eV the energies run from "
                f"{energy[0] + self.shift:g} to {energy[-1] + self.shift:g} eV and do not cover "
                f"{wanted.min() + self.shift:g} to {wanted.max() + self.shift:g} eV; compute a "
                "wider range, or align the other spectra to these"
            )
        return self.scale * _smooth(energy, mu, wanted, self.broadening)

    def to_dict(self) -> dict[str, float]:
        """Give the three numbers by name."""
        return {"shift": self.shift, "scale": self.scale, "broadening": self.broadening}


@dataclass(frozen=True)
class Search:
    """Where `fit_alignment` looks.

    Parameters
    ----------
    max_shift : float
        How far from `centre` shifts are tried, up or down, in eV.
    max_broadening : float
        Largest standard deviation of the Gaussian in eV.
    shift_step : float
        Step of the scan over shifts, eV: narrower than the features, so that none is stepped over.
    starts : int
        Lowest minima of the scan that are refined.
    centre : float
        Middle of the shifts that are tried, in eV.
    """

    max_shift: float = 8.0
    max_broadening: float = 2.0
    shift_step: float = 0.25
    starts: int = 4
    centre: float = 0.0


@dataclass(frozen=True)
class AlignmentFit:
    """An alignment, how well it fits and how sure it is.

    Attributes
    ----------
    alignment : Alignment
        The best found.
    before, residual : float
        Relative distance, with no more than the best factor and with the alignment: the root mean
        square of what remains over that of the target. In pairs: of the spectra. Otherwise: of
        mean and spread over the sites, weighing the same.
    paired : bool
        Whether pairs were fitted.
    bounds : tuple of float
        Least and largest shift in eV that was allowed.
    at_bound : bool
        Whether the shift stopped at a bound: a better one may lie beyond.
    rival, rival_residual : Alignment or None, float or None
        The best other minimum, at least 1 eV away: an alignment is ambiguous if it is nearly as
        good.
    """

    alignment: Alignment
    before: float
    residual: float
    paired: bool
    bounds: tuple[float, float]
    at_bound: bool
    rival: Alignment | None = None
    rival_residual: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """Give every number, ready for JSON."""
        return {
            **self.alignment.to_dict(),
            "residual_before": self.before,
            "residual": self.residual,
            "paired": self.paired,
            "shift_bounds": list(self.bounds),
            "at_bound": self.at_bound,
            "rival": self.rival and {**self.rival.to_dict(), "residual": self.rival_residual},
        }


def fit_alignment(
    source: Curves,
    target: Curves,
    window: Window | None = None,
    *,
    paired: bool = False,
    search: Search | None = None,
) -> AlignmentFit:
    """Learn the alignment that moves the source's spectra onto the target's, without labels.

    For every shift and broadening the best factor is known in closed form, so two numbers are
    searched: all shifts of a scan, with several broadenings each, then the lowest minima of the
    scan are refined by L-BFGS-B inside the bounds, and the best is taken. The shift is bounded by
    the `Search` and by what the source stores.

    Parameters
    ----------
    source, target : Curves
        What is moved, and onto what.
    window : Window, optional
        Energies, from the target's zero, on which they are compared; the paper's by default.
    paired : bool
        Whether spectrum i of both is of the same atom. Otherwise mean and standard deviation over
        the sites are matched. These depend on the composition too: sets with very different shares
        of the classes are aligned with an error that no fit can see.
    search : Search, optional
        Where to look.

    Returns
    -------
    AlignmentFit

    Raises
    ------
    InputError
        If spectra are not usable, the target does not cover the window, no shift lets the source
        cover it, pairs differ in number, or the source has no positive overlap with the target.

    Examples
    --------
    >>> energy = np.linspace(-10, 20, 301)
    >>> centres = np.linspace(2, 6, 9)[:, None]
    >>> mu = np.exp(-((energy - centres) ** 2)) + 2 * np.exp(-(((energy - 9) / 2) ** 2))
    >>> found = fit_alignment(Curves(energy, mu), Curves(energy + 2.5, 3 * mu)).alignment
    >>> f"{found.shift:.3f} {found.scale:.3f} {found.broadening:.2f}"
    '2.500 3.000 0.00'
    """
    window, search = window or Window(), search or Search()
    for one in (source, target):
        check_spectra(one.energy, one.mu, one.source)
    if paired and len(source.mu) != len(target.mu):
        raise InputError(
            f"{source.source}: {len(source.mu)} spectra are no pairs of the {len(target.mu)} of "
            f"{target.source}; give the same atoms in the same order"
        )
    grid = window.grid
    goal = _signature(resample(target.energy, target.mu, grid, target.source), paired)
    norms = np.sqrt((goal**2).sum(axis=(1, 2)))
    if not norms[0] > 0:
        raise InputError(f"{target.source}: is zero on the whole window; nothing to align to")
    # Two sets of one site each have no spread, and so nothing to match there.
    weights = np.where(norms > 0, 1 / np.where(norms > 0, norms, 1), 0)[:, None, None]
    goal = goal * weights
    low = max(search.centre - search.max_shift, float(grid[-1] - source.energy[-1]))
    high = min(search.centre + search.max_shift, float(grid[0] - source.energy[0]))
    if low > high:
        raise InputError(
            f"{source.source}: energies from {source.energy[0]:g} to {source.energy[-1]:g} eV do "
            f"not cover the window {grid[0]:g} to {grid[-1]:g} eV by any shift from "
            f"{search.centre - search.max_shift:g} to {search.centre + search.max_shift:g} eV; "
            "compute a wider range"
        )
    energy, mu = _cropped(source, grid[0] - high, grid[-1] - low, 6 * search.max_broadening)

    def judge(moved: np.ndarray) -> tuple[float, float]:
        """Best factor, and the relative distance that it leaves."""
        mine = _signature(moved, paired) * weights
        power = float((mine**2).sum())
        scale = float((mine * goal).sum()) / power if power > 0 else 0.0
        if scale <= 0:
            return 0.0, 1.0
        left = float(((scale * mine - goal) ** 2).sum() / (goal**2).sum())
        return scale, left**0.5

    def compare(shift: float, broadening: float) -> tuple[float, float]:
        return judge(_smooth(energy, mu, grid - shift, broadening))

    def scan(shifts: np.ndarray, broadening: float) -> list[float]:
        # Smoothed once and then interpolated: near enough to find where minima are.
        reach = np.arange(grid[0] - high, grid[-1] - low + 0.1, 0.1)
        smooth = make_interp_spline(reach, _smooth(energy, mu, reach, broadening), k=1, axis=1)
        return [judge(smooth(grid - shift))[1] for shift in shifts]

    def finished(x: np.ndarray) -> tuple[Alignment, float] | None:
        shift, broadening = float(np.clip(x[0], low, high)), float(max(x[1], 0.0))
        scale, left = compare(shift, broadening)
        return (Alignment(shift, scale, broadening), left) if scale > 0 else None

    minima = []
    limits = [(low, high), (0.0, search.max_broadening)]
    for start in _starts(scan, low, high, search):
        found = minimize(
            lambda x: compare(float(x[0]), float(x[1]))[1],
            start,
            method="L-BFGS-B",
            bounds=limits,
            options={"ftol": 1e-12, "gtol": 1e-9},
        )
        # The line search may end above its start where the distance has a kink.
        ends = [one for one in (finished(np.array(start)), finished(found.x)) if one is not None]
        if ends:
            minima.append(min(ends, key=lambda one: one[1]))
    if not minima:
        raise InputError(
            f"{source.source}: has no positive overlap with {target.source} at any shift; these "
            "are no absorption spectra of one edge"
        )
    minima.sort(key=lambda one: one[1])
    best, residual = minima[0]
    rival = next((one for one in minima if abs(one[0].shift - best.shift) >= 1), None)
    unmoved = float(np.clip(0.0, low, high))
    return AlignmentFit(
        alignment=best,
        before=compare(unmoved, 0.0)[1],
        residual=residual,
        paired=paired,
        bounds=(low, high),
        at_bound=min(best.shift - low, high - best.shift) < 1e-3,
        rival=rival and rival[0],
        rival_residual=rival and rival[1],
    )


def _cropped(
    curves: Curves, low: float, high: float, margin: float
) -> tuple[Float[np.ndarray, " energy"], Float[np.ndarray, "site energy"]]:
    """Leave out energies so far away that no tail of the Gaussian reaches the window."""
    kept = (curves.energy >= low - margin) & (curves.energy <= high + margin)
    first, last = np.flatnonzero(kept)[[0, -1]]
    part = slice(max(first - 1, 0), last + 2)
    return curves.energy[part], curves.mu[:, part]


def _starts(
    scan: Callable[[np.ndarray, float], list[float]], low: float, high: float, search: Search
) -> list[tuple[float, float]]:
    """Lowest minima of the scan: shift, and the best broadening there."""
    shifts = np.linspace(low, high, max(2, round((high - low) / search.shift_step) + 1))
    widths = search.max_broadening * np.array([0.0, 0.15, 0.4, 0.8])
    table = np.array([scan(shifts, float(width)) for width in widths]).T
    floor = table.min(axis=1)
    padded = np.concatenate([[np.inf], floor, [np.inf]])
    dips = np.flatnonzero((floor <= padded[:-2]) & (floor <= padded[2:]))
    dips = dips[np.argsort(floor[dips], kind="stable")][: search.starts]
    return [(float(shifts[row]), float(widths[table[row].argmin()])) for row in dips]


def _signature(
    mu: Float[np.ndarray, "site grid"], paired: bool
) -> Float[np.ndarray, "part row grid"]:
    """What is matched: all spectra of the pairs, or mean and spread, a part each."""
    if paired:
        return mu[None]
    return np.stack([mu.mean(axis=0), mu.std(axis=0)])[:, None]


def _smooth(
    energy: Float[np.ndarray, " energy"],
    mu: Float[np.ndarray, "site energy"],
    wanted: Float[np.ndarray, " grid"],
    sigma: float,
) -> Float[np.ndarray, "site grid"]:
    """Convolve piecewise linear spectra with a normal density, exactly, at the wanted energies.

    A spectrum is its first value and a ramp per segment. A ramp is the difference of two integrals
    of a step, and a step convolved with a normal density is its distribution function, of which
    the integral from minus infinity to x is x Phi(x / sigma) + sigma phi(x / sigma).
    """
    x = wanted[:, None] - energy
    if sigma > 1e-6:  # eV: less is nothing, and would overflow
        z = x / sigma
        integral = x * ndtr(z) + sigma * np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi)
    else:
        integral = np.maximum(x, 0.0)
    ramps = -np.diff(integral, axis=1) / np.diff(energy)
    return mu[:, :1] + np.diff(mu, axis=1) @ ramps.T
