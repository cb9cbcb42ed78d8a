"""What can be asked of a site: each target computes, averages and prints its own values."""

from abc import abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, Union, get_args

import numpy as np
from ase import Atoms
from jaxtyping import Float, Int

from nearedge.errors import InputError
from nearedge.targets._bond_valence import B, bond_constants
from nearedge.targets._neighbours import check_distance, check_element, neighbour_distances

DIMER = "dimer"
"""The class of a site that is bonded to another one of its own element."""

REACH = 5.0
"""Å: bonds that are longer add less than 0.0002 to a bond valence."""


@dataclass(frozen=True)
class Target:
    """What is asked of a site: something of the `neighbour` atoms around it.

    Where a target names no neighbour, its values cannot be computed: they are stated by a dataset,
    site by site, and here the target stands for their name, unit and printing.
    """

    unit: ClassVar[str] = ""
    of_classes: ClassVar[bool] = False
    """Whether its values are names of classes instead of numbers."""
    discrete: ClassVar[bool] = False
    """Whether the number of a single site is a whole one."""
    from_classes: ClassVar[bool] = False
    """Whether the mean number of many sites follows from how many are of each class."""

    neighbour: str | None
    name: str = field(default="", kw_only=True)

    def __post_init__(self) -> None:
        if self.neighbour is not None:
            check_element("neighbour", self.neighbour)

    @abstractmethod
    def compute(self, atoms: Atoms, sites: Int[np.ndarray, " site"]) -> np.ndarray:
        """Values of some sites from their structure, which holds the neighbour element."""

    @abstractmethod
    def words(self) -> str:
        """Say what it is, as in ``number of Fe atoms within 2.6 Å``."""

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
        return self.compute(atoms, np.asarray(sites, int))

    def average(
        self, values: np.ndarray, weights: Float[np.ndarray, "average site"]
    ) -> Float[np.ndarray, " average"]:
        """Average the numbers of sites; each row of weights adds up to one."""
        return np.asarray(weights @ np.asarray(values, float))

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
        check_distance("cutoff", self.cutoff, needed=self.neighbour is not None)

    def _neighbours(
        self, atoms: Atoms, sites: Int[np.ndarray, " site"]
    ) -> tuple[Int[np.ndarray, " bond"], Float[np.ndarray, " bond"]]:
        """Place among `sites` of each bond, and its length in Å; every periodic image counts."""
        assert self.neighbour is not None
        assert self.cutoff is not None
        return neighbour_distances(atoms, sites, self.neighbour, self.cutoff)


@dataclass(frozen=True)
class Coordination(_Within):
    """The number of neighbours of one element within a distance."""

    discrete: ClassVar[bool] = True
    from_classes: ClassVar[bool] = True

    name: Literal["coordination"] = field(default="coordination", kw_only=True)

    def compute(self, atoms: Atoms, sites: Int[np.ndarray, " site"]) -> np.ndarray:
        """Count the neighbours of each site; every periodic image counts."""
        place, _ = self._neighbours(atoms, sites)
        return np.bincount(place, minlength=len(sites))

    def words(self) -> str:
        """Say what it is."""
        if self.neighbour is None:
            return "number of neighbours"
        return f"number of {self.neighbour} atoms within {self.cutoff:g} Å"


@dataclass(frozen=True)
class Environment(_Within):
    """The class of a site: its coordination number, or, below a distance `dimer`, a dimer."""

    of_classes: ClassVar[bool] = True

    dimer: float | None = None
    name: Literal["environment"] = field(default="environment", kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        check_distance("dimer distance", self.dimer)

    def compute(self, atoms: Atoms, sites: Int[np.ndarray, " site"]) -> np.ndarray:
        """Name the class of each site."""
        names = Coordination(self.neighbour, self.cutoff).compute(atoms, sites).astype(str)
        if self.dimer is None:
            return names
        names = names.astype(object)
        symbols = np.asarray(atoms.get_chemical_symbols())[sites]
        for element in np.unique(symbols):
            alike = np.flatnonzero(symbols == element)
            place, _ = neighbour_distances(atoms, sites[alike], str(element), self.dimer)
            names[alike[place]] = DIMER
        return names.astype(str)

    def words(self) -> str:
        """Say what it is."""
        dimer = "" if self.dimer is None else f", a dimer below {self.dimer:g} Å"
        return Coordination(self.neighbour, self.cutoff).words() + dimer


@dataclass(frozen=True)
class BondLength(_Within):
    """The mean distance of the neighbours within a cutoff; NaN of a site that has none."""

    unit: ClassVar[str] = "Å"

    name: Literal["bond_length"] = field(default="bond_length", kw_only=True)

    def compute(self, atoms: Atoms, sites: Int[np.ndarray, " site"]) -> np.ndarray:
        """Average the distances around each site."""
        place, distance = self._neighbours(atoms, sites)
        count = np.bincount(place, minlength=len(sites))
        total = np.bincount(place, weights=distance, minlength=len(sites))
        return np.where(count > 0, total / np.maximum(count, 1), np.nan)

    def words(self) -> str:
        """Say what it is."""
        if self.neighbour is None:
            return "mean distance of the neighbours"
        return f"mean distance of the {self.neighbour} atoms within {self.cutoff:g} Å"


@dataclass(frozen=True)
class _Bonds(Target):
    """What follows from the bond valences around a site."""

    valence: int | None = None

    def _best(
        self, states: Float[np.ndarray, "site state"], sums: Float[np.ndarray, "site state"]
    ) -> Int[np.ndarray, " site"]:
        """Place of the oxidation state that agrees best with the sum its constant gives."""
        return np.where(np.isnan(sums), np.inf, np.abs(sums - states)).argmin(axis=1)

    def _sums(
        self, atoms: Atoms, sites: Int[np.ndarray, " site"]
    ) -> tuple[Float[np.ndarray, "site state"], Float[np.ndarray, "site state"]]:
        """Oxidation states that may be, and the sum of each; NaN beyond those of the element."""
        assert self.neighbour is not None
        place, distance = neighbour_distances(atoms, sites, self.neighbour, REACH)
        symbols = np.asarray(atoms.get_chemical_symbols())[sites]
        pairs = {str(element): self._constants(str(element)) for element in np.unique(symbols)}
        width = max(map(len, pairs.values()))
        states, sums = np.full((2, len(sites), width), np.nan)
        for column in range(width):
            r0 = np.full(len(sites), np.nan)
            for element, constants in pairs.items():
                if column < len(constants):
                    state, length = list(constants.items())[column]
                    states[symbols == element, column] = state
                    r0[symbols == element] = length
            valences = np.exp((r0[place] - distance) / B)
            total = np.bincount(place, weights=valences, minlength=len(sites))
            sums[:, column] = np.where(np.isnan(r0), np.nan, total)
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
    cation, be it the neighbour or the site, in the oxidation state `valence`; without it, of the
    state that agrees best with the sum it gives.
    """

    unit: ClassVar[str] = "v.u."

    name: Literal["bond_valence"] = field(default="bond_valence", kw_only=True)

    def compute(self, atoms: Atoms, sites: Int[np.ndarray, " site"]) -> np.ndarray:
        """Add up the valences around each site."""
        states, sums = self._sums(atoms, sites)
        return sums[np.arange(len(sites)), self._best(states, sums)]

    def words(self) -> str:
        """Say what it is."""
        if self.neighbour is None:
            return "bond valence sum"
        state = "" if self.valence is None else f", cation {self.valence:+d}"
        return f"bond valence sum of the {self.neighbour} atoms{state}"


@dataclass(frozen=True)
class OxidationState(_Bonds):
    """The oxidation state of a cation whose constant gives the sum nearest to itself."""

    discrete: ClassVar[bool] = True

    name: Literal["oxidation_state"] = field(default="oxidation_state", kw_only=True)

    def compute(self, atoms: Atoms, sites: Int[np.ndarray, " site"]) -> np.ndarray:
        """Find the state of each site."""
        states, sums = self._sums(atoms, sites)
        return states[np.arange(len(sites)), self._best(states, sums)]

    def words(self) -> str:
        """Say what it is."""
        return "oxidation state"


AnyTarget = Union[Environment, Coordination, BondValence, BondLength, OxidationState]  # noqa: UP007
"""A target that can be kept with a model: told apart by its name."""

TARGETS: Mapping[str, type[Any]] = {target(None).name: target for target in get_args(AnyTarget)}
"""The targets by name."""


def class_order(names: Iterable[str]) -> list[str]:
    """Sort class names: numbers ascending, then the others by name.

    Examples
    --------
    >>> class_order({"dimer", "10", "2"})
    ['2', '10', 'dimer']
    """
    return sorted(set(names), key=lambda name: (not name.isdigit(), name.zfill(4), name))
