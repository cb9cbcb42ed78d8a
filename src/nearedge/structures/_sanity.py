"""Whether a frame of molecular dynamics is physical enough to compute a spectrum from."""

from dataclasses import dataclass

import numpy as np
from ase import Atoms
from ase.data import covalent_radii
from ase.neighborlist import neighbor_list


@dataclass(frozen=True)
class Sanity:
    """What a frame must satisfy.

    Parameters
    ----------
    closest : float
        Smallest distance of two atoms, as a fraction of the sum of their covalent radii
        (Cordero et al., Dalton Trans. 2008, 2832, as ASE tabulates them).
    dimer_element : str
        Element whose atoms may pair up but not gather in threes.
    dimer_cutoff : float
        Distance in Angstrom below which two of them are bonded.
    """

    closest: float = 0.75
    dimer_element: str = "O"
    dimer_cutoff: float = 1.8

    def objection(self, atoms: Atoms) -> str | None:
        """Say what is wrong with a structure.

        Parameters
        ----------
        atoms : ase.Atoms
            The structure.

        Returns
        -------
        str or None
            The reason to reject it, None if it is sound.

        Examples
        --------
        >>> Sanity().objection(Atoms("O3", [[0, 0, 0], [1.4, 0, 0], [2.8, 0, 0]]))
        'O 1 has 2 O neighbours within 1.8 Angstrom'
        >>> Sanity().objection(Atoms("O2", [[0, 0, 0], [1.4, 0, 0]])) is None
        True
        """
        if not np.isfinite(atoms.positions).all():
            return "positions are not finite"
        radii = covalent_radii[atoms.numbers]
        reach = max(2 * self.closest * radii.max(), self.dimer_cutoff)
        first, second, distance = neighbor_list("ijd", atoms, float(reach))
        ratio = distance / (radii[first] + radii[second])
        if len(ratio) and ratio.min() < self.closest:
            worst = int(ratio.argmin())
            i, j = int(first[worst]), int(second[worst])
            return (
                f"{atoms[i].symbol} {i} and {atoms[j].symbol} {j} are {distance[worst]:.2f} "
                "Angstrom apart"
            )
        symbols = np.array(atoms.get_chemical_symbols())
        bonded = (
            (symbols[first] == self.dimer_element)
            & (symbols[second] == self.dimer_element)
            & (distance < self.dimer_cutoff)
        )
        counts = np.bincount(first[bonded], minlength=len(atoms))
        if len(counts) and counts.max() > 1:
            crowded = int(counts.argmax())
            return (
                f"{self.dimer_element} {crowded} has {counts[crowded]} {self.dimer_element} "
                f"neighbours within {self.dimer_cutoff:g} Angstrom"
            )
        return None
