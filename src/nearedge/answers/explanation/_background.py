"""What the training spectra let expect of a spectrum."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float
from sklearn.covariance import ledoit_wolf

from nearedge.errors import InputError


@dataclass(frozen=True)
class Background:
    """Mean and covariance of the training spectra: what a hidden interval is filled with.

    Attributes
    ----------
    mean : float array, shape (energy,)
        Mean spectrum.
    scale : float array, shape (energy,)
        Standard deviation at each energy; one where it is zero.
    covariance : float array, shape (energy, energy)
        Of the standardised spectra, shrunk after Ledoit and Wolf, J. Multivar. Anal. 88, 365
        (2004): the spectra are smooth, their own covariance is all but singular.
    """

    mean: Float[np.ndarray, " energy"]
    scale: Float[np.ndarray, " energy"]
    covariance: Float[np.ndarray, "energy energy"]

    @classmethod
    def of(cls, spectra: Float[np.ndarray, "site energy"]) -> "Background":
        """Measure it on spectra.

        Raises
        ------
        InputError
            If there are fewer than two.
        """
        if len(spectra) < 2:
            raise InputError(f"{len(spectra)} spectrum has no covariance; give two or more")
        mean, scale = spectra.mean(axis=0), spectra.std(axis=0)
        scale = np.where(scale > 1e-12 * np.abs(spectra).max(axis=0), scale, 1.0)
        covariance, _ = ledoit_wolf((spectra - mean) / scale, assume_centered=True)
        return cls(mean, scale, covariance)

    def expected(
        self, spectra: Float[np.ndarray, "example energy"], hidden: Bool[np.ndarray, " energy"]
    ) -> Float[np.ndarray, "example energy"]:
        """Replace hidden intensities by their Gaussian expectation given all others.

        Parameters
        ----------
        spectra : float array, shape (example, energy)
            Whole spectra.
        hidden : bool array, shape (energy,)
            Where they are hidden; if everywhere, the mean is left.

        Examples
        --------
        >>> rise = np.linspace(0, 1, 50)[:, None] * np.array([1.0, 2.0, 3.0])
        >>> hidden = np.array([False, True, False])
        >>> Background.of(rise).expected(np.array([[1.0, 9.0, 3.0]]), hidden).round(1)
        array([[1., 2., 3.]])
        """
        shown = ((spectra - self.mean) / self.scale)[:, ~hidden]
        among = self.covariance[np.ix_(~hidden, ~hidden)]
        across = self.covariance[np.ix_(~hidden, hidden)]
        guess = shown @ np.linalg.solve(among, across)
        filled = np.array(spectra, float)
        filled[:, hidden] = guess * self.scale[hidden] + self.mean[hidden]
        return filled


def replaced(
    spectra: Float[np.ndarray, "example energy"],
    hidden: Bool[np.ndarray, " energy"],
    by: Float[np.ndarray, " energy"],
) -> Float[np.ndarray, "example energy"]:
    """Replace hidden intensities by those of another spectrum."""
    return np.where(hidden, by, spectra)
