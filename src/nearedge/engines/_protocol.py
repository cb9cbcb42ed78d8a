"""What a spectrum engine is: a structure and one of its atoms in, one spectrum out."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
from ase import Atoms
from jaxtyping import Float


@dataclass(frozen=True)
class Preparation:
    """What is known of the step that the sites of a group share.

    Parameters
    ----------
    representative : int or None
        Index of the atom it was done on.
    fermi_level : float or None
        In eV, on the engine's own scale.
    scf_iterations : int or None
        How many its self-consistent field took.
    trials : dict of str to float
        Fermi levels of what was tried, by names of the atoms.
    """

    representative: int | None = None
    fermi_level: float | None = None
    scf_iterations: int | None = None
    trials: dict[str, float] = field(default_factory=dict)

    def numbers(self) -> dict[str, float | int]:
        """What is kept with every site."""
        named = {
            "representative": self.representative,
            "fermi_level": self.fermi_level,
            "scf_iterations": self.scf_iterations,
        }
        return {name: value for name, value in named.items() if value is not None}


@dataclass(frozen=True)
class SiteSpectrum:
    """The spectrum of one absorber.

    Parameters
    ----------
    energy : float array, shape (energy,)
        In eV from the zero that the engine's attribute ``energy_zero`` states.
    mu : float array, shape (energy,)
        Absorption in the unit that the engine's attribute ``mu_unit`` states.
    provenance : dict of str to number
        Numbers that say how it was made.
    """

    energy: Float[np.ndarray, " energy"]
    mu: Float[np.ndarray, " energy"]
    provenance: dict[str, float | int] = field(default_factory=dict)


@runtime_checkable
class Engine(Protocol):
    """A code that computes spectra, as a campaign drives it.

    An engine is a small picklable object: it is sent to worker processes. Sites of a structure
    that can share an expensive first step form a group; the campaign calls `prepare` once for each
    group and `spectrum` for each of its sites.
    """

    @property
    def name(self) -> str:
        """Short name, as the command line takes it."""
        ...

    def groups(self, atoms: Atoms, sites: Sequence[int]) -> dict[str, tuple[int, ...]]:
        """Divide sites into groups that share one preparation.

        Raises
        ------
        InputError
            If the engine cannot compute a site of this structure.
        """
        ...

    def prepare(self, atoms: Atoms, sites: Sequence[int], folder: Path) -> Preparation:
        """Do what the sites of one group share, in an empty folder.

        Raises
        ------
        EngineError
            If the engine fails; the message says why.
        """
        ...

    def spectrum(self, atoms: Atoms, site: int, prepared: Path, folder: Path) -> SiteSpectrum:
        """Compute one site in an empty folder from the folder its group was prepared in.

        Raises
        ------
        EngineError
            If the engine fails; the message says why.
        """
        ...

    def attributes(self) -> dict[str, str | float | int]:
        """Say what made the spectra.

        Returns
        -------
        dict
            ``engine``, ``engine_version``, ``energy_zero``, ``mu_unit``, ``parameters`` (JSON) and
            ``acknowledgement``.
        """
        ...
