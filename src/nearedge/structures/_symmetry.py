"""Atoms of a crystal that symmetry makes equal, by spglib (Togo, Shinohara and Tanaka 2024)."""

import warnings
from typing import Any

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
    found = _ask("get_symmetry_dataset", atoms) if atoms.pbc.all() else None
    return np.arange(len(atoms)) if found is None else np.asarray(found.equivalent_atoms, int)


def space_group(atoms: Atoms) -> int:
    """Find the number of the space group of a crystal, 1 where no symmetry is found."""
    found = _ask("get_symmetry_dataset", atoms) if atoms.pbc.all() else None
    return 1 if found is None else int(found.number)


def primitive_cell(atoms: Atoms) -> Atoms:
    """Reduce a crystal to its primitive cell, without moving its atoms."""
    cell = _ask("standardize_cell", atoms, to_primitive=True, no_idealize=True)
    if cell is None:
        return atoms
    lattice, positions, numbers = cell
    return Atoms(numbers, scaled_positions=positions, cell=lattice, pbc=True)


def _ask(question: str, atoms: Atoms, **options: bool) -> Any:
    import spglib

    cell = (atoms.cell.array, atoms.get_scaled_positions(), atoms.numbers)
    # spglib 2.7 warns that it will raise some day where it now returns None.
    with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
        return getattr(spglib, question)(cell, symprec=_TOLERANCE, **options)
