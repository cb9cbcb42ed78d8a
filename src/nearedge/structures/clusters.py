"""Clusters cut out of structures around one atom, for engines that work in real space."""

from dataclasses import dataclass

import numpy as np
from ase import Atoms
from jaxtyping import Float, Int

from nearedge.errors import InputError
from nearedge.targets import image_vectors


@dataclass(frozen=True)
class Cluster:
    """The atoms within a radius of a centre, nearest first, the centre itself at their head."""

    atom: Int[np.ndarray, " atom"]  # index in the structure; images of one atom share it
    position: Float[np.ndarray, "atom 3"]  # Å from the centre

    @property
    def distance(self) -> Float[np.ndarray, " atom"]:
        """Distance of each atom from the centre in Å."""
        return np.linalg.norm(self.position, axis=1)

    def __len__(self) -> int:
        return len(self.atom)


def cut_cluster(atoms: Atoms, centre: int, radius: float) -> Cluster:
    """Cut the cluster within a radius in Å of an atom, periodic images (its own too) included.

    Examples
    --------
    >>> from ase.build import bulk
    >>> cluster = cut_cluster(bulk("MgO", "rocksalt", a=4.2), 1, 2.2)
    >>> len(cluster), cluster.distance.round(2).tolist()
    (7, [0.0, 2.1, 2.1, 2.1, 2.1, 2.1, 2.1])
    """
    if not 0 <= centre < len(atoms):
        raise InputError(f"atom {centre} does not exist; the structure holds {len(atoms)} atoms")
    if not radius > 0:
        raise InputError(f"cluster radius {radius} must be positive (Å)")
    vector = image_vectors(atoms, np.array([centre]), np.arange(len(atoms)), radius)[0]
    distance = np.linalg.norm(vector, axis=-1)
    neighbour, image = np.nonzero((distance < radius) & (distance > 0))
    # Rounded, so that equal distances are ordered by index and not by rounding errors.
    order = np.lexsort((neighbour, distance[neighbour, image].round(6)))
    neighbour, image = neighbour[order], image[order]
    return Cluster(
        np.append(centre, neighbour), np.append([[0.0] * 3], vector[neighbour, image], 0)
    )
