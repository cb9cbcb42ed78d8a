"""How far snapshots of one trajectory are independent: spectra of one atom against others."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from jaxtyping import Float

from nearedge.datasets._sites import SiteSpectra
from nearedge.errors import InputError
from nearedge.structures import Snapshot

PAIRS = 20000  # pairs of different atoms that are drawn


@dataclass(frozen=True)
class Distances:
    """Relative distances between two spectra, over many pairs: median and quartiles."""

    median: float
    lower: float
    upper: float
    pairs: int

    @classmethod
    def of(cls, values: Float[np.ndarray, " pair"]) -> "Distances":
        """Sum up the distances of some pairs."""
        lower, median, upper = np.quantile(values, [0.25, 0.5, 0.75]).tolist()
        return cls(median, lower, upper, len(values))


@dataclass(frozen=True)
class Independence:
    """Distances between spectra, from the most similar pairs to the least; None of no pairs."""

    same_atom: dict[str, Distances]
    """One atom in two successive snapshots of its trajectory, e.g. of ``1000 K, 100 fs``."""
    same_class: Distances | None
    """Two atoms of different trajectories; of different snapshots, if there is only one."""
    other_class: Distances | None


def independence(data: SiteSpectra) -> Independence:
    """Compare the spectra of one atom in successive snapshots with those of different atoms.

    The distance of two spectra is the root of the summed squares of their difference over that of
    their mean. Where it is as large for one atom in successive snapshots as for two atoms of one
    class, the second snapshot adds as much as another trajectory would.
    """
    mu = data.inputs()
    same = _successive(data, mu)
    if not same:
        raise InputError(
            f"{data.source}: no atom occurs in two snapshots of a trajectory; there is nothing to "
            "compare"
        )
    first, second = np.random.default_rng(0).integers(len(data), size=(2, PAIRS))
    apart = data.groups("trajectory" if len(set(data.trajectory)) > 1 else "snapshot")
    different = apart[first] != apart[second]
    first, second = first[different], second[different]
    alike = data.environment[first] == data.environment[second]
    between = _distance(mu[first], mu[second])
    return Independence(
        {name: Distances.of(np.array(values)) for name, values in sorted(same.items())},
        Distances.of(between[alike]) if alike.any() else None,
        Distances.of(between[~alike]) if (~alike).any() else None,
    )


def _successive(data: SiteSpectra, mu: Float[np.ndarray, "site energy"]) -> dict[str, list[float]]:
    """Distances of one atom's spectra in successive snapshots, by what lies between these."""
    distances: dict[str, list[float]] = {}
    # In the order of time where it is known, of the dataset otherwise.
    frames = sorted(data.snapshots(), key=lambda frame: (frame.trajectory, frame.time or 0.0))
    for before, after in pairwise(frames):
        first, second = (np.flatnonzero(data.snapshot == f.name) for f in (before, after))
        _, at, to = np.intersect1d(data.atom[first], data.atom[second], return_indices=True)
        if len(at) and before.trajectory == after.trajectory:
            apart = _distance(mu[first[at]], mu[second[to]])
            distances.setdefault(_between(before, after), []).extend(apart.tolist())
    return distances


def _between(before: Snapshot, after: Snapshot) -> str:
    stated = (before.temperature, after.temperature)
    temperatures = dict.fromkeys("?" if t is None else f"{t:g}" for t in stated)
    text = " to ".join(temperatures) + " K"
    if before.time is None or after.time is None:
        return text
    return f"{text}, {after.time - before.time:g} fs"


def _distance(
    first: Float[np.ndarray, "pair energy"], second: Float[np.ndarray, "pair energy"]
) -> Float[np.ndarray, " pair"]:
    mean = np.linalg.norm(first + second, axis=1) / 2
    return np.linalg.norm(first - second, axis=1) / mean
