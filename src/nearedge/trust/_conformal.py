"""Conformal calibration: class sets and intervals that hold the truth as often as they say.

Split conformal prediction (Vovk, Gammerman and Shafer, *Algorithmic Learning in a Random World*,
2005) with the predictions of grouped cross-validation in place of those of one calibration set.
The promise holds for sites of new groups that are like the old ones, on average over groups; not
for another engine or material.

Own code, as the libraries bend us: crepes 0.9.1 takes scores and categories, but its sets of
100,000 spectra take 5 s (a loop in Python), it has no rule for small classes and at n + 1 = 10, 20,
... it takes one score too many (``int((1 - 0.9) * 10)`` is 0); MAPIE 1.6.0 wants an estimator
instead of probabilities and has no class-conditional sets. What is left is order statistics.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int, Shaped

from nearedge.errors import InputError

LEVEL = 0.9
"""Share of unseen truths that a set or an interval is meant to hold."""

LEAST = 10
"""Calibration sites from which a class has a threshold of its own.

With fewer than nine even the worst of their scores is no 90 % threshold.
"""

CONCESSION = 0.05
"""How far below the level the share of a single class may be, so that all together make the level.

Where a classifier is right more often than the level asks, no class would need a set at all.
"""

# (n + 1) * 0.9 may miss a whole number by rounding.
_ROUNDING = 1e-9


def conformal_quantile(scores: Float[np.ndarray, " site"], level: float) -> float:
    """Score that a new one does not exceed with probability `level`.

    Parameters
    ----------
    scores : float array, shape (site,)
        How badly the truth conforms to the prediction, of sites that the predictor had not seen.
    level : float
        The probability, over new sites and calibration sites alike.

    Returns
    -------
    float
        The ceil((n + 1) level)-th smallest score, the largest if there are too few.

    Examples
    --------
    >>> conformal_quantile(np.arange(1.0, 20.0), 0.9)
    18.0
    """
    rank = int(np.ceil((len(scores) + 1) * level - _ROUNDING))
    return float(np.sort(scores)[min(rank, len(scores)) - 1])


@dataclass(frozen=True)
class ClassSets:
    """Which classes cannot be ruled out, given a classifier's probabilities.

    Made by `calibrate_sets`.

    Attributes
    ----------
    level : float
        Share of all unseen sites whose true class is in the set.
    class_level : float
        Share of the unseen sites of each single class whose set holds it, at least. It is below
        `level` where some classes are so easy that the likeliest class alone exceeds it.
    classes : tuple of str
        In the order of the probabilities.
    thresholds : tuple of float
        Probability from which each class belongs to the set.
    marginal : tuple of str
        Classes with fewer than `LEAST` calibration sites: their threshold is that of all sites
        together, and nothing is promised of the class.
    """

    level: float
    class_level: float
    classes: tuple[str, ...]
    thresholds: tuple[float, ...]
    marginal: tuple[str, ...] = ()

    def members(
        self, probability: Float[np.ndarray, "site {len(self.classes)}"]
    ) -> Bool[np.ndarray, "site {len(self.classes)}"]:
        """Tell which classes belong to the set of each site; the likeliest always does."""
        return _strength(probability) >= np.array(self.thresholds)


def _strength(probability: Float[np.ndarray, "site class"]) -> Float[np.ndarray, "site class"]:
    """Probabilities, one for the likeliest class, which no set leaves out."""
    strength = np.array(probability, float)
    strength[np.arange(len(strength)), strength.argmax(axis=1)] = 1.0
    return strength


def calibrate_sets(
    probability: Float[np.ndarray, "site class"],
    truth: Shaped[np.ndarray, " site"],
    classes: Sequence[str],
    level: float = LEVEL,
) -> ClassSets:
    """Find the probability from which each class belongs to the set.

    The score is one minus the probability of the true class (least ambiguous sets: Sadinle, Lei
    and Wasserman, J. Am. Stat. Assoc. 114, 223 (2019)), and zero for the likeliest class, so that
    sets are never empty and the calibration knows it. It is ranked among the sites of its own
    class (class-conditional, or Mondrian), so that rare classes are held as often as frequent
    ones. The common rank is the one that holds `level` of all sites, but no less than
    ``level - CONCESSION`` of a class: easy classes are held more often than that anyway.

    Parameters
    ----------
    probability : float array, shape (site, class)
        Probabilities of sites that the classifier had not seen.
    truth : array of str, shape (site,)
        Class of each site. One that is not in `classes` was never learnt; its sites count as
        misses.
    classes : sequence of str
        In the order of the probabilities.
    level : float
        Share of truths that the sets are to hold.

    Raises
    ------
    InputError
        If there is no site.

    Examples
    --------
    Sites of the rare class ``b`` get low probabilities, and are in the set all the same:

    >>> rng = np.random.default_rng(0)
    >>> truth = np.where(np.arange(1000) % 20 == 0, "b", "a")
    >>> b = np.where(truth == "b", rng.uniform(0.1, 0.6, 1000), rng.uniform(0.0, 0.3, 1000))
    >>> sets = calibrate_sets(np.column_stack([1 - b, b]), truth, ["a", "b"])
    >>> sets.thresholds[1] < 0.6
    True
    """
    if not len(probability):
        raise InputError("sets cannot be calibrated on no site; give spectra with their class")
    names, truth = np.array(classes), np.asarray(truth)
    same = truth[:, None] == names
    strength = np.where(same, _strength(probability), 0.0).max(axis=1)
    pools = {}
    ranks = np.ones(len(truth))
    marginal = []
    for name in names.tolist():
        own = truth == name
        if own.sum() < LEAST:
            marginal.append(name)
        pools[name] = np.sort(strength if name in marginal else strength[own])
        below = np.searchsorted(pools[name], strength[own], side="left")
        ranks[own] = (len(pools[name]) - below) / (len(pools[name]) + 1)
    # The likeliest class is in the set whatever the rank.
    ranks[strength == 1] = 0.0
    common = max(conformal_quantile(ranks, level), level - CONCESSION)
    thresholds = []
    for name in names.tolist():
        pool = pools[name]
        if common >= 1:
            # More sites than the level lets go are of classes never learnt: nothing is ruled out.
            thresholds.append(0.0)
            continue
        count = min(int((len(pool) + 1) * common + _ROUNDING), len(pool))
        # Without one that is strong enough only the likeliest class is left.
        thresholds.append(float(pool[-count]) if count else 1.0)
    return ClassSets(level, common, tuple(names.tolist()), tuple(thresholds), tuple(marginal))


@dataclass(frozen=True)
class Intervals:
    """How far the truth may be from what a regressor predicts.

    Made by `calibrate_intervals`.

    Attributes
    ----------
    level : float
        Share of unseen truths that each interval holds, output by output.
    atoms : tuple of int
        Numbers of averaged atoms, rising, that the calibration was made for.
    half_widths : tuple of tuple of float
        For each of them, half the width of the interval of each output.
    """

    level: float
    atoms: tuple[int, ...]
    half_widths: tuple[tuple[float, ...], ...]

    def half_width(self, atoms: int | None = None) -> Float[np.ndarray, " output"]:
        """Half the widths of the intervals of an average over so many atoms.

        Parameters
        ----------
        atoms : int, optional
            Averaged atoms; between two calibrated numbers the half width is linear in the
            logarithm, beyond the last it stays. If unknown, the widest of all.

        Raises
        ------
        InputError
            If `atoms` is not positive.
        """
        table = np.array(self.half_widths, float)
        if atoms is None:
            return table.max(axis=0)
        if atoms < 1:
            raise InputError(
                f"an average of {atoms} atoms is not possible; it needs at least one atom"
            )
        calibrated = np.log(self.atoms)
        return np.array([np.interp(np.log(atoms), calibrated, column) for column in table.T])

    def bounds(
        self,
        predicted: Float[np.ndarray, "example output"],
        atoms: int | None = None,
        *,
        lowest: float = -np.inf,
        highest: float = np.inf,
    ) -> Float[np.ndarray, "example output 2"]:
        """Lower and upper ends of the intervals, kept between `lowest` and `highest`."""
        predicted = np.asarray(predicted, float)
        half = self.half_width(atoms)
        ends = np.stack([predicted - half, predicted + half], axis=-1)
        return np.clip(ends, lowest, highest)


def calibrate_intervals(
    predicted: Float[np.ndarray, "example output"],
    truth: Float[np.ndarray, "example output"],
    level: float = LEVEL,
    *,
    atoms: Int[np.ndarray, " example"] | None = None,
) -> Intervals:
    """Find how wide the intervals around predictions must be, for any number of outputs.

    Parameters
    ----------
    predicted, truth : float arrays, shape (example, output)
        Of examples whose sites the regressor had not seen: mean coordination numbers, fractions
        of classes, or both side by side.
    level : float
        Share of truths that each interval is to hold.
    atoms : int array, shape (example,), optional
        Averaged atoms of each example; single sites by default.

    Raises
    ------
    InputError
        If there is no example.

    Examples
    --------
    >>> truth = np.zeros((19, 1))
    >>> calibrate_intervals(truth + np.arange(19)[:, None], truth).half_width(1)
    array([17.])
    """
    if not len(predicted):
        raise InputError("intervals cannot be calibrated on no example; give unseen spectra")
    off = np.abs(np.asarray(predicted, float) - np.asarray(truth, float))
    sizes = np.ones(len(off), int) if atoms is None else np.asarray(atoms)
    different = np.unique(sizes).tolist()
    rows = [
        tuple(conformal_quantile(column, level) for column in off[sizes == size].T)
        for size in different
    ]
    return Intervals(level, tuple(different), tuple(rows))
