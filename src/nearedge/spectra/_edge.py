"""Which edge a spectrum is of, told from its energies and its shape."""

from dataclasses import replace

import numpy as np
from jaxtyping import Float

from nearedge.edges import COMMON, Edge, edges_near
from nearedge.spectra._spectrum import Spectrum

WIDTH = 8.0  # the rise is sought as a step between the mean of so many eV below and above it
FIRST = 0.3
"""Share of the largest step from which one before it is the edge: a sample may hold heavier
elements, whose edges come later."""
FALLS = 1.3
"""Largest fall over the largest rise, from which a spectrum is upside down. Behind white lines
absorption falls by up to 0.65 of its rise."""
WHITE_LINE = 1.9
"""Height of the first peak over the edge step, above which an edge is rather an L3 or M5 edge."""
# Where the rise may lie from the tabulated energy, eV, without counting against the edge: oxidation
# moves K edges up by as much, the white lines of L and M edges stand at the edge.
_SHIFTS = {"K": (-4.0, 16.0)}
_OTHER_SHIFTS = (-4.0, 6.0)
# The same for edges of which the onset in compounds is known: of N, O and F, with a white line or
# without one.
_KNOWN_SHIFTS = (-6.0, 6.0)
_UNLIKE = 8.0  # eV of distance that the other height of white line counts for


def edge_energy(energy: Float[np.ndarray, " energy"], mu: Float[np.ndarray, " energy"]) -> float:
    """Find the energy of the first large step of a spectrum, in eV and good to some.

    A step is the difference between the means of 8 eV above and 8 eV below: neither noise nor a
    pre-edge peak makes one.
    """
    grid, steps, count = _steps(energy, mu)
    first = int(np.argmax(steps >= FIRST * steps.max()))
    return float(grid[first + int(steps[first : first + 2 * count].argmax())])


def fall_energy(
    energy: Float[np.ndarray, " energy"], mu: Float[np.ndarray, " energy"]
) -> float | None:
    """Find where a spectrum that is upside down falls over its edge, in eV; None if it is not.

    Examples
    --------
    >>> energy = np.arange(7050.0, 7250.0)
    >>> mu = 1 + np.arctan(energy - 7120) / np.pi
    >>> fall_energy(energy, mu), fall_energy(energy, np.exp(-mu))
    (None, 7119.75)
    """
    grid, steps, count = _steps(energy, mu)
    # That of a background; in a short scan most steps are those of the near edge.
    usual = float(np.median(steps)) if np.ptp(energy) > 8 * WIDTH else 0.0
    steps = (steps - usual) / count
    if -steps.min() <= FALLS * steps.max():
        return None
    fall = edge_energy(energy, -mu)
    # A derivative falls behind its peak, to the level before it.
    level = np.interp(grid, energy, mu) - usual / count * (grid - fall) / WIDTH
    before = level[(grid < fall - WIDTH) & (grid > fall - 4 * WIDTH)]
    after = level[(grid > fall + WIDTH) & (grid < fall + 4 * WIDTH)]
    if not len(before) or not len(after):
        return None
    change = np.median(before) - np.median(after)
    return fall if change > FIRST * -steps.min() else None


def _steps(energy: np.ndarray, mu: np.ndarray) -> tuple[np.ndarray, np.ndarray, int]:
    """Give even energies, the steps there, and how many energies a mean is of."""
    step = max(0.25, float(np.ptp(energy)) / 20_000)
    grid = np.arange(energy[0], energy[-1], step)
    count = max(1, int(WIDTH / step))
    padded = np.pad(np.interp(grid, energy, mu), count, mode="edge")
    sums = np.concatenate([[0.0], np.cumsum(padded - padded.mean())])
    steps = (sums[2 * count :] - 2 * sums[count:-count] + sums[: -2 * count])[: len(grid)]
    return grid, steps, count


def guess_edge(spectrum: Spectrum) -> Edge | None:
    """Guess absorber and edge from the energy and the shape of the first rise.

    Of a spectrum that is upside down it is the first fall. None if no common edge lies near, the
    spectrum is flat, or its energies are not absolute.
    """
    if not spectrum.absolute or np.ptp(spectrum.mu) == 0:
        return None
    fall = fall_energy(spectrum.energy, spectrum.mu)
    mu = spectrum.mu if fall is None else -spectrum.mu
    rise = edge_energy(spectrum.energy, mu)
    peaked = _white_line(spectrum.energy, mu, rise) > WHITE_LINE

    def distance(edge: Edge) -> float:
        shift = rise - edge.onset
        known = edge.onset != edge.energy
        low, high = _KNOWN_SHIFTS if known else _SHIFTS.get(edge.name, _OTHER_SHIFTS)
        beyond = max(0.0, low - shift, shift - high) + 0.05 * abs(shift)
        unlike = not known and (edge.name != "K") != peaked
        return beyond + COMMON[edge.name] + (_UNLIKE if unlike else 0.0)

    return min(edges_near(rise), key=distance, default=None)


def with_edge(spectrum: Spectrum) -> Spectrum:
    """Guess the edge that a file does not name, and say so in the notes."""
    edge = spectrum.edge or guess_edge(spectrum)
    if edge is None or spectrum.edge is not None:
        return spectrum
    note = f"the file names no edge; by its energies it is {edge}"
    identity = replace(spectrum.identity, edge=edge)
    return replace(spectrum, identity=identity, notes=(*spectrum.notes, note))


def _white_line(energy: np.ndarray, mu: np.ndarray, rise: float) -> float:
    """Height of the first peak above the level before the edge, over that of the step."""
    before, after = mu[energy < rise - 12][-30:], mu[(energy > rise + 40) & (energy < rise + 120)]
    low = float(np.median(before)) if len(before) else float(mu[0])
    high = float(np.median(after)) if len(after) else float(mu[-1])
    peak = float(mu[(energy > rise - 5) & (energy < rise + 25)].max(initial=-np.inf))
    return (peak - low) / (high - low) if high > low else np.inf
