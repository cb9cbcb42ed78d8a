"""Atoms of a crystal that symmetry makes equal, by spglib (Togo, Shinohara and Tanaka 2024)."""

import warnings

import numpy as np
from ase import Atoms
from jaxtyping import Int

# Å within which atoms count as mapped onto each other: published coordinates are rounded so.
_TOLERANCE = 0.02


def equivalent_atoms(atoms: Atoms) -> Int[np.ndarray, " atom"]:
    """Find the first atom that the space group maps onto each; itself where there is no symmetry.

    Examples
    --------
    >>> from ase.build import bulk
    >>> equivalent_atoms(bulk("MgO", "rocksalt", a=4.2, cubic=True)).tolist()
    [0, 1, 0, 1, 0, 1, 0, 1]
    """
    symmetry = _symmetry(atoms)
    return np.arange(len(atoms)) if symmetry is None else symmetry[1]


def space_group(atoms: Atoms) -> int:
    """Find the number of the space group of a crystal, 1 where no symmetry is found."""
    symmetry = _symmetry(atoms)
    return 1 if symmetry is None else symmetry[0]


def primitive_cell(atoms: Atoms) -> Atoms:
    """Reduce a crystal to its primitive cell, without moving its atoms."""
    import spglib

    with _quiet():
        cell = spglib.standardize_cell(
            _cell(atoms), to_primitive=True, no_idealize=True, symprec=_TOLERANCE
        )
    if cell is None:
        return atoms
    lattice, positions, numbers = cell
    return Atoms(numbers, scaled_positions=positions, cell=lattice, pbc=True)


def _symmetry(atoms: Atoms) -> tuple[int, np.ndarray] | None:
    """Number of the space group and first atom of each orbit, of crystals periodic all round."""
    if not atoms.pbc.all():
        return None
    import spglib

    with _quiet():
        symmetry = spglib.get_symmetry_dataset(_cell(atoms), symprec=_TOLERANCE)
    if symmetry is None:
        return None
    return int(symmetry.number), np.asarray(symmetry.equivalent_atoms, int)


def _quiet() -> warnings.catch_warnings:
    # spglib 2.7 warns that it will raise some day where it now returns None.
    return warnings.catch_warnings(action="ignore", category=DeprecationWarning)


def _cell(atoms: Atoms) -> tuple[list[list[float]], list[list[float]], list[int]]:
    positions = atoms.get_scaled_positions()
    return atoms.cell.array.tolist(), positions.tolist(), atoms.numbers.tolist()
