"""Whether a structure is physical enough to compute a spectrum from."""

import numpy as np
from ase import Atoms
from ase.data import atomic_numbers, covalent_radii
from ase.neighborlist import neighbor_list

from nearedge.targets import dimer_distance

# Least distance of two atoms, as a part of the sum of their covalent radii
# (Cordero et al., Dalton Trans. 2008, 2832, as ASE tabulates them).
_CLOSEST = 0.75
# The same of two anions of one element that may be bonded: below 1.8 Å for O.
_BONDED = 1.36


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
    radii = covalent_radii[atoms.numbers]
    first, second, distance = neighbor_list("ijd", atoms, float(2 * _BONDED * radii.max()))
    ratio = distance / (radii[first] + radii[second])
    if len(ratio) and ratio.min() < _CLOSEST:
        i, j = int(first[ratio.argmin()]), int(second[ratio.argmin()])
        return (
            f"{atoms.symbols[i]} {i} and {atoms.symbols[j]} {j} are {distance[ratio.argmin()]:.2f} "
            "Angstrom apart"
        )
    for element in sorted(set(atoms.symbols)):
        if dimer_distance(element) is None:
            continue
        bonded = round(2 * _BONDED * float(covalent_radii[atomic_numbers[element]]), 1)
        pairs = (atoms.symbols[first] == element) & (atoms.symbols[second] == element)
        counts = np.bincount(first[pairs & (distance < bonded)], minlength=len(atoms))
        if counts.max() > 1:
            return (
                f"{element} {counts.argmax()} has {counts.max()} {element} neighbours within "
                f"{bonded:g} Angstrom"
            )
    return None
