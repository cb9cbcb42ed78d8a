"""How novelty is measured."""

from dataclasses import dataclass

import numpy as np

from nearedge.errors import InputError

ENOUGH = 20
"""Calibration spectra of a class from which its own share of flagged ones is kept low."""


@dataclass(frozen=True)
class NoveltySettings:
    """How novelty is measured, and how often a spectrum like the training spectra may be flagged.

    Parameters
    ----------
    pivot : float
        Intensities well above it are compared by their ratio, those below by their difference; in
        units of the mean training intensity.
    tolerance : float
        Standard deviation of the logarithm of an intensity that is never news: noise, calibration.
    centres : int
        Clusters of the training spectra.
    flagged : float
        Share of spectra of unseen groups that may be flagged.
    flagged_class : float
        The same within every class of at least `ENOUGH` sites; the more lenient limit counts. A
        rare class is the tail of the whole and would else be flagged throughout.
    folds : int
        Folds of the calibration.

    Raises
    ------
    InputError
        If a value makes no sense.
    """

    pivot: float = 0.2
    tolerance: float = 0.4
    centres: int = 128
    flagged: float = 0.03
    flagged_class: float = 0.3
    folds: int = 8

    def __post_init__(self) -> None:
        for name in ("pivot", "tolerance"):
            if not 0 < getattr(self, name) < np.inf:
                raise InputError(f"novelty {name} is {getattr(self, name)}; must be positive")
        for name in ("flagged", "flagged_class"):
            if not 0 < getattr(self, name) < 1:
                raise InputError(
                    f"novelty {name} is {getattr(self, name)}; give a share between 0 and 1"
                )
        if self.folds < 2:
            raise InputError(f"novelty folds is {self.folds}; at least 2 are needed")
        if self.centres < 1:
            raise InputError(f"novelty centres is {self.centres}; at least 1 is needed")
