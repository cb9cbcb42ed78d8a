"""What the answer for a measured spectrum was made of."""

from dataclasses import dataclass

from nearedge.models.inference import Fit, Posterior
from nearedge.spectra import Prepared


@dataclass(frozen=True, eq=False)
class Evidence:
    """What the answer for a measured spectrum was made of; the unit is the training spectra's."""

    prepared: Prepared
    posterior: Posterior
    fit: Fit
    unit: str
