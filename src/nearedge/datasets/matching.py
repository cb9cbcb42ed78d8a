"""Which sites of two datasets are the same atom: by snapshot name, failing that by structure."""

from collections.abc import Mapping

import numpy as np
from ase import Atoms
from jaxtyping import Int

from nearedge.datasets._sites import SiteSpectra

TOLERANCE = 0.05
"""How far an atom may be from its place in the other structure, Å: files round positions."""


def same_structure(first: Atoms, second: Atoms, tolerance: float = TOLERANCE) -> bool:
    """Tell whether two structures are the same, atom by atom in the same order.

    Cells may be turned in space and atoms may be in another periodic image.

    Parameters
    ----------
    first, second : ase.Atoms
        The structures.
    tolerance : float
        Largest distance in Å between the two places of an atom, and largest difference of the
        cells' edges; cell angles may differ by 0.1 degrees.

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
    if not (first.cell.rank == second.cell.rank == 3):
        return bool(np.linalg.norm(first.positions - second.positions, axis=1).max() < tolerance)
    ours, theirs = first.cell.cellpar(), second.cell.cellpar()
    if np.abs(ours[:3] - theirs[:3]).max() > tolerance or np.abs(ours[3:] - theirs[3:]).max() > 0.1:
        return False
    apart = first.get_scaled_positions(wrap=False) - second.get_scaled_positions(wrap=False)
    # A short vector is short in fractions of the cell too, so this wraps it rightly.
    apart -= np.round(apart)
    return bool(np.linalg.norm(apart @ first.cell.array, axis=1).max() < tolerance)


def match_snapshots(
    first: Mapping[str, Atoms], second: Mapping[str, Atoms], tolerance: float = TOLERANCE
) -> dict[str, str]:
    """Find the snapshots that two datasets share.

    Parameters
    ----------
    first, second : mapping of str to ase.Atoms
        Structures by snapshot name.
    tolerance : float
        As in `same_structure`.

    Returns
    -------
    dict of str to str
        Name in `second` by name in `first`. One name for one structure is matched first; a name
        that means another structure in the other dataset matches nothing by itself.
    """
    pairs = {
        name: name
        for name, atoms in first.items()
        if name in second and same_structure(atoms, second[name], tolerance)
    }
    left = [name for name in second if name not in pairs]
    for name, atoms in first.items():
        if name in pairs:
            continue
        alike = next((one for one in left if same_structure(atoms, second[one], tolerance)), None)
        if alike is not None:
            pairs[name] = alike
            left.remove(alike)
    return {name: pairs[name] for name in first if name in pairs}


def match_sites(
    first: SiteSpectra, second: SiteSpectra, tolerance: float = TOLERANCE
) -> tuple[Int[np.ndarray, " site"], Int[np.ndarray, " site"]]:
    """Find the atoms of which both datasets have a spectrum.

    Returns
    -------
    rows, others : int arrays, shape (site,)
        Site ``rows[i]`` of `first` and ``others[i]`` of `second` are of the same atom.
    """
    pairs = match_snapshots(first.structures, second.structures, tolerance)
    places = {
        (str(name), int(atom)): row
        for row, (name, atom) in enumerate(zip(second.snapshot, second.atom, strict=True))
    }
    found = [
        (row, places[pairs[str(name)], int(atom)])
        for row, (name, atom) in enumerate(zip(first.snapshot, first.atom, strict=True))
        if str(name) in pairs and (pairs[str(name)], int(atom)) in places
    ]
    rows, others = np.array(found, int).reshape(-1, 2).T
    return rows, others
