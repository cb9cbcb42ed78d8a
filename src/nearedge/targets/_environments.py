"""Neighbours, coordination numbers, dimers and environment classes of the absorber atoms."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from ase import Atoms
from ase.data import chemical_symbols
from ase.neighborlist import neighbor_list
from jaxtyping import Int

from nearedge.errors import InputError

DIMER = "dimer"


@dataclass(frozen=True)
class Environments:
    """The labelled absorbers of one structure.

    Attributes
    ----------
    atom : int array, shape (site,)
        Index of each absorber in the structure.
    coordination : int array, shape (site,)
        Number of neighbour atoms within the cutoff, dimers included.
    environment : str array, shape (site,)
        Class name: the coordination number, or ``"dimer"``.
    """

    atom: Int[np.ndarray, " site"]
    coordination: Int[np.ndarray, " site"]
    environment: np.ndarray


@dataclass(frozen=True)
class EnvironmentRule:
    """How an absorber atom gets its class.

    Parameters
    ----------
    absorber : str
        Element that absorbs.
    neighbour : str
        Element that is counted around it.
    cutoff : float
        Distance in Å below which a neighbour counts.
    dimer : float or None
        Distance in Å below which two absorbers are a dimer, a class of its own whatever the
        coordination number; None for no such class. The default, 1.7 Å, lies between the O-O
        bond of a peroxide (1.5 Å) and the shortest contact of oxide ions (2.4 Å).

    Raises
    ------
    InputError
        If an element is unknown or a distance is not positive.

    Examples
    --------
    >>> from ase.build import bulk
    >>> rule = EnvironmentRule(absorber="O", neighbour="Mg", cutoff=2.6)
    >>> rule.label(bulk("MgO", "rocksalt", a=4.21)).environment.tolist()
    ['6']
    """

    absorber: str = "O"
    neighbour: str = "Fe"
    cutoff: float = 2.6
    dimer: float | None = 1.7

    def __post_init__(self) -> None:
        for role in ("absorber", "neighbour"):
            element = getattr(self, role)
            if element not in chemical_symbols[1:]:
                raise InputError(
                    f"{role} '{element}' is not a chemical element; write e.g. O or Fe"
                )
        for role, distance in (("cutoff", self.cutoff), ("dimer distance", self.dimer)):
            if distance is not None and not (np.isfinite(distance) and distance > 0):
                raise InputError(f"{role} {distance} must be a positive distance in Å")

    def label(self, atoms: Atoms) -> Environments:
        """Label every absorber of a structure.

        Parameters
        ----------
        atoms : ase.Atoms
            The structure, periodic or not.

        Returns
        -------
        Environments
            In the order of the absorbers in `atoms`.

        Raises
        ------
        InputError
            If the structure holds no absorber or no neighbour element.
        """
        coordination = coordination_numbers(atoms, self.absorber, self.neighbour, self.cutoff)
        site = absorbers(atoms, self.absorber)
        environment = coordination.astype(str).astype(object)
        if self.dimer is not None:
            partners = coordination_numbers(atoms, self.absorber, self.absorber, self.dimer)
            environment[partners > 0] = DIMER
        return Environments(site, coordination, environment.astype(str))


def absorbers(atoms: Atoms, absorber: str) -> Int[np.ndarray, " site"]:
    """Indices of the absorber's atoms in a structure.

    Raises
    ------
    InputError
        If there is none.
    """
    site = np.flatnonzero(np.asarray(atoms.get_chemical_symbols()) == absorber)
    if not len(site):
        raise InputError(f"the structure {atoms.get_chemical_formula()} holds no {absorber} atom")
    return site


def coordination_numbers(
    atoms: Atoms, absorber: str, neighbour: str, cutoff: float
) -> Int[np.ndarray, " site"]:
    """Count the neighbour atoms closer than the cutoff to each absorber.

    Periodic images count each by itself, so small cells are right too: an atom may be a neighbour
    several times, and may be the neighbour of its own image.

    Parameters
    ----------
    atoms : ase.Atoms
        The structure, periodic or not.
    absorber, neighbour : str
        Elements.
    cutoff : float
        Distance in Å.

    Returns
    -------
    int array, shape (site,)
        One number per absorber, in the order of `atoms`.

    Raises
    ------
    InputError
        If the structure holds no absorber or no neighbour element, or its positions or cell are
        not usable.
    """
    site = absorbers(atoms, absorber)
    if neighbour not in set(atoms.get_chemical_symbols()):
        raise InputError(
            f"the structure {atoms.get_chemical_formula()} holds no {neighbour} atom to count"
        )
    if not np.isfinite(atoms.positions).all():
        raise InputError(f"the structure {atoms.get_chemical_formula()} has non-finite positions")
    if np.any(atoms.pbc) and atoms.cell.volume == 0:
        raise InputError(
            f"the structure {atoms.get_chemical_formula()} is periodic but its cell has no volume"
        )
    centre = neighbor_list("i", atoms, {(absorber, neighbour): cutoff})
    if absorber != neighbour:
        centre = centre[np.isin(centre, site)]
    return np.bincount(centre, minlength=len(atoms))[site]


def class_order(names: Iterable[str]) -> list[str]:
    """Sort class names: coordination numbers ascending, then the others by name.

    Examples
    --------
    >>> class_order({"dimer", "10", "2"})
    ['2', '10', 'dimer']
    """
    return sorted(set(names), key=lambda name: (not name.isdigit(), name.zfill(4), name))
