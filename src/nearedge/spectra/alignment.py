"""Alignment of two engines' spectra, without labels: energy shift, factor, Gaussian broadening."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from scipy.optimize import minimize

from nearedge.errors import InputError
from nearedge.spectra._distortion import convolved
from nearedge.spectra._grids import Window, check_spectra, covered, resample

MAX_BROADENING = 2.0  # largest standard deviation of the Gaussian that is tried, eV

SHIFT_STEP = 0.25
"""Step of the scan over shifts, eV: narrower than the features, so that none is stepped over."""

EXACT = 1e-6  # relative distance that nothing could make smaller: of the same spectra

STARTS = 4  # so many of the scan's lowest minima are refined


class Curves(NamedTuple):
    """Spectra (site, energy) in any unit over energies in eV from their own zero."""

    energy: Float[np.ndarray, " energy"]
    mu: Float[np.ndarray, "site energy"]
    source: str = "spectra"


@dataclass(frozen=True)
class Alignment:
    """What is done to the source's spectra, so that they lie on the target's.

    ``aligned(E) = scale * (mu convolved with a Gaussian)(E - shift)``, with shift and standard
    deviation in eV. Only the source is broadened: the sharper set is to be the source.
    """

    shift: float = 0.0
    scale: float = 1.0
    broadening: float = 0.0
    residual: float = np.nan  # what is left: root mean square over that of the target

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
        """Move spectra onto the target's energies; nothing is extrapolated."""
        wanted = (energy if grid is None else np.asarray(grid, float)) - self.shift
        if not covered(energy, wanted).all():
            raise InputError(
                f"{source}: shifted by {self.shift:+.3g} eV the energies run from "
                f"{energy[0] + self.shift:g} to {energy[-1] + self.shift:g} eV and do not cover "
                f"{wanted.min() + self.shift:g} to {wanted.max() + self.shift:g} eV; compute a "
                "wider range, or align the other spectra to these"
            )
        return self.scale * convolved(energy, mu, wanted, self.broadening)


@dataclass(frozen=True, kw_only=True)
class AlignmentFit(Alignment):
    """The best alignment, and the best other one at least 1 eV away, its rival."""

    residual_before: float
    shift_bounds: tuple[float, float]
    at_bound: bool  # whether a better shift may lie beyond the bounds
    rival: Alignment | None = None

    @property
    def ambiguous(self) -> bool:
        """Whether the rival leaves less than 1.15 times the residual."""
        return self.rival is not None and self.rival.residual < 1.15 * self.residual


def fit_alignment(
    source: Curves,
    target: Curves,
    window: Window | None = None,
    *,
    paired: bool = False,
    shifts: tuple[float, float] = (-8.0, 8.0),
) -> AlignmentFit:
    """Learn what moves the source's spectra onto the target's, on a window from the target's zero.

    In pairs spectrum i of both is of one atom; else mean and spread over the sites are matched,
    which depend on the composition too: the error that makes, no fit can see. For every shift and
    broadening the best factor is known in closed form, so two numbers are searched: all shifts of
    a scan, with several broadenings each, then its lowest minima by L-BFGS-B within the bounds.
    """
    for curves in (source, target):
        check_spectra(curves.energy, curves.mu, curves.source)
    if paired and len(source.mu) != len(target.mu):
        raise InputError(
            f"{source.source}: {len(source.mu)} spectra do not pair with the {len(target.mu)} of "
            f"{target.source}; give the same atoms in the same order"
        )
    grid = (window or Window()).grid
    goal = _signature(resample(target.energy, target.mu, grid, target.source), paired)
    norms = np.sqrt((goal**2).sum(axis=(1, 2)))
    if not norms[0] > 0:
        raise InputError(f"{target.source}: is zero on the whole window; nothing to align to")
    # Two sets of one site each have no spread, and so nothing to match there.
    weights = np.where(norms > 0, 1 / np.where(norms > 0, norms, 1), 0)[:, None, None]
    goal = goal * weights
    low = max(shifts[0], float(grid[-1] - source.energy[-1]))
    high = min(shifts[1], float(grid[0] - source.energy[0]))
    if low > high:
        raise InputError(
            f"{source.source}: energies from {source.energy[0]:g} to {source.energy[-1]:g} eV do "
            f"not cover the window {grid[0]:g} to {grid[-1]:g} eV by any shift from "
            f"{shifts[0]:g} to {shifts[1]:g} eV; compute a wider range"
        )
    energy, mu = _cropped(source, grid[0] - high, grid[-1] - low)

    def judge(moved: np.ndarray) -> tuple[float, float]:
        """Best factor, and the relative distance that it leaves."""
        signature = _signature(moved, paired) * weights
        power = float((signature**2).sum())
        scale = float((signature * goal).sum()) / power if power > 0 else 0.0
        if scale <= 0:
            return 0.0, 1.0
        return scale, float(((scale * signature - goal) ** 2).sum() / (goal**2).sum()) ** 0.5

    def candidate(shift: float, broadening: float) -> Alignment | None:
        shift, broadening = float(np.clip(shift, low, high)), max(float(broadening), 0.0)
        scale, left = judge(convolved(energy, mu, grid - shift, broadening))
        return Alignment(shift, scale, broadening, left) if scale > 0 else None

    def distance(x: np.ndarray) -> float:
        return judge(convolved(energy, mu, grid - x[0], x[1]))[1]

    def scan(steps: np.ndarray, broadening: float) -> list[float]:
        # Smoothed once and then interpolated: near enough to find where minima are.
        reach = np.arange(grid[0] - high, grid[-1] - low + 0.1, 0.1)
        smooth = convolved(energy, mu, reach, broadening)
        return [judge(resample(reach, smooth, grid - shift))[1] for shift in steps]

    steps = np.linspace(low, high, max(2, round((high - low) / SHIFT_STEP) + 1))
    widths = MAX_BROADENING * np.array([0.0, 0.15, 0.4, 0.8])
    table = np.array([scan(steps, float(width)) for width in widths]).T
    minima = []
    for row in _dips(table.min(axis=1))[:STARTS]:
        start = (float(steps[row]), float(widths[table[row].argmin()]))
        refined = minimize(
            distance,
            start,
            method="L-BFGS-B",
            bounds=[(low, high), (0.0, MAX_BROADENING)],
            options={"ftol": 1e-12, "gtol": 1e-9},
        ).x
        # The line search may end above its start where the distance has a kink.
        minima += [end for end in (candidate(*start), candidate(*refined)) if end is not None]
    if not minima:
        raise InputError(
            f"{source.source}: has no positive overlap with {target.source} at any shift; these "
            "are not absorption spectra of one edge"
        )
    minima.sort(key=lambda minimum: minimum.residual)
    best = minima[0]
    return AlignmentFit(
        **vars(best),
        residual_before=distance(np.array([np.clip(0.0, low, high), 0.0])),
        shift_bounds=(low, high),
        at_bound=best.residual > EXACT and min(best.shift - low, high - best.shift) < 1e-3,
        rival=next((other for other in minima if abs(other.shift - best.shift) >= 1), None),
    )


def _cropped(
    curves: Curves, low: float, high: float
) -> tuple[Float[np.ndarray, " energy"], Float[np.ndarray, "site energy"]]:
    """Leave out energies so far away that no tail of the Gaussian reaches the window."""
    margin = 6 * MAX_BROADENING
    inside = (curves.energy >= low - margin) & (curves.energy <= high + margin)
    first, last = np.flatnonzero(inside)[[0, -1]]
    part = slice(max(first - 1, 0), last + 2)
    return curves.energy[part], curves.mu[:, part]


def _dips(values: Float[np.ndarray, " step"]) -> np.ndarray:
    """Places of the local minima, the lowest first."""
    padded = np.concatenate([[np.inf], values, [np.inf]])
    dips = np.flatnonzero((values <= padded[:-2]) & (values <= padded[2:]))
    return dips[np.argsort(values[dips], kind="stable")]


def _signature(
    mu: Float[np.ndarray, "site grid"], paired: bool
) -> Float[np.ndarray, "part row grid"]:
    """What is matched: all spectra of the pairs, or mean and spread, a part each."""
    if paired:
        return mu[None]
    return np.stack([mu.mean(axis=0), mu.std(axis=0)])[:, None]
