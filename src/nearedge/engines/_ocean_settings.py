"""What OCEAN is asked to compute, and how."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from jaxtyping import Float

from nearedge.errors import InputError


def _high_spin() -> dict[str, float]:
    return {"V": 3.0, "Cr": 4.0, "Mn": 5.0, "Fe": 5.0, "Co": 4.0, "Ni": 2.0}


@dataclass(frozen=True)
class OceanSettings:
    """What OCEAN 3 computes and how.

    Spacings and ranges give MgO the meshes (4, 6, 2 and 8 points) and bands (24 and 80) of a
    recorded run of OCEAN 3.2.1, and the other values are that run's. They are no converged ones:
    try yours. Empty bands are counted as of free electrons, V / (6 pi^2) (2 m E / hbar^2)^(3/2).
    """

    ecut: float = 84.0  # of plane waves, Ry; PseudoDojo recommends 84 for O and Mg, 90 for Fe
    density_spacing: float = 0.7  # largest distance of k-points of the SCF, 1/Å
    spectrum_spacing: float = 0.45  # of those of the spectrum
    screening_spacing: float = 1.4  # of those of the screening
    grid_spacing: float = 0.4  # of the spectrum's wave functions, Å
    spectrum_range: float = 52.0  # how far empty bands reach above the occupied ones, eV
    screening_range: float = 142.0  # the same for the screening
    screening_radius: float = 4.0  # in which the core hole's screening is computed, bohr
    epsilon: float = 3.0  # electronic dielectric constant (MgO's); oxides of 3d metals have 5 to 7
    broadening: float = 0.5  # Lorentzian half width, eV
    iterations: int = 100  # of the Haydock recursion
    energy_min: float = -10.0  # eV from the conduction band minimum
    energy_max: float = 40.0
    points: int = 1001  # steps between them
    # Spin moments that elements begin with, all parallel, in Bohr magnetons: 3d ions of high spin.
    # Structures without such elements are computed without spin.
    moments: dict[str, float] = field(default_factory=_high_spin)
    metal: bool = False  # whether structures without spin are metals too
    smearing: float = 0.01  # of the occupation where there is spin or a metal, Ry
    # Further keywords of ocean.in, or other values of those written; an empty text leaves one out.
    keywords: dict[str, str] = field(default_factory=dict)
    timeout: float = 7 * 86400.0  # longest time of a run, s

    def __post_init__(self) -> None:
        fields: dict[str, Any] = vars(self)
        for name, value in fields.items():
            if isinstance(value, bool | dict) or name in ("energy_min", "energy_max"):
                continue
            if not 0 < value < np.inf:
                raise InputError(f"OCEAN setting {name} is {value}; must be positive")
        if not self.energy_min < 0 < self.energy_max:
            raise InputError(
                f"OCEAN energies from {self.energy_min} to {self.energy_max} eV do not enclose the "
                "conduction band minimum at 0"
            )

    @property
    def energy(self) -> Float[np.ndarray, " energy"]:
        """Energies in eV from the conduction band minimum."""
        return np.linspace(self.energy_min, self.energy_max, self.points + 1)
