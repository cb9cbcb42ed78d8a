"""Spectra that do not resemble those of their own class: which, how far off, and in what way."""

from collections import Counter
from collections.abc import Iterator

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.spatial.distance import cdist

from nearedge.datasets._sites import SiteSpectra
from nearedge.datasets._table import Objection
from nearedge.spectra import Window, covered, resample

MEMBERS = 8  # sites a class needs for its spectra to be compared with each other
NEAREST = 3  # number of nearest spectra, of other atoms, that a spectrum is compared with
DEVIATIONS = 6.0
"""Robust standard deviations (1.4826 times the median absolute deviation) that are usual."""
SCALE, EXTREME_SCALE = 1.6, 3.0
"""Factor from the median intensity of the class that is always usual, and that is rejected."""
DISTANCE, EXTREME_DISTANCE = 2.4, 6.0
"""Distance to the nearest spectra of the class, over the class's median of it: as above."""
OUTSTANDING = 1.3
"""Smallest such distance of one called upside down or shifted: shapes of a class may be many."""
LIKENESS = 0.2  # negative correlation with the class's median spectrum of one that is upside down
TURNED, GAIN = 1.4, 1.6
"""How many times nearer to its class a spectrum comes if turned or moved, to be called so."""
SHIFTS = tuple(sign * size for size in (1.5, 2.0, 2.5, 3.0, 3.5, 4.0) for sign in (1, -1))
"""Shifts in eV that are tried."""
OVERLAP = 0.75  # part of the window that a shifted spectrum must still cover
CONFLICT = 1.9
"""How many times nearer to another class than to its own a spectrum must be to be doubted."""

# A median of zero (copies of one spectrum) must not divide.
_TINY = 1e-9


def judged_window(data: SiteSpectra) -> Window:
    """Give the window in which spectra are compared: the default, or all energies there are."""
    window, energy = Window(), data.energy
    if covered(energy, window.grid).all():
        return window
    return Window(float(energy[0]), float(energy[-1]), window.points)


def compared_classes(data: SiteSpectra) -> list[str]:
    """Name the classes whose spectra can be compared: of enough sites, and of enough atoms."""
    environment, atom = data.environment, data.groups("atom")
    return [
        name
        for name, count in data.counts().items()
        if count >= MEMBERS and len(set(atom[environment == name])) > NEAREST
    ]


def odd_scales(data: SiteSpectra) -> Iterator[Objection]:
    """Compare the mean intensity of each spectrum with the median of its class.

    Classes of few sites are compared with all sites, and only a rejection is made of it.
    """
    level = np.log(np.maximum(data.inputs(judged_window(data)).mean(axis=1), _TINY))
    for name in data.classes:
        rows = np.flatnonzero(data.environment == name)
        few = len(rows) < MEMBERS
        others = level if few else level[rows]
        if len(others) < MEMBERS:
            continue
        usual = np.median(others)
        spread = 1.4826 * np.median(np.abs(others - usual))
        allowed = max(DEVIATIONS * spread, np.log(SCALE))
        for row in rows:
            apart = abs(level[row] - usual)
            rejected = bool(apart > np.log(EXTREME_SCALE))
            if rejected or (not few and apart > allowed):
                reason = (
                    f"mean intensity is {np.exp(level[row] - usual):.3g} times the median of "
                    + ("all sites" if few else f"class {name}")
                )
                yield Objection(int(row), "scale", reason, rejected)


def odd_shapes(data: SiteSpectra) -> Iterator[Objection]:
    """Compare the shape of each spectrum with its nearest in the same class and in the others.

    Spectra are divided by their mean in the window; what is compared is the mean Euclidean
    distance to the nearest spectra of other atoms: the same atom in another snapshot of its
    trajectory may be all but a copy. Of a site that stands out, the most telling reason is given.
    """
    window = judged_window(data)
    shape = _shapes(data.inputs(window))
    environment, atom = data.environment, data.groups("atom")
    for name in compared_classes(data):
        rows = np.flatnonzero(environment == name)
        members = shape[rows]
        same = atom[rows, None] == atom[rows]
        own, _ = _nearest(members, members, same)
        ratio = own / max(float(np.median(own)), _TINY)
        # Skewed: the logarithm is what spreads evenly about the median.
        logs = np.log(np.maximum(ratio, _TINY))
        spread = 1.4826 * float(np.median(np.abs(logs)))
        far = logs > max(DEVIATIONS * spread / 2, np.log(DISTANCE))
        middle = np.median(members, axis=0)
        alike = 1 - cdist(members, [middle], "correlation")[:, 0]
        # Each spectrum alone is turned upside down, within its own range.
        upside = members.max(axis=1, keepdims=True) + members.min(axis=1, keepdims=True) - members
        turned = own / np.maximum(_nearest(_shapes(upside), members, same)[0], _TINY)
        shift, gain = _best_shift(data, rows, same, own, window)
        foreign, conflict = _other_class(data, shape, rows, own)
        for place, row in enumerate(rows.tolist()):
            odd = ratio[place] > OUTSTANDING
            apart = f"{ratio[place]:.1f} times as far from its nearest of class {name} as usual"
            extreme = bool(ratio[place] > EXTREME_DISTANCE)
            flipped = alike[place] < -LIKENESS and turned[place] > TURNED
            if odd and flipped and turned[place] > gain[place]:
                reason = (
                    f"correlation {alike[place]:.2f} with the median of class {name}, "
                    f"{turned[place]:.1f} times nearer to it if turned"
                )
                yield Objection(row, "upside down", f"{reason}; {apart}", bool(far[place]))
            elif odd and gain[place] > GAIN:
                reason = (
                    f"{gain[place]:.1f} times nearer to class {name} if moved by "
                    f"{shift[place]:+.1f} eV"
                )
                yield Objection(row, "shift", f"{reason}; {apart}", extreme)
            elif conflict[place] > CONFLICT:
                reason = (
                    f"{conflict[place]:.1f} times nearer to class {foreign[place]} than to its own "
                    f"{name}"
                )
                yield Objection(row, "other class", f"{reason}; {apart}", extreme)
            elif far[place]:
                yield Objection(row, "shape", apart, extreme)


def _shapes(mu: Float[np.ndarray, "site grid"]) -> Float[np.ndarray, "site grid"]:
    return mu / np.maximum(np.abs(mu).mean(axis=1, keepdims=True), _TINY)


def _nearest(
    some: Float[np.ndarray, "site grid"],
    others: Float[np.ndarray, "other grid"],
    same: Bool[np.ndarray, "site other"],
) -> tuple[Float[np.ndarray, " site"], Int[np.ndarray, "site near"]]:
    """Mean distance to the nearest that are not of the same atom, and which these are."""
    distances = np.where(same, np.inf, cdist(some, others))
    order = np.argsort(distances, axis=1)[:, :NEAREST]
    return np.take_along_axis(distances, order, axis=1).mean(axis=1), order


def _best_shift(
    data: SiteSpectra,
    rows: np.ndarray,
    same: Bool[np.ndarray, "member member"],
    own: Float[np.ndarray, " member"],
    window: Window,
) -> tuple[Float[np.ndarray, " member"], Float[np.ndarray, " member"]]:
    """Move each spectrum alone in energy: which move brings it nearest to its class, by how much.

    Nothing is extrapolated: it is compared on the part of the window for which it has energies.
    """
    energy, mu, grid = data.energy, data.mu[rows], window.grid
    best, gain = np.zeros(len(rows)), np.zeros(len(rows))
    now = own / np.sqrt(len(grid))
    for shift in SHIFTS:
        part = grid[covered(energy, grid + shift)]
        if len(part) < OVERLAP * len(grid):
            continue
        moved, still = (_shapes(resample(energy, mu, part + by)) for by in (shift, 0))
        nearer = now / np.maximum(_nearest(moved, still, same)[0] / np.sqrt(len(part)), _TINY)
        better = nearer > gain
        best[better], gain[better] = shift, nearer[better]
    # What lies too high must be moved down.
    return -best, gain


def _other_class(
    data: SiteSpectra,
    shape: Float[np.ndarray, "site grid"],
    rows: np.ndarray,
    own: Float[np.ndarray, " member"],
) -> tuple[list[str], Float[np.ndarray, " member"]]:
    """Find the class nearest to each site but its own, and how much nearer than its own it is."""
    others = np.setdiff1d(np.arange(len(data)), rows)
    if len(others) < NEAREST:
        return [""] * len(rows), np.zeros(len(rows))
    atom, environment = data.groups("atom"), data.environment[others]
    mean, order = _nearest(shape[rows], shape[others], atom[rows, None] == atom[others])
    names = [Counter(environment[near].tolist()).most_common(1)[0][0] for near in order]
    return names, own / np.maximum(mean, _TINY)
