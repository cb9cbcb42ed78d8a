"""The sites that a model was trained on, found again in a dataset."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from nearedge.datasets import SiteSpectra
from nearedge.errors import InputError
from nearedge.models import Model, trained_on


@dataclass(frozen=True)
class Training:
    """What a model was trained on.

    Attributes
    ----------
    data : SiteSpectra
        The sites; those that were held out are not among them.
    inputs : float array, shape (site, energy)
        Their spectra at the model's energies.
    """

    data: SiteSpectra
    inputs: Float[np.ndarray, "site energy"]

    def baseline(self, against: str | None) -> Float[np.ndarray, " energy"]:
        """Give the mean spectrum of all training sites, or of a class.

        Raises
        ------
        InputError
            If the training sites have no such class.
        """
        if against is None:
            return self.inputs.mean(axis=0)
        members = self.data.environment == against
        if not members.any():
            raise InputError(
                f"class '{against}' is not among the training sites; choose one of "
                f"{', '.join(self.data.classes)}"
            )
        return self.inputs[members].mean(axis=0)


def match_training(model: Model, data: SiteSpectra) -> Training:
    """Find the sites a model was trained on in the dataset it was trained on.

    Raises
    ------
    InputError
        If the dataset, less the sites the model held out, is not the one in the model's record.
    """
    record = model.record.training
    refusal = InputError(
        f"{data.source}: is not what the model was trained on (its fingerprint is not "
        f"{record.fingerprint[:12]}...); give the dataset it was trained on"
    )
    try:
        sites = data.select(~data.names_mask(record.held_out))
    except InputError:
        raise refusal from None
    if sites.fingerprint() != record.fingerprint:
        raise refusal
    return Training(sites, sites.inputs(model.window))


def seen_sites(model: Model, data: SiteSpectra) -> Bool[np.ndarray, " site"]:
    """Tell which sites of a dataset the model was trained on, by their names in its record."""
    if data.identity.origin != model.identity.origin:
        return np.zeros(len(data), bool)
    return trained_on(model.record.training, data)
