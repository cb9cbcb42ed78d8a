"""Clusters cut out of structures around one atom, for engines that work in real space."""

from dataclasses import dataclass

import numpy as np
from ase import Atoms
from jaxtyping import Float, Int

from nearedge.errors import InputError


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
    position, image = _vectors(atoms, centre, radius)
    distance = np.linalg.norm(position, axis=1)
    around = (distance < radius) & (distance > 0)
    neighbours, vector = image[around], position[around]
    # Rounded, so that equal distances are ordered by index and not by rounding errors.
    order = np.lexsort((neighbours, distance[around].round(6)))
    return Cluster(
        np.concatenate([[centre], neighbours[order]]).astype(int),
        np.concatenate([np.zeros((1, 3)), vector[order]]),
    )


def _vectors(atoms: Atoms, centre: int, radius: float) -> tuple[np.ndarray, np.ndarray]:
    """Vectors from the centre to all images that may be within the radius, and their atoms.

    A list of neighbours of the whole structure (ASE's) costs as many times more as there are atoms.
    """
    vector = atoms.positions - atoms.positions[centre]
    periodic = np.flatnonzero(atoms.pbc)
    if not len(periodic):
        return vector, np.arange(len(atoms))
    cell = atoms.cell.complete()
    fraction = vector @ np.linalg.inv(cell)
    fraction[:, periodic] -= np.round(fraction[:, periodic])
    # Distance of the cell's faces along each axis; wrapped atoms are at most half of it away.
    height = 1 / np.linalg.norm(np.linalg.inv(cell), axis=0)
    reach = np.zeros(3, int)
    reach[periodic] = np.ceil(radius / height + 0.5)[periodic].astype(int)
    axes = [np.arange(-steps, steps + 1) for steps in reach]
    shift = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 1, 3)
    images = (fraction + shift) @ cell
    return images.reshape(-1, 3), np.tile(np.arange(len(atoms)), len(shift))
