"""One absorption spectrum, what it is of, and everything that was done to it on the way in."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

import numpy as np
from jaxtyping import Float

from nearedge.drawing.card import card
from nearedge.edges import Edge
from nearedge.spectra._grids import check_spectra

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Channel = Literal[
    "absorption",
    "normalised",
    "transmission",
    "fluorescence",
    "electron yield",
    "reference",
    "without sample",
]
"""How it was measured; ``absorption`` is a stored mu of which nothing more is said."""

ABSOLUTE = "absolute"  # the zero of absolute photon energies


@dataclass(frozen=True)
class Identity:
    """What a spectrum is of, and must agree with a model; None where it is not known.

    Parameters
    ----------
    edge : Edge or None
    zero : str or None
        What 0 eV is, as in ``"Fermi level"``; ``"absolute"`` for absolute photon energies.
    unit : str or None
        Of the absorption.
    origin : str or None
        The engine that computed it, or the beamline that measured it.
    """

    edge: Edge | None = None
    zero: str | None = None
    unit: str | None = None
    origin: str | None = None


@dataclass(frozen=True, eq=False)
class Spectrum:
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
    identity : Identity
        Edge, energy zero (``"absolute"``, an engine's, or None where it is not known), unit and
        origin.
    channel : Channel
        How it was measured.
    notes : tuple of str
        What was done or assumed in reading, in plain words.
    left_out : mapping of str to str
        Columns of the scan that are not among its spectra, and why.
    metadata : mapping of str to str
        What the file says of the sample and the beamline.

    Raises
    ------
    InputError
        If the shapes differ, an energy does not exceed the one before, or a number is not finite.

    Examples
    --------
    >>> spectrum = Spectrum("mu", np.array([529.0, 530.0]), np.array([0.1, 0.7]), "o.dat")
    >>> spectrum
    Spectrum('mu', 2 points, 529 to 530 eV, 'o.dat')
    """

    name: str
    energy: Float[np.ndarray, " energy"]
    mu: Float[np.ndarray, " energy"]
    source: str
    identity: Identity = field(default_factory=Identity)
    channel: Channel = "absorption"
    notes: tuple[str, ...] = ()
    left_out: Mapping[str, str] = field(default_factory=dict)
    metadata: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        # Lists will do.
        for name in ("energy", "mu"):
            object.__setattr__(self, name, np.asarray(getattr(self, name), float))
        check_spectra(self.energy, self.mu[np.newaxis], f"{self.source}::{self.name}")

    @property
    def edge(self) -> Edge | None:
        """Absorber and edge; None if the file does not say them."""
        return self.identity.edge

    @property
    def absolute(self) -> bool:
        """Whether the energies are, or may be, absolute: no engine's zero is known."""
        return self.identity.zero in (None, ABSOLUTE)

    def renamed(self, name: str) -> "Spectrum":
        """Give the same spectrum under another name."""
        return self if name == self.name else replace(self, name=name)

    def _repr_html_(self) -> str:
        """Show the spectrum and what its file says of it, in a notebook."""
        facts = {
            "file": self.source,
            "edge": str(self.edge or "not stated"),
            "energies": f"{len(self.energy)} from {self.energy[0]:g} to {self.energy[-1]:g} eV",
            "energy zero": self.identity.zero or "not stated",
            "channel": self.channel,
            "notes": "; ".join(self.notes) or "none",
        }
        return card(self.name, facts, self._draw)

    def _draw(self, axes: "Axes") -> None:
        axes.plot(self.energy, self.mu)
        axes.set(xlabel="energy, eV", ylabel=self.channel)

    def __repr__(self) -> str:
        edge = f"{self.edge}, " if self.edge else ""
        span = f"{self.energy[0]:g} to {self.energy[-1]:g} eV"
        return f"Spectrum({self.name!r}, {edge}{len(self.energy)} points, {span}, {self.source!r})"
