"""Copies: the same sites under two names, which a split would put on both sides."""

import numpy as np
from jaxtyping import Bool, Float

from nearedge.datasets._sites import SiteSpectra
from nearedge.datasets.matching import same_structure
from nearedge.errors import InputError

POINTS = 8
"""Intensities that a spectrum is recognised by, whatever its scale."""

SAME = 1e-3
"""Distance of two such prints, each of length one, below which they are of one spectrum.

Different sites of disordered cells are ten times farther apart and more.
"""

MANY = 0.5
"""Share of a group's sites that are copies from which the group is another one again."""


def prints(mu: Float[np.ndarray, "site energy"]) -> Float[np.ndarray, "site point"]:
    """Sum up spectra by a few intensities, scaled to the length one."""
    places = np.linspace(0, mu.shape[1] - 1, min(POINTS, mu.shape[1])).round().astype(int)
    few = mu[:, places]
    return (few / np.maximum(np.linalg.norm(few, axis=1, keepdims=True), 1e-300)).astype(np.float32)


def copied(
    some: Float[np.ndarray, "site point"], others: Float[np.ndarray, "other point"]
) -> Bool[np.ndarray, " site"]:
    """Tell which prints are found among others."""
    from scipy.spatial import KDTree

    return KDTree(others).query(some, distance_upper_bound=SAME)[0] < SAME


def check_copies(data: SiteSpectra, by: str) -> None:
    """Refuse a dataset in which one group is another one again, under another name.

    Parameters
    ----------
    data : SiteSpectra
    by : str
        What is to be kept apart, see `SiteSpectra.groups`.

    Raises
    ------
    InputError
        If at least half of a group's spectra are those of another one, or a structure is that of
        another one.
    """
    from scipy.spatial import KDTree

    names, group = np.unique(data.groups(by), return_inverse=True)
    marks = prints(data.mu)
    pairs = KDTree(marks).query_pairs(SAME, output_type="ndarray")
    pairs = pairs[group[pairs[:, 0]] != group[pairs[:, 1]]]
    for pair in (pairs, pairs[:, ::-1]):
        for first in np.unique(group[pair[:, 0]]):
            own = pair[group[pair[:, 0]] == first]
            count = len(np.unique(own[:, 0]))
            total = int((group == first).sum())
            if count >= max(MANY * total, 1):
                other = np.bincount(group[own[:, 1]]).argmax()
                raise _refusal(
                    data, by, str(names[first]), str(names[other]), f"{count} of {total} spectra"
                )
    if by != "atom":
        _check_structures(data, by, dict(zip(data.snapshot.tolist(), group.tolist(), strict=True)))


def _check_structures(data: SiteSpectra, by: str, group: dict[str, int]) -> None:
    names = np.unique(data.groups(by))
    alike: dict[bytes, list[str]] = {}
    for name, atoms in data.structures.items():
        key = atoms.numbers.tobytes() + atoms.cell.cellpar().round(1).tobytes()
        for other in alike.setdefault(key, []):
            apart = group[name] != group[other]
            if apart and same_structure(atoms, data.structures[other]):
                first, second = names[group[name]], names[group[other]]
                raise _refusal(data, by, first, second, f"the structure '{other}' as '{name}'")
        alike[key].append(name)


def _refusal(data: SiteSpectra, by: str, first: str, second: str, what: str) -> InputError:
    return InputError(
        f"{data.source}: {by} '{first}' is '{second}' again under another name ({what}), so that "
        f"a split by {by} would put copies on both sides; remove one of them"
    )
