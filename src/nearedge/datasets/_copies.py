"""Copies: the same sites under two names, which a split would put on both sides."""

from collections.abc import Iterator, Mapping
from itertools import pairwise, zip_longest

import numpy as np
from ase import Atoms
from jaxtyping import Bool, Float, Int
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import KDTree

from nearedge.datasets._sites import SiteSpectra
from nearedge.datasets._table import Objection
from nearedge.datasets.matching import TOLERANCE, same_structure
from nearedge.errors import InputError
from nearedge.targets import neighbour_distances

POINTS = 8  # intensities that a spectrum is recognised by, whatever its scale
SAME = 1e-3
"""Distance of two such prints, of length one, of one spectrum: others are ten times apart."""
MANY = 0.5  # share of a group's sites that are copies from which the group is another one again
SAME_SPECTRUM = 1e-6
"""Distance of two whole spectra, each of length one, below which they are the same."""
SAME_POSITION = 0.01  # distance in Å below which an atom is in the same place
APART = ("trajectory", "crystal")  # groups that quality control looks for copies among
REACH = 6.0  # radius in Å within which the surroundings of two atoms are compared

Surroundings = Mapping[str, Float[np.ndarray, " _"]]
"""Sorted distances of the neighbours of each element."""


def prints(mu: Float[np.ndarray, "site energy"]) -> Float[np.ndarray, "site point"]:
    """Sum up spectra by a few intensities, scaled to the length one."""
    places = np.linspace(0, mu.shape[1] - 1, min(POINTS, mu.shape[1])).round().astype(int)
    few = mu[:, places]
    return (few / np.maximum(np.linalg.norm(few, axis=1, keepdims=True), 1e-300)).astype(np.float32)


def copied(
    some: Float[np.ndarray, "site point"], others: Float[np.ndarray, "other point"]
) -> Bool[np.ndarray, " site"]:
    """Tell which prints are found among others."""
    return KDTree(others).query(some, distance_upper_bound=SAME)[0] < SAME


def check_copies(data: SiteSpectra, by: str) -> None:
    """Refuse a dataset in which one group is another one again, under another name.

    It is if half of its spectra, or a structure, are those of the other; see `SiteSpectra.groups`.
    """
    for name, other, what, _ in _group_copies(data, by):
        remedy = "remove one of them"
        if by in APART:
            remedy = f"nearedge dataset check {data.source} -o CLEAN writes it without such copies"
        raise InputError(
            f"{data.source}: {by} '{name}' is '{other}' again under another name ({what}), so that "
            f"a split by {by} would put copies on both sides; {remedy}"
        )


def same_groups(data: SiteSpectra) -> Iterator[Objection]:
    """Find the sites for which `check_copies` refuses a dataset, all but the first of each."""
    doubled = np.zeros(len(data), bool)
    for by in (by for by in APART if by in data.group_names):
        for name, other, what, rows in _group_copies(data, by):
            for row in rows[~doubled[rows]].tolist():
                reason = f"its {by} '{name}' is '{other}' again under another name ({what})"
                yield Objection(row, f"same {by}", reason)
            doubled[rows] = True


def _group_copies(
    data: SiteSpectra, by: str
) -> Iterator[tuple[str, str, str, Int[np.ndarray, " row"]]]:
    """Find groups that are others again: name, the other's, how far, and the sites copied."""
    unique, group = np.unique(data.groups(by), return_inverse=True)
    names: list[str] = unique.tolist()
    if len(names) < 2:
        return
    kept = np.ones(len(data), bool)
    pairs = KDTree(prints(data.mu)).query_pairs(SAME, output_type="ndarray")
    pairs = pairs[group[pairs[:, 0]] != group[pairs[:, 1]]]
    for pair in (pairs[:, ::-1], pairs):
        for first in np.unique(group[pair[:, 0]]).tolist():
            own = pair[(group[pair[:, 0]] == first) & kept[pair].all(axis=1)]
            rows, total = np.unique(own[:, 0]), int((kept & (group == first)).sum())
            if len(rows) >= max(MANY * total, 1):
                other = int(np.bincount(group[own[:, 1]]).argmax())
                yield names[first], names[other], f"{len(rows)} of {total} spectra", rows
                kept[rows] = False
    if by != "atom":
        group_of = dict(zip(data.snapshot[kept].tolist(), group[kept].tolist(), strict=True))
        for name, earlier in _repeated({name: data.structures[name] for name in group_of}):
            first, other = group_of[name], group_of[earlier]
            if first != other:
                rows = np.flatnonzero(kept & (data.snapshot == name))
                what = f"the structure '{earlier}' as '{name}'"
                yield names[first], names[other], what, rows


def _repeated(
    structures: Mapping[str, Atoms], tolerance: float = TOLERANCE, *, drift: bool = False
) -> Iterator[tuple[str, str]]:
    """Find the structures that are an earlier one again: name, and name of the earlier one."""
    alike: dict[bytes, list[str]] = {}
    for name, atoms in structures.items():
        originals = alike.setdefault(atoms.numbers.tobytes(), [])
        for earlier in originals:
            if same_structure(atoms, structures[earlier], tolerance, drift=drift):
                yield name, earlier
                break
        else:
            originals.append(name)


def same_structures(data: SiteSpectra) -> Iterator[Objection]:
    """Find sites of a snapshot that is an earlier one again, but for a drift of all atoms."""
    for name, earlier in _repeated(data.structures, SAME_POSITION, drift=True):
        taken = set(data.atom[data.snapshot == earlier].tolist())
        for row in np.flatnonzero(data.snapshot == name):
            again = int(data.atom[row]) in taken
            reason = f"its snapshot is the structure of '{earlier}' again" + (
                ", which has this atom too" if again else ""
            )
            yield Objection(int(row), "same structure", reason, again)


def same_spectra(data: SiteSpectra) -> Iterator[Objection]:
    """Find sites with the spectrum of another, but for a factor.

    Equal surroundings explain that: then all but the first are doubted, since copies teach nothing
    and score too well. Otherwise the spectrum cannot be that of both, and none of them is kept.
    """
    mu = data.mu
    lengths = np.linalg.norm(mu, axis=1)
    tree = KDTree(mu / np.where(lengths > 0, lengths, 1)[:, None])
    pairs = tree.query_pairs(SAME_SPECTRUM, output_type="ndarray")
    graph = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), (len(data), len(data)))
    _, group = connected_components(graph, directed=False)
    for number in np.unique(group[pairs[:, 0]]):
        rows = np.flatnonzero(group == number)
        around = [_surroundings(data, row) for row in rows.tolist()]
        equal = all(_same_surroundings(*pair) for pair in pairwise(around))
        for row in rows[1:] if equal else rows:
            other = rows[0] if row != rows[0] else rows[1]
            factor = lengths[row] / lengths[other]
            times = "" if abs(factor - 1) < 1e-4 else f" times {factor:.4g}"
            why = "in equal surroundings" if equal else "though their surroundings differ"
            twin = f"spectrum of '{data.snapshot[other]}' atom {data.atom[other]}{times}"
            yield Objection(int(row), "same spectrum", f"has the {twin}, {why}", not equal)


def _surroundings(data: SiteSpectra, row: int) -> Surroundings:
    atoms, site = data.structures[data.snapshot[row]], data.atom[[row]]
    elements = sorted(set(atoms.get_chemical_symbols()))
    return {each: np.sort(neighbour_distances(atoms, site, each, REACH)[1]) for each in elements}


def _same_surroundings(first: Surroundings, second: Surroundings) -> bool:
    # A neighbour right at the edge may be counted for one and not for the other.
    return first.keys() == second.keys() and all(
        abs(near - also) <= SAME_POSITION
        for element, distances in first.items()
        for near, also in zip_longest(distances, second[element], fillvalue=REACH)
    )
