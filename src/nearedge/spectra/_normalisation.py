"""Energy zero and normalisation of any edge: the steepest rise, and an edge step of one."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from nearedge.drawing.card import card
from nearedge.errors import InputError
from nearedge.spectra._edge import WIDTH, edge_energy
from nearedge.spectra._spectrum import Spectrum

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SMOOTHING = 0.5
"""Standard deviation in eV of what the rise is smoothed with, or 1.5 steps if these are larger."""

AROUND = 40.0
"""How far from the energy of its edge, eV, E0 is sought if a spectrum says what it is of."""

NEAR, FAR = (2.0, 200.0), (20.0, 800.0)
"""From and to where before and after E0 the lines are fitted, eV: the ranges in use in EXAFS (B.
Ravel and M. Newville, J. Synchrotron Rad. 12, 537 (2005)), nearer where a scan is short."""


@dataclass(frozen=True, eq=False)
class Normalised:
    """A spectrum with an edge step of one; E0, step and both fitted lines as it was read."""

    spectrum: Spectrum
    e0: float
    step: float
    before: Float[np.ndarray, " energy"]
    after: Float[np.ndarray, " energy"]

    def __repr__(self) -> str:
        return f"Normalised({self.spectrum.name!r}, E0 {self.e0:.2f} eV, edge step {self.step:.4g})"

    def _repr_html_(self) -> str:
        """Show the normalised spectrum with its E0, in a notebook."""
        facts = {
            "file": self.spectrum.source,
            "E0": f"{self.e0:.2f} eV",
            "edge step": f"{self.step:.4g}",
        }
        return card(self.spectrum.name, facts, self._draw)

    def _draw(self, axes: "Axes") -> None:
        axes.plot(self.spectrum.energy, self.spectrum.mu)
        axes.axvline(self.e0, linestyle=":", linewidth=0.8)
        axes.set(xlabel="energy, eV", ylabel="normalised absorption")


def find_e0(spectrum: Spectrum) -> float:
    """Find the energy of the steepest rise: of its own edge if that is known, else of the first.

    Parameters
    ----------
    spectrum : Spectrum

    Returns
    -------
    float
        In eV, good to a tenth of the width of the rise.

    Examples
    --------
    >>> energy = np.arange(8900.0, 9100.0, 0.5)
    >>> mu = 2 - 1e-3 * (energy - 8900) + np.arctan(energy - 8987.2)
    >>> round(find_e0(Spectrum("cu", energy, mu, "cu.dat")), 1)
    8987.2
    """
    near = np.full(len(spectrum.energy), True)
    if spectrum.edge is not None and spectrum.absolute:
        # A sample may hold elements whose edges come before.
        inside = np.abs(spectrum.energy - spectrum.edge.onset) < AROUND
        near = inside if inside.sum() > 5 else near
    rise = edge_energy(spectrum.energy[near], spectrum.mu[near])
    near = np.abs(spectrum.energy - rise) <= 2 * WIDTH
    if near.sum() < 5:
        raise InputError(
            f"{spectrum.source}::{spectrum.name}: {near.sum()} points within {2 * WIDTH:g} eV of "
            f"the rise at {rise:.0f} eV; E0 needs at least 5"
        )
    energy, mu = spectrum.energy[near], spectrum.mu[near]
    sigma = max(SMOOTHING, 1.5 * float(np.median(np.diff(energy))))
    grid = np.arange(max(rise - WIDTH, energy[0]), min(rise + WIDTH, energy[-1]), sigma / 10)
    # Locally weighted straight lines: their slope is not drawn to the ends of the range.
    far = energy - grid[:, np.newaxis]
    weight = np.exp(-0.5 * (far / sigma) ** 2)
    total = weight.sum(axis=1)
    x, y = (weight * far).sum(axis=1) / total, (weight * mu).sum(axis=1) / total
    slope = ((weight * far * mu).sum(axis=1) / total - x * y) / (
        (weight * far**2).sum(axis=1) / total - x**2
    )
    return float(grid[np.nanargmax(slope)])


def fit_ranges(spectrum: Spectrum, e0: float) -> tuple[tuple[float, float], tuple[float, float]]:
    """Give the ranges before and after the edge that `normalise` fits unless it is told others.

    Examples
    --------
    >>> energy = np.arange(8800.0, 9500.0, 1.0)
    >>> fit_ranges(Spectrum("cu", energy, np.ones(700), "cu.dat"), 8987.0)
    ((-187.0, -20.0), (40.0, 512.0))
    """
    low, high = float(spectrum.energy[0]) - e0, float(spectrum.energy[-1]) - e0
    return (
        (max(low, -NEAR[1]), max(min(low / 3, -NEAR[0]), -FAR[0])),
        (max(min(high / 3, 2 * FAR[0]), FAR[0] / 4), min(high, FAR[1])),
    )


def normalise(
    spectrum: Spectrum,
    e0: float | None = None,
    *,
    before: tuple[float, float] | None = None,
    after: tuple[float, float] | None = None,
) -> Normalised:
    """Take the line before the edge off, and divide by the edge step.

    The step is the distance at E0 between that line and the one after the edge. Before the edge a
    level is fitted to less than 20 eV; after it a level where a scan ends within 50 eV, a line
    within 150 eV, a parabola beyond.

    Parameters
    ----------
    spectrum : Spectrum
        Of any edge, of a short or a long scan.
    e0 : float, optional
        In eV; by default `find_e0`.
    before, after : pair of float, optional
        Ranges in eV from E0 to fit, as in ``(-150, -30)`` and ``(50, 400)``; by default what the
        scan has of -200 to -20 and 20 to 800 eV, and a third of it where that is short.

    Returns
    -------
    Normalised

    Raises
    ------
    InputError
        If a range holds less than 3 points, or there is no step up.

    Examples
    --------
    >>> energy = np.arange(8800.0, 9500.0, 1.0)
    >>> mu = 2 - 1e-3 * (energy - 8987) + 0.5 * np.arctan(energy - 8987) / np.pi
    >>> normalise(Spectrum("cu", energy, mu, "cu.dat"))
    Normalised('cu', E0 8986.95 eV, edge step 0.492)
    """
    e0 = find_e0(spectrum) if e0 is None else e0
    usual = fit_ranges(spectrum, e0)
    lower, upper, steps = _lines(
        spectrum, e0, before or usual[0], after or usual[1], spectrum.mu[:, None]
    )
    step = float(steps[0])
    if not step > 0:
        raise InputError(
            f"{spectrum.source}::{spectrum.name}: no step up at {e0:.1f} eV: behind it "
            "absorption is not above the line before it; give mu itself, not its derivative or a "
            "difference"
        )
    lower, upper = lower[:, 0], upper[:, 0]
    notes = (*spectrum.notes, f"normalised: E0 {e0:.2f} eV, edge step {step:.4g}")
    made = replace(spectrum, mu=(spectrum.mu - lower) / step, channel="normalised", notes=notes)
    return Normalised(made, e0, step, lower, upper)


def normalise_alike(
    spectrum: Spectrum, e0: float, mu: Float[np.ndarray, "row energy"]
) -> Float[np.ndarray, "row energy"]:
    """Normalise other spectra on the energies of one by its ranges; NaN where there is no step up.

    Examples
    --------
    >>> energy = np.arange(8900.0, 9100.0, 1.0)
    >>> mu = np.arctan(energy - 8987)
    >>> spectrum = Spectrum("cu", energy, mu, "cu.dat")
    >>> made = normalise(spectrum, 8987.0)
    >>> rows = normalise_alike(spectrum, 8987.0, np.stack([3 * mu + 1, -mu]))
    >>> bool(np.allclose(rows[0], made.spectrum.mu)), bool(np.isnan(rows[1]).all())
    (True, True)
    """
    lower, _, step = _lines(spectrum, e0, *fit_ranges(spectrum, e0), mu.T)
    return ((mu.T - lower) / np.where(step > 0, step, np.nan)).T


def _lines(
    spectrum: Spectrum,
    e0: float,
    before: tuple[float, float],
    after: tuple[float, float],
    mu: Float[np.ndarray, "energy row"],
) -> tuple[
    Float[np.ndarray, "energy row"], Float[np.ndarray, "energy row"], Float[np.ndarray, " row"]
]:
    """Lines before and after the edge of rows on the energies of a spectrum, and their steps."""
    far = spectrum.energy - e0
    high = far[-1]
    # The edge's own tail tilts a line that is fitted close to it.
    line = _line(spectrum, far, before, 1 if before[1] - before[0] > 20 else 0, "before", mu)
    degree = 0 if high < 50 else 1 if high < 150 else 2
    beyond = _line(spectrum, far, after, degree, "after", mu)
    lower, upper = (np.polyval(fitted, far[:, None]) for fitted in (line, beyond))
    return lower, upper, beyond[-1] - line[-1]


def _line(
    spectrum: Spectrum,
    far: Float[np.ndarray, " energy"],
    ends: tuple[float, float],
    degree: int,
    where: str,
    mu: Float[np.ndarray, "energy row"],
) -> Float[np.ndarray, "power row"]:
    inside = (far >= ends[0]) & (far <= ends[1])
    if inside.sum() < 3:
        raise InputError(
            f"{spectrum.source}::{spectrum.name}: {inside.sum()} points between {ends[0]:g} and "
            f"{ends[1]:g} eV {where} the edge; at least 3 are needed"
        )
    return np.polyfit(far[inside], mu[inside], degree)
