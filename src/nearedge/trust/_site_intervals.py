"""Intervals of the coordination number of single sites, which is a whole number.

A regressor that is unsure leans to the mean of what it was taught: sites of rare, high numbers get
low predictions, and an interval of one width for all leaves out most of them. Here each number has
its own width, from how far the predictions of its sites lie from it (label-conditional conformal
prediction, in Vovk, Gammerman and Shafer, *Algorithmic Learning in a Random World*, 2005), and the
interval spans the numbers that are not ruled out.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Shaped

from nearedge.errors import InputError
from nearedge.trust._conformal import CONCESSION, LEVEL, conformal_quantile

LEAST_ALIKE = 20
"""Sites of one class and number from which their own distances count."""

_STEP = 0.0025
_HIGHEST = 0.99


@dataclass(frozen=True)
class SiteIntervals:
    """Which coordination numbers of a single site cannot be ruled out, given a prediction.

    Made by `calibrate_site_intervals`.

    Attributes
    ----------
    level : float
        Share of all unseen sites whose number is in the interval.
    class_level : float
        The same of the sites of each class and number with at least `LEAST_ALIKE` of them.
    numbers : tuple of float
        Coordination numbers, rising.
    reaches : tuple of float
        How far from each number a prediction may be that does not rule it out.
    """

    level: float
    class_level: float
    numbers: tuple[float, ...]
    reaches: tuple[float, ...]

    def bounds(self, predicted: Float[np.ndarray, " site"]) -> Float[np.ndarray, "site 2"]:
        """Lowest and highest number that are not ruled out; the prediction is always between.

        Examples
        --------
        >>> SiteIntervals(0.9, 0.9, (2.0, 3.0), (0.3, 0.6)).bounds(np.array([2.2, 2.5, 3.2]))
        array([[2. , 2.2],
               [2.5, 3. ],
               [3. , 3.2]])
        """
        predicted = np.asarray(predicted, float)
        numbers, reaches = np.array(self.numbers), np.array(self.reaches)
        possible = np.abs(predicted[:, None] - numbers) <= reaches
        low = np.where(possible, numbers, np.inf).min(axis=1)
        high = np.where(possible, numbers, -np.inf).max(axis=1)
        return np.column_stack([np.minimum(low, predicted), np.maximum(high, predicted)])

    def hold(
        self, predicted: Float[np.ndarray, " site"], truth: Float[np.ndarray, " site"]
    ) -> Shaped[np.ndarray, " site"]:
        """Tell which intervals hold the truth."""
        low, high = self.bounds(predicted).T
        return (low <= truth) & (truth <= high)


def calibrate_site_intervals(
    predicted: Float[np.ndarray, " site"],
    truth: Float[np.ndarray, " site"],
    environment: Shaped[np.ndarray, " site"],
    level: float = LEVEL,
) -> SiteIntervals:
    """Find how far from each coordination number its sites' predictions lie.

    The sites of every class are held alike, as often as it takes to hold `level` of all sites,
    but no less than ``level - CONCESSION``. A number with fewer than `LEAST_ALIKE` sites in any
    class takes the distance of all sites together, and nothing is promised of it.

    Parameters
    ----------
    predicted, truth : float arrays, shape (site,)
        Coordination numbers of sites that the regressor had not seen.
    environment : array of str, shape (site,)
        Class of each: a dimer of number 0 is another thing than a plain site of number 0.
    level : float
        Share of truths that the intervals are to hold.

    Raises
    ------
    InputError
        If there is no site.
    """
    if not len(predicted):
        raise InputError("intervals cannot be calibrated on no site; give unseen spectra")
    off = np.abs(predicted - truth)
    alike = [
        (float(number), off[mine])
        for number in np.unique(truth)
        for name in np.unique(environment[truth == number])
        for mine in [(truth == number) & (environment == name)]
        if mine.sum() >= LEAST_ALIKE
    ]
    need = min(np.ceil((len(off) + 1) * level - 1e-9) / len(off), 1.0)
    steps = round((_HIGHEST - level + CONCESSION) / _STEP)
    candidates = (level - CONCESSION + _STEP * np.arange(steps + 1)).tolist()

    def made(common: float) -> SiteIntervals:
        reaches: dict[float, float] = {}
        for number, mine in alike:
            reaches[number] = max(reaches.get(number, 0.0), conformal_quantile(mine, common))
        plain = conformal_quantile(off, max(common, level))
        for number in np.unique(truth).tolist():
            reaches.setdefault(number, plain)
        numbers = tuple(sorted(reaches))
        return SiteIntervals(level, common, numbers, tuple(reaches[n] for n in numbers))

    return next(
        (one for one in map(made, candidates) if one.hold(predicted, truth).mean() >= need),
        made(candidates[-1]),
    )
