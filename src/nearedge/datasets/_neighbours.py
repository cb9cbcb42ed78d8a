"""Spectra that do not resemble those of their own class: which, how far off, and in what way."""

from collections import Counter
from collections.abc import Iterator

import numpy as np
from jaxtyping import Bool, Float
from scipy.spatial.distance import cdist

from nearedge.datasets._limits import QualityLimits
from nearedge.datasets._sites import SiteSpectra
from nearedge.spectra import Window, resample

Objection = tuple[int, str, str, bool]
"""Row of the site, name of the test, reason, and whether the site is to be rejected."""

# A median of zero (copies of one spectrum) must not divide.
_TINY = 1e-9


def judged_window(data: SiteSpectra) -> Window:
    """Give the window in which spectra are compared: the default, or all energies there are."""
    window = Window()
    low, high = float(data.energy[0]), float(data.energy[-1])
    if low <= window.minimum and high >= window.maximum:
        return window
    return Window(low, high, window.points)


def compared_classes(data: SiteSpectra, limits: QualityLimits) -> list[str]:
    """Name the classes whose spectra can be compared: of enough sites, and of enough atoms."""
    environment, atom = data.environment, data.groups("atom")
    return [
        name
        for name, count in data.counts().items()
        if count >= limits.members and len(set(atom[environment == name])) > limits.nearest
    ]


def odd_scales(data: SiteSpectra, limits: QualityLimits) -> Iterator[Objection]:
    """Compare the mean intensity of each spectrum with the median of its class.

    Classes with fewer than `limits.members` sites are compared with all sites, and only a
    rejection is made of it.
    """
    level = np.log(np.maximum(data.inputs(judged_window(data)).mean(axis=1), _TINY))
    environment = data.environment
    for name in data.classes:
        rows = np.flatnonzero(environment == name)
        few = len(rows) < limits.members
        others = level if few else level[rows]
        if len(others) < limits.members:
            continue
        usual = np.median(others)
        spread = 1.4826 * np.median(np.abs(others - usual))
        allowed = max(limits.deviations * spread, np.log(limits.scale))
        for row in rows:
            apart = abs(level[row] - usual)
            rejected = bool(apart > np.log(limits.extreme_scale))
            if rejected or (not few and apart > allowed):
                yield (
                    int(row),
                    "scale",
                    f"mean intensity is {np.exp(level[row] - usual):.3g} times the median of "
                    + ("all sites" if few else f"class {name}"),
                    rejected,
                )


def odd_shapes(data: SiteSpectra, limits: QualityLimits) -> Iterator[Objection]:
    """Compare the shape of each spectrum with its nearest in the same class and in the others.

    Spectra are divided by their mean in the window; what is compared is the mean Euclidean
    distance to the `limits.nearest` nearest spectra of other atoms: the same atom in another
    snapshot of its trajectory may be all but a copy. Of a site that stands out, the most telling
    reason is given: upside down, shifted in energy, like another class, or merely odd.
    """
    window = judged_window(data)
    shape = _shapes(data.inputs(window))
    environment, atom = data.environment, data.groups("atom")
    for name in compared_classes(data, limits):
        rows = np.flatnonzero(environment == name)
        same = atom[rows, None] == atom[rows]
        own = _own_distances(shape[rows], same, limits.nearest)
        usual = float(np.median(own))
        ratio = own / max(usual, _TINY)
        # Skewed: the logarithm is what spreads evenly about the median.
        logs = np.log(np.maximum(ratio, _TINY))
        spread = 1.4826 * float(np.median(np.abs(logs)))
        far = logs > max(limits.deviations * spread / 2, np.log(limits.distance))
        alike = _likeness(shape[rows])
        turned = own / np.maximum(_turned_distances(shape[rows], same, limits.nearest), _TINY)
        shift, gain = _best_shift(data, rows, same, own, window, limits)
        foreign, conflict = _other_class(data, shape, rows, own, limits)
        for place, row in enumerate(rows):
            odd = ratio[place] > limits.outstanding
            said = f"{ratio[place]:.1f} times as far from its nearest of class {name} as usual"
            extreme = bool(ratio[place] > limits.extreme_distance)
            flipped = alike[place] < -limits.likeness and turned[place] > limits.turned
            if odd and flipped and turned[place] > gain[place]:
                reason = (
                    f"correlation {alike[place]:.2f} with the median of class {name}, "
                    f"{turned[place]:.1f} times nearer to it if turned"
                )
                yield int(row), "upside down", f"{reason}; {said}", bool(far[place])
            elif odd and gain[place] > limits.gain:
                reason = (
                    f"{gain[place]:.1f} times nearer to class {name} if moved by "
                    f"{shift[place]:+.1f} eV"
                )
                yield int(row), "shift", f"{reason}; {said}", extreme
            elif conflict[place] > limits.conflict:
                reason = (
                    f"{conflict[place]:.1f} times nearer to class {foreign[place]} than to its own "
                    f"{name}"
                )
                yield int(row), "other class", f"{reason}; {said}", extreme
            elif far[place]:
                yield int(row), "shape", said, extreme


def _shapes(mu: Float[np.ndarray, "site grid"]) -> Float[np.ndarray, "site grid"]:
    return mu / np.maximum(np.abs(mu).mean(axis=1, keepdims=True), _TINY)


def _nearest(
    distances: Float[np.ndarray, "site other"], same: Bool[np.ndarray, "site other"], count: int
) -> Float[np.ndarray, " site"]:
    """Mean distance to the nearest that are not of the same atom."""
    return np.sort(np.where(same, np.inf, distances), axis=1)[:, :count].mean(axis=1)


def _own_distances(
    shape: Float[np.ndarray, "site grid"], same: Bool[np.ndarray, "site site"], count: int
) -> Float[np.ndarray, " site"]:
    return _nearest(cdist(shape, shape), same, count)


def _turned_distances(
    shape: Float[np.ndarray, "site grid"], same: Bool[np.ndarray, "site site"], count: int
) -> Float[np.ndarray, " site"]:
    """Turn each spectrum alone upside down, within its own range, and look for its nearest."""
    turned = shape.max(axis=1, keepdims=True) + shape.min(axis=1, keepdims=True) - shape
    return _nearest(cdist(_shapes(turned), shape), same, count)


def _likeness(shape: Float[np.ndarray, "site grid"]) -> Float[np.ndarray, " site"]:
    """Correlate each spectrum with the median of all."""
    middle = np.median(shape, axis=0)
    middle = middle - middle.mean()
    centred = shape - shape.mean(axis=1, keepdims=True)
    lengths = np.linalg.norm(centred, axis=1) * np.linalg.norm(middle)
    return centred @ middle / np.maximum(lengths, _TINY)


def _best_shift(
    data: SiteSpectra,
    rows: np.ndarray,
    same: Bool[np.ndarray, "member member"],
    own: Float[np.ndarray, " member"],
    window: Window,
    limits: QualityLimits,
) -> tuple[Float[np.ndarray, " member"], Float[np.ndarray, " member"]]:
    """Move each spectrum alone in energy: which move brings it nearest to its class, by how much.

    Nothing is extrapolated: as moved and as it stands, a spectrum is compared on the part of the
    window for which it has energies, which must be `limits.overlap` of the window or more.
    """
    energy, mu, grid = data.energy, data.mu[rows], window.grid
    best, gain = np.zeros(len(rows)), np.zeros(len(rows))
    now = own / np.sqrt(len(grid))
    for size in limits.shifts:
        for shift in (size, -size):
            part = grid[(grid + shift >= energy[0]) & (grid + shift <= energy[-1])]
            if len(part) < limits.overlap * len(grid):
                continue
            moved = _shapes(resample(energy, mu, part + shift))
            distances = cdist(moved, _shapes(resample(energy, mu, part)))
            then = _nearest(distances, same, limits.nearest) / np.sqrt(len(part))
            nearer = now / np.maximum(then, _TINY)
            better = nearer > gain
            best[better], gain[better] = shift, nearer[better]
    # What lies too high must be moved down.
    return -best, gain


def _other_class(
    data: SiteSpectra,
    shape: Float[np.ndarray, "site grid"],
    rows: np.ndarray,
    own: Float[np.ndarray, " member"],
    limits: QualityLimits,
) -> tuple[list[str], Float[np.ndarray, " member"]]:
    """Find the class nearest to each site but its own, and how much nearer than its own it is."""
    others = np.setdiff1d(np.arange(len(data)), rows)
    if len(others) < limits.nearest:
        return [""] * len(rows), np.zeros(len(rows))
    atom = data.groups("atom")
    distances = cdist(shape[rows], shape[others])
    distances[atom[rows, None] == atom[others]] = np.inf
    order = np.argsort(distances, axis=1)[:, : limits.nearest]
    mean = np.take_along_axis(distances, order, axis=1).mean(axis=1)
    environment = data.environment[others]
    names = [Counter(environment[near].tolist()).most_common(1)[0][0] for near in order]
    return names, own / np.maximum(mean, _TINY)
