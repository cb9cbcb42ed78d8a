"""Using a regressor on a measured spectrum, of which zero, unit and background are unknown."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from nearedge.errors import InputError
from nearedge.models import Model
from nearedge.models.inference import (
    Fit,
    Inference,
    Posterior,
    Zero,
    misfit_reason,
    posterior_remarks,
)

ALIKE = 0.5
"""Probability, before the measurement, of a composition like the training data's."""


@dataclass(frozen=True)
class Measurement:
    """A measured spectrum and what it tells of the sample.

    Attributes
    ----------
    energy, mu : float array, shape (energy,)
        As it was looked at: in eV on the measured axis, in the measured unit.
    posterior : Posterior
        What is known of the sample, the zero and the resolution.
    fit : Fit
        How the spectrum fits those of samples.
    """

    energy: Float[np.ndarray, " energy"]
    mu: Float[np.ndarray, " energy"]
    posterior: Posterior
    fit: Fit

    def to_dict(self) -> dict[str, Any]:
        """Give every number, ready for JSON.

        Returns
        -------
        dict
            ``applies`` and ``novelty`` as `nearedge.predict` has them; ``coordination`` with its
            ``interval``; ``fractions`` with ``fraction_intervals``; the same with
            ``_any_composition`` where nothing is supposed of the composition, and
            ``like_training``, the probability that it is like the training data's; ``offset``
            (``energy``: the likeliest place of the model's zero on the measured axis, eV;
            ``interval`` of 90 %; ``modes``: separate places with their weight and answer;
            ``ambiguous``); ``broadening``, eV; ``remarks`` in words.
        """
        posterior, fit = self.posterior, self.fit
        modes = posterior.modes()
        result: dict[str, Any] = {
            "applies": not fit.novel,
            "novelty": {
                "score": fit.score,
                "threshold": 1.0,
                "p_value": fit.p_value,
                "measures": dict(fit.measures),
                "reason": misfit_reason(fit),
            },
            "like_training": posterior.alike_weight,
            "offset": {
                "energy": posterior.zero,
                "interval": list(posterior.zero_interval()),
                "modes": [mode._asdict() for mode in modes],
                "ambiguous": len(modes) > 1,
            },
            "broadening": posterior.width,
            "noise": fit.noise,
            "remarks": posterior_remarks(posterior),
        }
        for suffix, one in (("", posterior), ("_any_composition", posterior.any_composition())):
            mean, ends = one.expected().tolist(), one.interval().tolist()
            result[f"coordination{suffix}"] = mean[0]
            result[f"interval{suffix}"] = ends[0]
            result[f"fractions{suffix}"] = dict(zip(one.names[1:], mean[1:], strict=True))
            result[f"fraction_intervals{suffix}"] = dict(zip(one.names[1:], ends[1:], strict=True))
        return result


def predict_measured(
    model: Model,
    energy: Float[np.ndarray, " energy"],
    mu: Float[np.ndarray, " energy"],
    zero: Zero | None = None,
    *,
    alike: float = ALIKE,
    source: str = "spectrum",
) -> Measurement:
    """Tell the composition of a sample from its measured spectrum.

    The place of the zero, the extra broadening, the unit and a straight background are unknown:
    the answer is averaged over zeros and broadenings, each weighted by how well the spectrum then
    fits those of samples, and unit and background do not matter.

    Parameters
    ----------
    model : Model
        A regressor of a recipe that predicts fractions.
    energy : float array, shape (energy,)
        Measured energies in eV, increasing.
    mu : float array, shape (energy,)
        Absorption in any unit.
    zero : Zero, optional
        What is known of the place of the model's zero; nothing by default.
    alike : float
        Probability, before the measurement, that environments are about as frequent as in the
        training data.
    source : str
        Names the spectrum in errors.

    Returns
    -------
    Measurement

    Raises
    ------
    InputError
        If the model does not know measured spectra, or the spectrum is not usable or too short.
    """
    inference = known_inference(model, source)
    if not 0 <= alike < 1:
        raise InputError(
            f"{alike} is no probability of a composition like the training data's; give 0 or more "
            "and less than 1"
        )
    posterior, fit = inference.infer(energy, mu, zero, alike=alike, source=source)
    return Measurement(energy, mu, posterior, fit)


def known_inference(model: Model, source: str) -> Inference:
    """Give what a model knows of measured spectra.

    Raises
    ------
    InputError
        If it knows nothing of them; `source` is what it was to be used for.
    """
    if model.kind == "classifier":
        raise InputError(
            f"{source}: a measured spectrum is an average over many atoms, a classifier tells "
            "those of single sites; use a regressor (nearedge train regressor)"
        )
    if model.inference is None:
        raise InputError(
            f"{source}: the model does not know measured spectra, as recipe "
            f"'{model.record['training']['recipe']}' teaches none or no unseen sites were left to "
            "calibrate on; train a regressor with --recipe best on several snapshots"
        )
    return model.inference
