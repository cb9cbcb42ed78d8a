"""What FEFF10 is asked to compute, and how."""

from dataclasses import dataclass

import numpy as np
from ase.data import atomic_numbers

from nearedge.edges import Edge
from nearedge.errors import InputError
from nearedge.targets import dimer_distance


@dataclass(frozen=True)
class FeffSettings:
    """What FEFF10 computes and how; lengths in Å, energies in eV from the Fermi level."""

    edge: str = "K"
    core_hole: str = "FSR"  # final state rule; or RPA, NONE
    # Of the atoms that FEFF is given: larger than `fms_radius`, so that the spheres of `scf_radius`
    # around the absorber's neighbours are complete.
    cluster_radius: float = 7.0
    scf_radius: float = 4.0  # of full multiple scattering in the self-consistent field
    # What follows in FEFF's SCF: whether waves are long, the most iterations, the share mixed in,
    # the iterations before Broyden's method; FEFF's own where empty.
    scf_mixing: str = ""
    fms_radius: float = 4.8  # of full multiple scattering in the spectrum
    lmax: int = 2  # largest angular momentum of every potential
    energy_min: float = -3.0
    energy_max: float = 16.0
    energy_step: float = 0.2
    # Convergence of Fermi level (eV), charges and partial charges. FEFF10 reads the first of them
    # but goes by 0.001 eV whatever it is.
    scf_tolerance: tuple[float, float, float] = (0.02, 0.005, 0.005)
    # Whether the potential between the atoms is that around the absorber, its density that of the
    # cell's true volume; else FEFF's own: of the whole cluster, and of the sum of Norman spheres.
    local_interstitial: bool = False
    multipole: int = 0  # 2: quadrupole transitions too, which the pre-edge of 3d K-edges needs
    shared: bool = True  # whether sites with the same elements around them share an SCF
    # Sites of a large group whose SCF is computed. The potentials with the median Fermi level serve
    # the group: one site's alone may be off by more than 1 eV.
    trials: int = 3
    # Below this distance two absorbers are a dimer, whose atoms need potentials of their own.
    dimer: float | None = None
    timeout: float = 1800.0  # longest time in s that a stage of FEFF may compute

    def __post_init__(self) -> None:
        for name in ("cluster_radius", "scf_radius", "fms_radius", "energy_step", "timeout"):
            if not 0 < getattr(self, name) < np.inf:
                raise InputError(f"FEFF setting {name} is {getattr(self, name)}; must be positive")
        if self.dimer is not None and not 0 < self.dimer < np.inf:
            raise InputError(f"FEFF setting dimer is {self.dimer}; give a distance in Å or None")
        if max(self.scf_radius, self.fms_radius) > self.cluster_radius:
            raise InputError(
                f"FEFF setting cluster_radius is {self.cluster_radius} Å, smaller than scf_radius "
                f"({self.scf_radius}) or fms_radius ({self.fms_radius}); enlarge it"
            )
        if not self.energy_min < 0 < self.energy_max:
            raise InputError(
                f"FEFF energies from {self.energy_min} to {self.energy_max} eV do not enclose the "
                "Fermi level at 0"
            )
        if self.trials < 1:
            raise InputError(f"FEFF setting trials is {self.trials}; at least one SCF is needed")
        if self.multipole not in (0, 2):
            raise InputError(f"FEFF setting multipole is {self.multipole}; give 0 or 2")
        if not 0 <= self.lmax <= 4:
            raise InputError(f"FEFF setting lmax is {self.lmax}; give 0 to 4")

    @classmethod
    def for_edge(cls, edge: Edge) -> "FeffSettings":
        """Choose what suits an edge; only K-edges of light elements and of Sc to Zn are tried.

        Examples
        --------
        >>> settings = FeffSettings.for_edge(Edge("Fe"))
        >>> settings.energy_max, settings.multipole
        (60.0, 2)
        >>> FeffSettings.for_edge(Edge("O")).dimer
        1.7
        """
        number = atomic_numbers[edge.absorber]
        if edge.name != "K" or not 21 <= number <= 30:
            return cls(edge=edge.name, dimer=dimer_distance(edge.absorber))
        # A field of 3 Å converged so costs a third of one of 4 Å; spectra stay within 3 %. With
        # FEFF's own interstitial carbonates, phosphates and silicates lose their white line.
        return cls(
            scf_radius=3.0, scf_mixing="0 30 0.1 3", fms_radius=5.0, energy_min=-20.0,
            energy_max=60.0, energy_step=0.5, local_interstitial=True, multipole=2, shared=False,
            timeout=240.0,
        )  # fmt: skip

    @property
    def energy(self) -> np.ndarray:
        """Energies in eV from the Fermi level, shape (energy,)."""
        steps = round((self.energy_max - self.energy_min) / self.energy_step)
        return self.energy_min + self.energy_step * np.arange(steps + 1)
