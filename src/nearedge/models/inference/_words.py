"""What a person must know of an inference beside its numbers, in words."""

import numpy as np

from nearedge.models.inference._inference import Fit
from nearedge.models.inference._posterior import Posterior
from nearedge.models.inference._scan import MEASURES, Measure

NOISY = 0.3
"""Noise from which it is spoken of, as a share of the spectrum's own variation."""

STRIKING = 3.0
"""Deviation from which an energy is spoken of, in standard deviations."""

_NAMED: dict[Measure, str] = {
    "misfit": "distance from them",
    "unexplained": "unexplained part",
    "below": "structure below the edge",
    "noise": "noise",
}

UNSURE = 0.5
"""Width in eV of the zero's interval from which it is spoken of."""


def misfit_reason(fit: Fit) -> str | None:
    """Say why a spectrum is like no sample's; None if it is like one.

    The energies are named at which it differs the most from what its other energies let expect.
    """
    if not fit.novel:
        return None
    said = f"like no mixture of the training spectra ({_listed(fit)})"
    if fit.noise > NOISY:
        return f"{said}: noisy, the noise is {fit.noise:.0%} of the variation"
    if fit.worst == "below":
        return f"{said}: there is absorption below the edge, where the best zero puts it"
    worst = int(np.abs(fit.deviation).argmax())
    if abs(fit.deviation[worst]) < STRIKING:
        return f"{said}: wrong in its shape as a whole, at no energy in particular"
    sign = np.sign(fit.deviation[worst])
    over = sign * fit.deviation > STRIKING / 2
    first = last = worst
    while first > 0 and over[first - 1]:
        first -= 1
    while last < len(over) - 1 and over[last + 1]:
        last += 1
    ends = [f"{fit.energy[end]:.1f}" for end in (first, last)]
    span = f"at {ends[0]} eV" if first == last else f"from {ends[0]} to {ends[1]} eV"
    much = "more" if sign > 0 else "less"
    return f"{said}: most of all, {much} intensity {span} from the zero than the rest lets expect"


def _listed(fit: Fit) -> str:
    """Give the measures that exceed their limits."""
    said = [
        f"{_NAMED[name]} {fit.measures[name]:.1f} times its limit"
        for name in MEASURES
        if fit.measures[name] > 1
    ]
    return ", ".join(said)


def posterior_remarks(posterior: Posterior) -> list[str]:
    """Say what else the posterior holds: several zeros, several answers, an unsure zero."""
    remarks = []
    modes = posterior.modes()
    if len(modes) > 1:
        places = "; ".join(
            f"E0 = {mode.zero:.1f} eV ({mode.weight:.0%}) would mean {mode.coordination:.2f}"
            for mode in modes
        )
        remarks.append(f"the alignment is ambiguous: {places}; --e0 decides")
    else:
        low, high = posterior.zero_interval()
        if high - low > UNSURE:
            remarks.append(f"the zero is uncertain: from {low:.1f} to {high:.1f} eV")
    answers = posterior.answers()
    if len(answers) > 1:
        listed = " or ".join(f"{answer:.2f}" for answer in answers)
        remarks.append(f"two answers are about as good: {listed}; the mean lies between them")
    return remarks
