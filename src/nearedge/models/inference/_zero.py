"""Where the energy zero of a model may lie on the axis of a measured spectrum."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from nearedge.errors import InputError
from nearedge.models.inference._scan import STEP
from nearedge.spectra import covered_zeros


@dataclass(frozen=True)
class Zero:
    """What is known of the place of the energy zero on the measured axis.

    Parameters
    ----------
    energy : float or None
        Where it is believed to lie, eV; None if nothing is known: then every place for which the
        spectrum covers the window is as good as any other.
    uncertainty : float
        Standard deviation of that, eV; zero if it is certain.
    within : tuple of float
        Energies in eV between which it lies for certain.

    Raises
    ------
    InputError
        If a number is not finite or the uncertainty negative.
    """

    energy: float | None = None
    uncertainty: float = 0.5
    within: tuple[float, float] = (-np.inf, np.inf)

    def __post_init__(self) -> None:
        if not np.isfinite([self.energy or 0.0, self.uncertainty]).all() or self.uncertainty < 0:
            raise InputError(
                f"E0 {self.energy} ± {self.uncertainty} eV; give a finite energy and an "
                "uncertainty that is not negative"
            )

    def places(
        self,
        energy: Float[np.ndarray, " energy"],
        grid: Float[np.ndarray, " grid"],
        source: str,
    ) -> tuple[Float[np.ndarray, " zero"], Float[np.ndarray, " zero"]]:
        """List the places to try, in eV, and the logarithms of their prior probabilities.

        Raises
        ------
        InputError
            If the spectrum covers the window for none of them.
        """
        span = f"{energy[0]:g} to {energy[-1]:g} eV"
        if self.energy is not None and self.uncertainty < STEP / 2:
            slack = 1e-6
            low, high = self.energy + grid[0] + slack, self.energy + grid[-1] - slack
            if energy[0] > low or energy[-1] < high:
                raise InputError(
                    f"{source}: energies from {span} do not cover the window "
                    f"{self.energy + grid[0]:g} to {self.energy + grid[-1]:g} eV about E0 = "
                    f"{self.energy:g} eV; measure a wider range or give another E0"
                )
            return np.array([self.energy]), np.zeros(1)
        found = covered_zeros(energy, grid, STEP)
        found = found[(found >= self.within[0]) & (found <= self.within[1])]
        if not len(found):
            raise InputError(
                f"{source}: energies from {span} do not cover the model's window of "
                f"{grid[-1] - grid[0]:g} eV ({grid[0]:g} to {grid[-1]:g} eV from its zero) "
                "wherever the zero may lie; measure a wider range"
            )
        if self.energy is None:
            return found, np.zeros(len(found))
        off = (found - self.energy) / self.uncertainty
        near = np.abs(off) <= 4
        if not near.any():
            raise InputError(
                f"{source}: energies from {span} cover the window only for an E0 from "
                f"{found[0]:g} to {found[-1]:g} eV, not for {self.energy:g} ± "
                f"{self.uncertainty:g} eV; measure a wider range or give another E0"
            )
        return found[near], -(off[near] ** 2) / 2
