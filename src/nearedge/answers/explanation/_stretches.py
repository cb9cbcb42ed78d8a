"""Stretches of energy that speak with one voice: an attribution in a few numbers."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from nearedge.answers.explanation._attribution import Attribution


@dataclass(frozen=True)
class Stretch:
    """Energies next to each other that all speak for, or all against.

    Attributes
    ----------
    low, high : float
        First and last energy in eV.
    amount : float
        Sum of the integrated gradients, mean over the networks.
    spread : float
        Its standard deviation over the networks.
    confirmed : bool
        Whether hiding parts of it changes the score in the same direction, on average.
    """

    low: float
    high: float
    amount: float
    spread: float
    confirmed: bool


def stretches(attribution: Attribution) -> list[Stretch]:
    """Cut an attribution where its sign changes, as seen through intervals of its width.

    Returns
    -------
    list of Stretch
        The weightiest first. Their amounts add up to the difference of score and baseline score.
    """
    sign = np.sign(attribution.summed.mean(axis=0))
    # Zeros belong to what stands before them.
    for place in np.flatnonzero(sign == 0):
        sign[place] = sign[place - 1] if place else 0
    edges = [0, *(np.flatnonzero(np.diff(sign)) + 1), len(sign)]
    found = []
    for start, stop in pairwise(edges):
        amounts = attribution.gradients[:, start:stop].sum(axis=1)
        hidden = attribution.occluded[:, start:stop].mean()
        amount = float(amounts.mean())
        found.append(
            Stretch(
                float(attribution.energy[start]),
                float(attribution.energy[stop - 1]),
                amount,
                float(amounts.std()),
                bool(amount * hidden > 0),
            )
        )
    return sorted(found, key=lambda one: -abs(one.amount))
