"""How wrong the reading of measured spectra is, as far as simulations tell."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Errors:
    """How wrong a model is on simulated measurements of sites it had not seen, of any composition.

    Attributes
    ----------
    n : int
        Measurements.
    mae, baseline_mae : float
        Mean absolute error of the mean of the target, and that of always the training mean.
    coverage : float
        Share of the intervals that held it, each fold's made without it.
    fraction_mae : float
        Mean absolute error of the fractions.
    zero_error : float
        Mean absolute error of the energy zero, eV.
    """

    n: int
    mae: float
    baseline_mae: float
    coverage: float
    fraction_mae: float
    zero_error: float
