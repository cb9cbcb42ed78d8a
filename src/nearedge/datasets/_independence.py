"""How far snapshots of one trajectory are independent: spectra of one atom against others."""

import itertools
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from nearedge.datasets._sites import SiteSpectra
from nearedge.errors import InputError
from nearedge.spectra import Window
from nearedge.structures import Snapshot


@dataclass(frozen=True)
class Distances:
    """Relative distances between two spectra, over many pairs.

    Attributes
    ----------
    median, lower, upper : float
        Median, first and third quartile.
    pairs : int
        How many pairs.
    """

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
    """Distances between spectra, from the most alike kind of pairs to the least.

    Attributes
    ----------
    same_atom : dict of str to Distances
        One atom in two successive snapshots of its trajectory, by their temperatures and the time
        between them where these are known, e.g. ``1000 K, 100 fs``.
    same_class, other_class : Distances or None
        Two atoms of different trajectories (of different snapshots, if there is only one), of one
        class and of two; None if there are no such pairs.
    """

    same_atom: dict[str, Distances]
    same_class: Distances | None
    other_class: Distances | None

    def to_dict(self) -> dict[str, Any]:
        """Give what JSON can hold."""
        return asdict(self)


def independence(
    data: SiteSpectra, window: Window | None = None, *, pairs: int = 20000, seed: int = 0
) -> Independence:
    """Compare the spectra of one atom in successive snapshots with those of different atoms.

    The distance of two spectra is the root of the summed squares of their difference over that of
    their mean. Where it is as large for one atom in successive snapshots as for two atoms of one
    class, the second snapshot adds as much as another trajectory would.

    Parameters
    ----------
    data : SiteSpectra
        A dataset with trajectories of several snapshots.
    window : Window or None
        The energies that are compared; None means the paper's.
    pairs : int
        Pairs of different atoms that are drawn.
    seed : int
        Seed of that draw.

    Returns
    -------
    Independence

    Raises
    ------
    InputError
        If no atom occurs in two snapshots of a trajectory.
    """
    mu = data.inputs(window)
    same = _successive(data, mu)
    if not same:
        raise InputError(
            f"{data.source}: no atom occurs in two snapshots of a trajectory; there is nothing to "
            "compare"
        )
    first, second = np.random.default_rng(seed).integers(len(data), size=(2, pairs))
    apart = data.groups("trajectory" if len(set(data.trajectory)) > 1 else "snapshot")
    different = apart[first] != apart[second]
    first, second = first[different], second[different]
    alike = data.environment[first] == data.environment[second]
    between = _distance(mu[first], mu[second])
    return Independence(
        {name: Distances.of(np.array(found)) for name, found in sorted(same.items())},
        Distances.of(between[alike]) if alike.any() else None,
        Distances.of(between[~alike]) if (~alike).any() else None,
    )


def _successive(data: SiteSpectra, mu: Float[np.ndarray, "site energy"]) -> dict[str, list[float]]:
    """Distances of one atom's spectra in successive snapshots, by what lies between these."""
    snapshots = {snapshot.name: snapshot for snapshot in data.snapshots()}
    # In the order of time where it is known, of the dataset otherwise.
    order = {name: place for place, name in enumerate(snapshots)}
    found: dict[str, list[float]] = {}
    for trajectory in np.unique(data.trajectory):
        mine = np.flatnonzero(data.trajectory == trajectory)
        names = sorted(
            {str(name) for name in data.snapshot[mine]},
            key=lambda name: (snapshots[name].time or 0.0, order[name]),
        )
        for before, after in itertools.pairwise(names):
            one, other = (mine[data.snapshot[mine] == name] for name in (before, after))
            _, at, to = np.intersect1d(data.atom[one], data.atom[other], return_indices=True)
            if len(at):
                kind = _between(snapshots[before], snapshots[after])
                distances = _distance(mu[one[at]], mu[other[to]])
                found.setdefault(kind, []).extend(distances.tolist())
    return found


def _between(before: Snapshot, after: Snapshot) -> str:
    temperatures = [
        "?" if one.temperature is None else f"{one.temperature:g}" for one in (before, after)
    ]
    said = " to ".join(dict.fromkeys(temperatures)) + " K"
    if before.time is None or after.time is None:
        return said
    return f"{said}, {after.time - before.time:g} fs"


def _distance(
    one: Float[np.ndarray, "pair energy"], other: Float[np.ndarray, "pair energy"]
) -> Float[np.ndarray, " pair"]:
    mean = np.linalg.norm(one + other, axis=1) / 2
    return np.linalg.norm(one - other, axis=1) / mean
