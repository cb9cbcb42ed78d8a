"""The neighbours of a site, and checks of the criteria for them."""

from itertools import product

import numpy as np
from ase import Atoms
from ase.data import atomic_numbers, chemical_symbols, covalent_radii
from jaxtyping import Float, Int

from nearedge.errors import InputError

_ANIONS = ("N", "O", "F", "S", "Cl", "Se", "Br")


def absorbers(atoms: Atoms, absorber: str) -> Int[np.ndarray, " site"]:
    """Indices of the absorber's atoms in a structure."""
    site = np.flatnonzero(np.asarray(atoms.get_chemical_symbols()) == absorber)
    if not len(site):
        raise InputError(f"the structure {atoms.get_chemical_formula()} holds no {absorber} atom")
    return site


def neighbour_distances(
    atoms: Atoms, sites: Int[np.ndarray, " site"], neighbour: str, reach: float
) -> tuple[Int[np.ndarray, " pair"], Float[np.ndarray, " pair"]]:
    """Index in `sites` of each neighbour of one element, and its distance up to `reach`, in Å.

    Periodic images count separately, so small cells work too: an atom may be a neighbour several
    times, and a neighbour of its own image.
    """
    symbols = np.asarray(atoms.get_chemical_symbols())
    formula = atoms.get_chemical_formula()
    if neighbour not in symbols:
        raise InputError(f"the structure {formula} holds no {neighbour} atom to count")
    if not np.isfinite(atoms.positions).all():
        raise InputError(f"the structure {formula} has non-finite positions")
    if np.any(atoms.pbc) and atoms.cell.volume == 0:
        raise InputError(f"the structure {formula} is periodic but its cell has no volume")
    atom = np.flatnonzero(symbols == neighbour)
    distance = np.linalg.norm(image_vectors(atoms, sites, atom, reach), axis=-1)
    itself = (sites[:, None] == atom)[:, :, None] & (distance < 1e-8)
    place, which, image = np.nonzero((distance < reach) & ~itself)
    return place, distance[place, which, image]


def image_vectors(
    atoms: Atoms, sites: Int[np.ndarray, " site"], others: Int[np.ndarray, " other"], reach: float
) -> Float[np.ndarray, "site other image 3"]:
    """Vectors in Å from each site to the images of other atoms, including all within `reach`.

    A full table is ten times as fast as ASE's neighbour list, which is made for large systems.
    """
    cell = atoms.cell.complete().array
    inverse = np.linalg.inv(cell)
    apart = (atoms.positions[others] - atoms.positions[sites][:, None]) @ inverse
    apart -= np.where(atoms.pbc, np.round(apart), 0)
    # Distance of the cell's faces along each axis; wrapped atoms are at most half of it away.
    heights = 1 / np.linalg.norm(inverse, axis=0)
    counts = np.where(atoms.pbc, np.floor(reach / heights + 0.5), 0).astype(int)
    images = np.array(list(product(*(range(-count, count + 1) for count in counts))))
    return (apart[:, :, None] + images) @ cell


def check_element(role: str, element: str) -> None:
    """Refuse anything but the symbol of an element."""
    if element not in chemical_symbols[1:]:
        raise InputError(f"{role} '{element}' is not a chemical element; write e.g. O or Fe")


def check_distance(role: str, distance: float | None) -> None:
    """Refuse a distance that is missing or not positive."""
    if distance is None or not (np.isfinite(distance) and distance > 0):
        raise InputError(f"{role} {distance} must be a positive distance in Å")


def dimer_distance(element: str) -> float | None:
    """Distance in Å below which two atoms of an element are bonded; None if it is not an anion.

    Two anions are bonded, as in a peroxide, or far apart: 1.3 times the sum of their covalent radii
    (B. Cordero et al., Dalton Trans. 2008, 2832) lies between.

    Examples
    --------
    >>> dimer_distance("O"), dimer_distance("Fe")
    (1.7, None)
    """
    check_element("element", element)
    if element not in _ANIONS:
        return None
    return round(1.3 * 2 * float(covalent_radii[atomic_numbers[element]]), 1)
