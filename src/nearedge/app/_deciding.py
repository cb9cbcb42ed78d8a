"""Why one number of neighbours and not the next: the energies where the better fit is better."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from nearedge.matching import Match, coordination

WIDTH = 2.0
"""Energies are summed up over so many eV."""


@dataclass(frozen=True, eq=False)
class Deciding:
    """Where the best reference of a coordination number is nearer to a spectrum than a rival's.

    At each energy (eV from the rise) the share that it has of the difference between both sums of
    squares; the shares add up to one, and speak for the rival where they are negative.
    """

    number: float
    rival: float
    energy: Float[np.ndarray, " energy"]
    share: Float[np.ndarray, " energy"]

    def words(self) -> str:
        """Say where the difference is greatest."""
        low, high = (float(self.energy[self.share.argmax()]) + WIDTH * d for d in (-0.5, 0.5))
        return (
            f"The best reference with {self.number:g} neighbours fits better than the best with "
            f"{self.rival:g}, most of all from {low:.0f} to {high:.0f} eV above the rise "
            f"({self.share.max():.0%} of the difference)."
        )


def decide(match: Match) -> Deciding | None:
    """Compare the best references of the two likeliest numbers; None where there is one alone."""
    told = coordination(match)
    numbers = match.library.value("coordination").astype(float).round(1)
    best: dict[float, int] = {}
    for row in match.order.tolist():
        if np.isfinite(numbers[row]) and np.isfinite(match.misfit[row]):
            best.setdefault(float(numbers[row]), row)
    if told is None or told.value not in best or len(best) < 2:
        return None
    rival = max(best.keys() - {told.value}, key=lambda n: told.probabilities[n])
    energy, mu = match.aligned.energy, match.aligned.mu
    left, more = (mu - match.curve(best[n]) for n in (told.value, rival))
    gain = more**2 - left**2
    if not gain.sum() > 0:
        return None
    ends = np.arange(energy[0], energy[-1] + WIDTH, WIDTH)
    summed, _ = np.histogram(energy, ends, weights=gain)
    return Deciding(told.value, rival, ends[:-1] + WIDTH / 2, summed / gain.sum())
