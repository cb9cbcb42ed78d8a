"""What a spectrum engine is: a structure and one of its atoms in, one spectrum out."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
from ase import Atoms
from jaxtyping import Float, Int


@dataclass(frozen=True)
class Preparation:
    """What is known of the step that the sites of a group share."""

    representative: int | None = None  # index of the atom it was done on
    fermi_level: float | None = None  # eV, on the engine's own scale
    scf_iterations: int | None = None
    trials: dict[str, float] = field(default_factory=dict)  # Fermi levels tried, by atom

    def numbers(self) -> dict[str, float | int]:
        """What is kept with every site."""
        known = {name: value for name, value in vars(self).items() if value is not None}
        del known["trials"]
        return known


@dataclass(frozen=True)
class SiteSpectrum:
    """The spectrum of one absorber, in the units that the engine's attributes state."""

    energy: Float[np.ndarray, " energy"]
    mu: Float[np.ndarray, " energy"]
    provenance: dict[str, float | int] = field(default_factory=dict)  # how it was made


class RunSpectra(NamedTuple):
    """The spectra of a run made elsewhere."""

    rank: Int[np.ndarray, " site"]  # of each site among the atoms of its element, from 0
    energy: Float[np.ndarray, " energy"]  # eV
    mu: Float[np.ndarray, "site energy"]
    attributes: dict[str, str]  # engine, energy_zero, mu_unit, parameters
    elements: frozenset[str] = frozenset()  # that the run was of, as far as it says
    structure: Atoms | None = None  # the same


@runtime_checkable
class Engine(Protocol):
    """A code that computes spectra, as a campaign drives it.

    An engine is a small picklable object: it is sent to worker processes. Sites of a structure
    that can share an expensive first step form a group; the campaign calls `prepare` once for each
    group and `spectrum` for each of its sites. What fails raises an EngineError that says why.
    """

    def groups(self, atoms: Atoms, sites: Sequence[int]) -> dict[str, tuple[int, ...]]:
        """Divide sites into groups that share one preparation; refuse what cannot be computed."""
        ...

    def prepare(self, atoms: Atoms, sites: Sequence[int], folder: Path) -> Preparation:
        """Do what the sites of one group share, in an empty folder."""
        ...

    def spectrum(self, atoms: Atoms, site: int, prepared: Path, folder: Path) -> SiteSpectrum:
        """Compute one site in an empty folder from the folder its group was prepared in."""
        ...

    def attributes(self) -> dict[str, str | float | int]:
        """Say what made the spectra.

        ``engine``, ``engine_version``, ``energy_zero``, ``mu_unit``, ``parameters`` (JSON) and
        ``acknowledgement``.
        """
        ...
