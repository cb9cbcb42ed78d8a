"""Energy grids: what a usable spectrum is, and bringing spectra onto one window."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from nearedge.errors import InputError

SLACK = 1e-6  # in eV: a window that ends on the last energy must not fail by rounding


@dataclass(frozen=True)
class Window:
    """The energies a model sees, eV from the zero; by default those of Li, Lu and Chan (2019).

    If `aligned`, they are counted from the rise of each spectrum, whose step is made one.
    """

    minimum: float = -1.2
    maximum: float = 11.5
    points: int = 70
    aligned: bool = False

    def __post_init__(self) -> None:
        if not (np.isfinite([self.minimum, self.maximum]).all() and self.minimum < self.maximum):
            raise InputError(
                f"the window {self.minimum} to {self.maximum} eV is empty; give a lower and a "
                "higher energy"
            )
        if self.points < 2:
            raise InputError(f"a window of {self.points} points is too coarse; give at least 2")

    @property
    def grid(self) -> Float[np.ndarray, " energy"]:
        """The energies in eV."""
        return np.linspace(self.minimum, self.maximum, self.points)


def check_spectra(energy: np.ndarray, mu: np.ndarray, source: str) -> None:
    """Refuse energies and spectra (site, energy) that make no sense; `source` names them."""
    if energy.ndim != 1 or mu.ndim != 2 or mu.shape[1] != len(energy):
        raise InputError(
            f"{source}: {len(energy)} energies do not fit spectra of shape {mu.shape}; "
            "one intensity is needed per energy"
        )
    if len(energy) < 2:
        raise InputError(f"{source}: {len(energy)} energy is not a spectrum; at least 2 are needed")
    if not np.isfinite(energy).all():
        row = int(np.flatnonzero(~np.isfinite(energy))[0])
        raise InputError(f"{source}: energy {energy[row]} in row {row + 1}; remove or repair it")
    falls = np.flatnonzero(np.diff(energy) <= 0)
    if len(falls):
        row = int(falls[0]) + 1
        raise InputError(
            f"{source}: energies must increase, but row {row + 1} has {energy[row]:g} eV after "
            f"{energy[row - 1]:g} eV; sort the rows and remove repeated ones"
        )
    bad = np.argwhere(~np.isfinite(mu))
    if len(bad):
        site, row = (int(index) for index in bad[0])
        raise InputError(
            f"{source}: intensity {mu[site, row]} at {energy[row]:g} eV of spectrum {site + 1}; "
            "remove or repair that spectrum"
        )


def covered(
    energy: Float[np.ndarray, " energy"], wanted: Float[np.ndarray, "*shape"]
) -> Bool[np.ndarray, "*shape"]:
    """Tell which of the wanted energies lie within those of a spectrum."""
    return (wanted >= energy[0] - SLACK) & (wanted <= energy[-1] + SLACK)


def resample(
    energy: Float[np.ndarray, " energy"],
    mu: Float[np.ndarray, "site energy"],
    grid: Float[np.ndarray, " grid"],
    source: str = "spectra",
) -> Float[np.ndarray, "site grid"]:
    """Interpolate spectra linearly onto another grid; nothing is extrapolated."""
    if not covered(energy, grid).all():
        raise InputError(
            f"{source}: energies from {energy[0]:g} to {energy[-1]:g} eV do not cover the window "
            f"{grid[0]:g} to {grid[-1]:g} eV; compute or measure a wider range"
        )
    return np.array([np.interp(grid, energy, row) for row in mu])
