"""Properties of a site to predict: each target computes, averages and prints its own values."""

from abc import abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, Union, get_args

import numpy as np
from ase import Atoms
from jaxtyping import Float, Int

from nearedge.errors import InputError
from nearedge.targets._neighbours import (
    absorbers,
    check_distance,
    check_element,
    neighbour_distances,
)

DIMER = "dimer"  # the class of a site that is bonded to another one of its own element

REACH = 5.0  # Å: bonds that are longer add less than 0.0002 to a bond valence


B = 0.37  # Å: how much longer a bond is whose valence is lower by a factor of e

R0: Mapping[str, Mapping[str, Mapping[int, float]]] = {
    "O": {
        "Li": {1: 1.466},
        "Mg": {2: 1.693},
        "Al": {3: 1.651},
        "Si": {4: 1.624},
        "Ca": {2: 1.967},
        "Ti": {4: 1.815, 3: 1.791},
        "V": {5: 1.803, 4: 1.784, 3: 1.743},
        "Cr": {3: 1.724, 6: 1.794},
        "Mn": {2: 1.790, 3: 1.760, 4: 1.753, 7: 1.827},
        "Fe": {3: 1.759, 2: 1.734},
        "Co": {2: 1.692, 3: 1.70},
        "Ni": {2: 1.654},
        "Cu": {2: 1.679, 1: 1.593},
        "Zn": {2: 1.704},
    }
}
"""Length in Å of a bond of valence 1, by anion, cation and the cation's oxidation state.

The commonest oxidation state of each cation comes first. From I. D. Brown and D. Altermatt, Acta
Cryst. B 41, 244 (1985), Table 1; Co3+ of N. E. Brese and M. O'Keeffe, Acta Cryst. B 47, 192 (1991),
Mn7+ of Brown's later list *bvparm*. pymatgen's constants differ, and have no oxidation states.
"""


def bond_constants(first: str, second: str) -> Mapping[int, float]:
    """Look up R0 by the cation's oxidation state, whichever of the two elements is the cation.

    Examples
    --------
    >>> dict(bond_constants("O", "Fe"))
    {3: 1.759, 2: 1.734}
    >>> dict(bond_constants("Fe", "Fe"))
    {}
    """
    return R0.get(first, {}).get(second) or R0.get(second, {}).get(first) or {}


@dataclass(frozen=True)
class Target:
    """A property of a site, computed from the `neighbour` atoms around it.

    A target without a neighbour cannot be computed: its values are stated by a dataset, site by
    site, and the target gives their name, unit and printing.
    """

    unit: ClassVar[str] = ""
    of_classes: ClassVar[bool] = False  # whether its values are names of classes instead of numbers
    discrete: ClassVar[bool] = False  # whether the number of a single site is a whole one
    from_classes: ClassVar[bool] = False
    """Whether the mean number of many sites follows from how many are of each class."""
    stated: ClassVar[str]
    """Description if a dataset states it; `words` says more of what is computed."""

    neighbour: str | None
    name: str = field(default="", kw_only=True)

    def __post_init__(self) -> None:
        if self.neighbour is not None:
            check_element("neighbour", self.neighbour)

    @abstractmethod
    def _compute(self, atoms: Atoms, sites: Int[np.ndarray, " site"]) -> np.ndarray:
        """Values of some sites from their structure, which contains the neighbour element."""

    def words(self) -> str:
        """Describe it, as in ``number of Fe atoms within 2.6 Å``."""
        return self.stated

    def of(self, atoms: Atoms, sites: Int[np.ndarray, " site"]) -> np.ndarray:
        """Compute the class names or numbers of some sites; NaN where a site has no value.

        Examples
        --------
        >>> from ase.build import bulk
        >>> rock_salt = bulk("MgO", "rocksalt", a=4.21)
        >>> oxygen = np.array([1])
        >>> Environment("Mg", cutoff=2.6).of(rock_salt, oxygen).tolist()
        ['6']
        >>> BondValence("Mg", valence=2).of(rock_salt, oxygen).round(1)
        array([2.])
        """
        if self.neighbour is None:
            raise InputError(
                f"{self.name} cannot be computed without a neighbour element; name one, or give "
                "a dataset that states it"
            )
        return self._compute(atoms, np.asarray(sites, int))

    def text(self, value: float | str) -> str:
        """Print a value with its unit.

        Examples
        --------
        >>> BondLength("O", 2.4).text(1.9512)
        '1.95 Å'
        """
        return str(value) if isinstance(value, str) else f"{value:.2f} {self.unit}".rstrip()


@dataclass(frozen=True)
class _Within(Target):
    """What follows from the neighbours within a distance, ``cutoff`` in Å."""

    cutoff: float | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.neighbour is not None:
            check_distance("cutoff", self.cutoff)

    def _neighbours(
        self, atoms: Atoms, sites: Int[np.ndarray, " site"]
    ) -> tuple[Int[np.ndarray, " site"], Int[np.ndarray, " bond"], Float[np.ndarray, " bond"]]:
        """How many each site has, and of each its place among `sites` and its distance in Å."""
        assert self.neighbour is not None
        assert self.cutoff is not None
        place, distance = neighbour_distances(atoms, sites, self.neighbour, self.cutoff)
        return np.bincount(place, minlength=len(sites)), place, distance

    def words(self) -> str:
        """Describe it, with the distance."""
        if self.neighbour is None:
            return self.stated
        return self.stated.replace("neighbours", f"{self.neighbour} atoms within {self.cutoff:g} Å")


@dataclass(frozen=True)
class Coordination(_Within):
    """The number of neighbours of one element within a distance."""

    discrete: ClassVar[bool] = True
    from_classes: ClassVar[bool] = True
    stated: ClassVar[str] = "number of neighbours"

    name: Literal["coordination"] = field(default="coordination", kw_only=True)

    def _compute(self, atoms: Atoms, sites: Int[np.ndarray, " site"]) -> np.ndarray:
        return self._neighbours(atoms, sites)[0]


@dataclass(frozen=True)
class Environment(_Within):
    """The class of a site: its coordination number, or, below a distance `dimer`, a dimer."""

    of_classes: ClassVar[bool] = True
    stated: ClassVar[str] = Coordination.stated

    dimer: float | None = None
    name: Literal["environment"] = field(default="environment", kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.dimer is not None:
            check_distance("dimer distance", self.dimer)

    def _compute(self, atoms: Atoms, sites: Int[np.ndarray, " site"]) -> np.ndarray:
        names = self._neighbours(atoms, sites)[0].astype(object)
        if self.dimer is not None:
            symbols = np.asarray(atoms.get_chemical_symbols())[sites]
            for element in np.unique(symbols):
                alike = np.flatnonzero(symbols == element)
                place, _ = neighbour_distances(atoms, sites[alike], str(element), self.dimer)
                names[alike[place]] = DIMER
        return names.astype(str)

    def words(self) -> str:
        """Describe what is counted, and what a dimer is."""
        return super().words() + ("" if self.dimer is None else f", a dimer below {self.dimer:g} Å")


@dataclass(frozen=True)
class BondLength(_Within):
    """The mean distance of the neighbours within a cutoff; NaN for a site without any."""

    unit: ClassVar[str] = "Å"
    stated: ClassVar[str] = "mean distance of the neighbours"

    name: Literal["bond_length"] = field(default="bond_length", kw_only=True)

    def _compute(self, atoms: Atoms, sites: Int[np.ndarray, " site"]) -> np.ndarray:
        count, place, distance = self._neighbours(atoms, sites)
        total = np.bincount(place, weights=distance, minlength=len(sites))
        return np.where(count > 0, total / np.maximum(count, 1), np.nan)


@dataclass(frozen=True)
class _Bonds(Target):
    """What follows from the bond valences around a site."""

    valence: int | None = None

    def _best(
        self, atoms: Atoms, sites: Int[np.ndarray, " site"]
    ) -> tuple[Float[np.ndarray, " site"], Float[np.ndarray, " site"]]:
        """Oxidation state and bond valence sum of each site: those that agree best."""
        assert self.neighbour is not None
        place, distance = neighbour_distances(atoms, sites, self.neighbour, REACH)
        symbols = np.asarray(atoms.get_chemical_symbols())[sites]
        states, sums, apart = np.full((3, len(sites)), np.inf)
        for element in np.unique(symbols):
            for state, r0 in self._constants(str(element)).items():
                valences = np.exp((r0 - distance) / B)
                total = np.bincount(place, weights=valences, minlength=len(sites))
                off = np.where(symbols == element, np.abs(total - state), np.inf)
                nearer = off < apart
                states[nearer], sums[nearer], apart[nearer] = state, total[nearer], off[nearer]
        return states, sums

    def _constants(self, element: str) -> Mapping[int, float]:
        constants = bond_constants(element, self.neighbour or "")
        if self.valence is not None:
            constants = {n: length for n, length in constants.items() if n == self.valence}
        if not constants:
            state = "" if self.valence is None else f" with the oxidation state {self.valence}"
            raise InputError(
                f"no bond valence constants are tabulated for {element} and {self.neighbour}{state}"
            )
        return constants


@dataclass(frozen=True)
class BondValence(_Bonds):
    """The sum over neighbours of exp((R0 - d) / b), Brown and Altermatt (1985).

    It counts neighbours by their distance, as a spectrum does, without a cutoff. R0 is that of the
    cation, whether neighbour or site, in the oxidation state `valence`; by default in the state
    that agrees best with the resulting sum.
    """

    unit: ClassVar[str] = "v.u."
    stated: ClassVar[str] = "bond valence sum"

    name: Literal["bond_valence"] = field(default="bond_valence", kw_only=True)

    def _compute(self, atoms: Atoms, sites: Int[np.ndarray, " site"]) -> np.ndarray:
        return self._best(atoms, sites)[1]

    def words(self) -> str:
        """Describe it, with the atoms and the oxidation state."""
        if self.neighbour is None:
            return self.stated
        state = "" if self.valence is None else f", cation {self.valence:+d}"
        return f"{self.stated} of the {self.neighbour} atoms{state}"


@dataclass(frozen=True)
class OxidationState(_Bonds):
    """The oxidation state of a cation whose R0 gives the bond valence sum nearest to it."""

    discrete: ClassVar[bool] = True
    stated: ClassVar[str] = "oxidation state"

    name: Literal["oxidation_state"] = field(default="oxidation_state", kw_only=True)

    def _compute(self, atoms: Atoms, sites: Int[np.ndarray, " site"]) -> np.ndarray:
        return self._best(atoms, sites)[0]


AnyTarget = Union[Environment, Coordination, BondValence, BondLength, OxidationState]  # noqa: UP007
"""A target that can be stored with a model, identified by its name."""

TARGETS: Mapping[str, type[Any]] = {target(None).name: target for target in get_args(AnyTarget)}
"""The targets by name."""


@dataclass(frozen=True)
class EnvironmentRule:
    """Which element absorbs, and what is counted around it.

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
        coordination number; None for no such class.

    Raises
    ------
    InputError
        If an element is unknown or a distance is not positive.
    """

    absorber: str
    neighbour: str
    cutoff: float
    dimer: float | None = None

    def __post_init__(self) -> None:
        check_element("absorber", self.absorber)
        _ = self.environment

    @property
    def environment(self) -> Environment:
        """The class of a site."""
        return Environment(self.neighbour, self.cutoff, self.dimer)

    @property
    def coordination(self) -> Coordination:
        """The number of neighbours of a site."""
        return Coordination(self.neighbour, self.cutoff)

    def sites(self, atoms: Atoms) -> Int[np.ndarray, " site"]:
        """Indices of the absorber's atoms in a structure, which must allow labels."""
        sites = absorbers(atoms, self.absorber)
        self.environment.of(atoms, sites)
        return sites

    def targets(self) -> dict[str, AnyTarget]:
        """Return the targets that can be computed, by name.

        The bond valence is that of the commonest oxidation state of the cation, if constants of the
        pair are tabulated.

        Examples
        --------
        >>> list(EnvironmentRule("O", "Fe", 2.6).targets())
        ['environment', 'coordination', 'bond_length', 'bond_valence']
        """
        length = BondLength(self.neighbour, self.cutoff)
        targets: list[AnyTarget] = [self.environment, self.coordination, length]
        if constants := bond_constants(self.absorber, self.neighbour):
            targets.append(BondValence(self.neighbour, next(iter(constants))))
        return {target.name: target for target in targets}


def class_order(names: Iterable[str]) -> list[str]:
    """Sort class names: numbers ascending, then the others by name.

    Examples
    --------
    >>> class_order({"dimer", "10", "2"})
    ['2', '10', 'dimer']
    """
    return sorted(set(names), key=lambda name: (not name.isdigit(), name.zfill(4), name))
