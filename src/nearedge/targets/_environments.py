"""The rule by which a dataset's sites were labelled."""

from dataclasses import dataclass

import numpy as np
from ase import Atoms
from jaxtyping import Int

from nearedge.targets._bond_valence import bond_constants
from nearedge.targets._neighbours import absorbers, check_element
from nearedge.targets._targets import (
    AnyTarget,
    BondLength,
    BondValence,
    Coordination,
    Environment,
)


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
        """Indices of the absorber's atoms in a structure, which must be fit to be labelled."""
        sites = absorbers(atoms, self.absorber)
        self.environment.of(atoms, sites)
        return sites

    def targets(self) -> dict[str, AnyTarget]:
        """Give what can be computed of the sites, by name.

        The bond valence is that of the commonest oxidation state of the cation, if constants of the
        pair are tabulated.

        Examples
        --------
        >>> list(EnvironmentRule("O", "Fe", 2.6).targets())
        ['environment', 'coordination', 'bond_length', 'bond_valence']
        """
        length = BondLength(self.neighbour, self.cutoff)
        targets: list[AnyTarget] = [self.environment, self.coordination, length]
        constants = bond_constants(self.absorber, self.neighbour)
        if constants:
            targets.append(BondValence(self.neighbour, next(iter(constants))))
        return {target.name: target for target in targets}
