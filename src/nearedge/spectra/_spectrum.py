"""One measured spectrum, and everything that was done to it on the way in."""

from dataclasses import dataclass, field, replace

import numpy as np
from jaxtyping import Float

from nearedge.spectra._grids import check_spectra


@dataclass(frozen=True, eq=False)
class MeasuredSpectrum:
    """An absorption spectrum as a file has it: energies in eV, increasing, and intensities.

    Attributes
    ----------
    name : str
        Unique within its file.
    energy : float array, shape (energy,)
        In eV, strictly increasing.
    mu : float array, shape (energy,)
        Any unit, not normalised unless the file's own column was.
    source : str
        The file, as its path was given.
    zero : str or None
        What 0 eV is, where the format says so; None for absolute and for unknown axes.
    notes : tuple of str
        What was done or assumed in reading, in plain words.
    metadata : dict of str
        What the file says of the sample and the beamline: element, edge ...

    Raises
    ------
    InputError
        If the shapes differ, an energy does not exceed the one before, or a number is not finite.

    Examples
    --------
    >>> spectrum = MeasuredSpectrum("mu", np.array([529.0, 530.0]), np.array([0.1, 0.7]), "o.dat")
    >>> spectrum
    MeasuredSpectrum('mu', 2 points, 529 to 530 eV, 'o.dat')
    """

    name: str
    energy: Float[np.ndarray, " energy"]
    mu: Float[np.ndarray, " energy"]
    source: str
    zero: str | None = None
    notes: tuple[str, ...] = ()
    metadata: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_spectra(self.energy, self.mu[np.newaxis], f"{self.source}::{self.name}")

    def renamed(self, name: str) -> "MeasuredSpectrum":
        """Give the same spectrum under another name."""
        return self if name == self.name else replace(self, name=name)

    def __repr__(self) -> str:
        span = f"{self.energy[0]:g} to {self.energy[-1]:g} eV"
        return (
            f"MeasuredSpectrum({self.name!r}, {len(self.energy)} points, {span}, {self.source!r})"
        )
