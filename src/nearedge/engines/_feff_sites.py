"""One absorber as FEFF sees it: its cluster, and which potential stands for each atom."""

from dataclasses import dataclass

import numpy as np
from ase import Atoms
from ase.data import chemical_symbols
from ase.neighborlist import neighbor_list

from nearedge.structures.clusters import Cluster


@dataclass(frozen=True)
class FeffSite:
    """One absorber as FEFF sees it: its cluster and the potential type of each atom."""

    cluster: Cluster
    partner: np.ndarray
    elements: tuple[int, ...]

    @property
    def kind(self) -> str:
        """Sites of one kind can share potentials: the same types, and the same dimer if any."""
        surroundings = "".join(chemical_symbols[number] for number in self.elements)
        if not self.partner.any():
            return f"in_{surroundings}"
        # A dimer is named by its first atom.
        first = min(self.cluster.atom[0], *self.cluster.atom[self.partner])
        return f"in_{surroundings}_dimer{first}"


def potential_types(atoms: Atoms, site: FeffSite) -> np.ndarray:
    """Potential type of each atom of a cluster: absorber 0, then elements, then the partner."""
    order = {number: place for place, number in enumerate(site.elements, start=1)}
    types = np.array([order.get(int(number), 0) for number in atoms.numbers[site.cluster.atom]])
    types[site.partner] = len(order) + 1
    types[0] = 0
    return types


def unusualness(atoms: Atoms, width: float = 2.5) -> np.ndarray:
    """Squared distance of each atom's surroundings from the mean of its element.

    Surroundings are, per element, the sum over neighbours of exp(-(distance / width)^2).
    """
    centre, neighbour, distance = neighbor_list("ijd", atoms, 2.4 * width)
    weight = np.exp(-((distance / width) ** 2))
    unusual = np.zeros(len(atoms))
    for surrounding in np.unique(atoms.numbers):
        chosen = atoms.numbers[neighbour] == surrounding
        density = np.bincount(centre[chosen], weight[chosen], minlength=len(atoms))
        for element in np.unique(atoms.numbers):
            same = atoms.numbers == element
            deviation = density[same] - density[same].mean()
            # Below a thousandth of a neighbour, differences are rounding errors.
            unusual[same] += (deviation / max(deviation.std(), 1e-3)) ** 2
    return unusual
