"""Which sites of two datasets are the same atom: by snapshot name, failing that by structure."""

from collections.abc import Mapping

import numpy as np
from ase import Atoms
from jaxtyping import Int

from nearedge.datasets._sites import SiteSpectra

TOLERANCE = 0.05
"""How far an atom may be from its place in the other structure, Å: files round positions."""


def same_structure(
    first: Atoms, second: Atoms, tolerance: float = TOLERANCE, *, drift: bool = False
) -> bool:
    """Tell whether two structures are the same, atom by atom in the same order.

    Cells may be turned in space, atoms may be in another periodic image and, where a `drift` is
    allowed, all moved together. The tolerance, in Å, is that of places and of the cells' edges;
    cell angles may differ by 0.1 degrees.

    Examples
    --------
    >>> from ase.build import bulk
    >>> salt = bulk("MgO", "rocksalt", a=4.2, cubic=True)
    >>> moved = salt.copy()
    >>> moved.positions += moved.cell[0]
    >>> same_structure(salt, moved), same_structure(salt, bulk("MgO", "rocksalt", a=4.2))
    (True, False)
    """
    if not np.array_equal(first.numbers, second.numbers):
        return False
    apart = first.positions - second.positions
    if first.cell.rank == second.cell.rank == 3:
        edges, angles = np.split(np.abs(first.cell.cellpar() - second.cell.cellpar()), 2)
        if edges.max() > tolerance or angles.max() > 0.1:
            return False
        apart = first.get_scaled_positions(wrap=False) - second.get_scaled_positions(wrap=False)
        # A short vector is short in fractions of the cell too, so this wraps it rightly.
        apart = (apart - np.round(apart)) @ first.cell.array
    if drift:
        apart -= np.median(apart, axis=0)
    return bool(np.linalg.norm(apart, axis=1).max() < tolerance)


def match_snapshots(first: Mapping[str, Atoms], second: Mapping[str, Atoms]) -> dict[str, str]:
    """Find the snapshots that two datasets share: names in the second by names in the first.

    One name for one structure is matched first; a name that means another structure in the other
    dataset matches nothing by itself.
    """
    pairs = {
        name: name
        for name, atoms in first.items()
        if name in second and same_structure(atoms, second[name])
    }
    left = [name for name in second if name not in pairs]
    for name, atoms in first.items():
        if name not in pairs:
            twin = next((other for other in left if same_structure(atoms, second[other])), None)
            if twin is not None:
                pairs[name] = twin
                left.remove(twin)
    return {name: pairs[name] for name in first if name in pairs}


def match_sites(
    first: SiteSpectra, second: SiteSpectra
) -> tuple[Int[np.ndarray, " site"], Int[np.ndarray, " site"]]:
    """Find the atoms of which both datasets have a spectrum: their rows in either."""
    pairs = match_snapshots(first.structures, second.structures)
    sites, others = (
        {place: row for row, place in enumerate(zip(*columns, strict=True))}
        for columns in (
            ([pairs.get(name) for name in first.snapshot.tolist()], first.atom.tolist()),
            (second.snapshot.tolist(), second.atom.tolist()),
        )
    )
    shared = [(row, others[place]) for place, row in sites.items() if place in others]
    rows, matched = np.array(shared, int).reshape(-1, 2).T
    return rows, matched
