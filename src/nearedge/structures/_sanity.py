"""Whether a structure is physical enough to compute a spectrum from."""

import numpy as np
from ase import Atoms
from ase.data import atomic_numbers, covalent_radii
from ase.neighborlist import neighbor_list

from nearedge.targets import dimer_distance, neighbour_distances

# Least distance of two atoms, as a part of the sum of their covalent radii
# (Cordero et al., Dalton Trans. 2008, 2832, as ASE tabulates them).
_CLOSEST = 0.75
# The same of two anions of one element that may be bonded: below 1.8 Å for O.
_BONDED = 1.36


def closest_pair(atoms: Atoms, part: float) -> tuple[int, int, float] | None:
    """Find the atoms whose distance, in Å, is the least part of their covalent radii, if below."""
    radii = covalent_radii[atoms.numbers]
    first, second, distance = neighbor_list("ijd", atoms, float(2 * part * radii.max()))
    ratio = distance / (radii[first] + radii[second])
    if not len(ratio) or ratio.min() >= part:
        return None
    worst = ratio.argmin()
    return int(first[worst]), int(second[worst]), float(distance[worst])


def unsoundness(atoms: Atoms) -> str | None:
    """Say what is wrong with a structure: atoms too close, anions in threes; None if it is sound.

    Examples
    --------
    >>> unsoundness(Atoms("O3", [[0, 0, 0], [1.4, 0, 0], [2.8, 0, 0]]))
    'O 1 has 2 O neighbours within 1.8 Angstrom'
    >>> unsoundness(Atoms("O2", [[0, 0, 0], [1.4, 0, 0]])) is None
    True
    """
    if not np.isfinite(atoms.positions).all():
        return "positions are not finite"
    if pair := closest_pair(atoms, _CLOSEST):
        i, j, distance = pair
        return (
            f"{atoms.symbols[i]} {i} and {atoms.symbols[j]} {j} are {distance:.2f} Angstrom apart"
        )
    for element in sorted(set(atoms.symbols)):
        if dimer_distance(element) is None:
            continue
        bonded = round(2 * _BONDED * float(covalent_radii[atomic_numbers[element]]), 1)
        sites = np.flatnonzero(atoms.symbols == element)
        place, _ = neighbour_distances(atoms, sites, element, bonded)
        counts = np.bincount(place, minlength=len(sites))
        if (most := counts.max()) > 1:
            atom = f"{element} {sites[counts.argmax()]}"
            return f"{atom} has {most} {element} neighbours within {bonded:g} Angstrom"
    return None
