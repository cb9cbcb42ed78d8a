"""Computed spectra of a material's sites: what the reading of measured spectra is learnt from."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Shaped

from nearedge.learning.examples import membership


class Material(NamedTuple):
    """Computed spectra of sites, and what is known of each.

    Attributes
    ----------
    energy : float array, shape (energy,)
        In eV from the engine's zero.
    mu : float array, shape (site, energy)
        Raw spectra on all stored energies.
    environment : str array, shape (site,)
        Class of each.
    value : array, shape (site,)
        Target of each: a number.
    sample : str array, shape (site,)
        Sites of one name are averaged to samples like the training data: trajectories.
    """

    energy: Float[np.ndarray, " energy"]
    mu: Float[np.ndarray, "site energy"]
    environment: Shaped[np.ndarray, " site"]
    value: Shaped[np.ndarray, " site"]
    sample: Shaped[np.ndarray, " site"]

    def part(self, sites: np.ndarray) -> "Material":
        """Keep some sites."""
        return Material(self.energy, *(column[sites] for column in self[1:]))

    def outputs(self, classes: Sequence[str]) -> Float[np.ndarray, "site output"]:
        """Target, and one at the class, of each site."""
        own = membership(self.environment, classes)
        return np.column_stack([self.value.astype(float), own])
