"""How measured spectra differ from computed ones."""

from dataclasses import dataclass

import numpy as np

from nearedge.errors import InputError


@dataclass(frozen=True)
class Conditions:
    """What measured spectra suffer beside the unknown zero, each spectrum at random.

    Parameters
    ----------
    broadening : tuple of float
        Least and most full width at half maximum, in eV, of a Gaussian the computed spectra are
        convolved with.
    signal_to_noise : tuple of float
        Least and most highest intensity over the standard deviation of the noise; the logarithm
        is uniform.
    background : float
        Largest constant under a spectrum, as a share of its highest intensity.
    slope : float
        Largest rise or fall of the background from the first to the last energy, in the same unit.

    Raises
    ------
    InputError
        If a number makes no sense.
    """

    broadening: tuple[float, float] = (0.0, 1.0)
    signal_to_noise: tuple[float, float] = (30.0, 500.0)
    background: float = 0.5
    slope: float = 0.5

    def __post_init__(self) -> None:
        least, most = self.broadening
        noisy, clean = self.signal_to_noise
        numbers = (*self.broadening, *self.signal_to_noise, self.background, self.slope)
        if (
            not np.isfinite(numbers).all()
            or not 0 <= least <= most
            or not 0 < noisy <= clean
            or min(self.background, self.slope) < 0
        ):
            raise InputError(
                f"broadening {self.broadening} eV, signal to noise {self.signal_to_noise}, "
                f"background {self.background}, slope {self.slope}: give (least, most), none "
                "negative, signal to noise positive"
            )
