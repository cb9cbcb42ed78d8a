"""Conformal calibration: class sets and intervals that hold the truth as often as they say.

Split conformal prediction (Vovk, Gammerman and Shafer, *Algorithmic Learning in a Random World*,
2005) with the predictions of grouped cross-validation in place of those of one calibration set. The
promise holds on average over new groups that are like the old ones; not for another material. Own
code: crepes 0.9.1 loops over sites and takes one score too many at n + 1 = 10, 20, ...; MAPIE 1.6.0
wants an estimator and has no class-conditional sets.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int, Shaped

from nearedge.errors import InputError

LEVEL = 0.9
"""Share of unseen truths that a set or an interval is meant to hold."""

LEAST = 10
"""Calibration sites from which a class has a threshold of its own: the worst of nine is no 90 %."""

LEAST_ALIKE = 20
"""Sites of one class and number from which their own distances count."""

CONCESSION = 0.05
"""How far below the level the share of a single class may be, so that all together make the level.

Where a classifier is right more often than the level asks, no class would need a set at all.
"""

Sites = Bool[np.ndarray, " site"]
Numbers = Float[np.ndarray, " site"]
Names = Shaped[np.ndarray, " site"]
Probabilities = Float[np.ndarray, "site class"]
Members = Bool[np.ndarray, "site class"]
Outputs = Float[np.ndarray, "example output"]

# (n + 1) * 0.9 may miss a whole number by rounding.
_ROUNDING = 1e-9

# Levels that are tried for the numbers of single sites.
_STEP, _HIGHEST = 0.0025, 0.99


def conformal_quantile(scores: Numbers, level: float) -> float:
    """Score that a new one does not exceed with probability `level`; the largest, if few are known.

    Examples
    --------
    >>> conformal_quantile(np.arange(1.0, 20.0), 0.9)
    18.0
    """
    rank = int(np.ceil((len(scores) + 1) * level - _ROUNDING))
    return float(np.sort(scores)[min(rank, len(scores)) - 1])


@dataclass(frozen=True)
class ClassSets:
    """Which classes, in the order of a classifier's probabilities, cannot be ruled out.

    The sets hold the true class of a share `level` of all unseen sites, and `class_level` at least
    of each class: less where some are so easy that the likeliest class alone exceeds the level.
    The thresholds are probabilities from which a class belongs to the set; those of `marginal`
    classes, with fewer than `LEAST` sites, are that of all sites, and nothing is promised of them.
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


def _strength(probability: Probabilities) -> Probabilities:
    """Probabilities, one for the likeliest class, which no set leaves out."""
    strength = np.array(probability, float)
    strength[np.arange(len(strength)), strength.argmax(axis=1)] = 1.0
    return strength


def calibrate_sets(
    probability: Probabilities, truth: Names, classes: Sequence[str], level: float = LEVEL
) -> ClassSets:
    """Find the probability from which each class belongs to the set.

    A site's score is the probability of its true class (least ambiguous sets: Sadinle, Lei and
    Wasserman, J. Am. Stat. Assoc. 114, 223 (2019)), one for the likeliest, so that sets are never
    empty. It is ranked among the sites of its own class (Mondrian), so that rare classes are held
    as often as frequent ones. The common rank is the one that holds `level` of all sites, but no
    less than ``level - CONCESSION`` of a class. Sites of a class that is not in `classes` are
    misses.

    Examples
    --------
    Sites of the rare class ``b`` get low probabilities, and are in the set all the same:

    >>> rng = np.random.default_rng(0)
    >>> truth = np.where(np.arange(1000) % 20 == 0, "b", "a")
    >>> b = np.where(truth == "b", rng.uniform(0.1, 0.6, 1000), rng.uniform(0.0, 0.3, 1000))
    >>> calibrate_sets(np.column_stack([1 - b, b]), truth, ["a", "b"]).thresholds[1] < 0.6
    True
    """
    if not len(probability):
        raise InputError("sets cannot be calibrated on no site; give spectra with their class")
    own = np.asarray(truth)[:, None] == np.array(classes)
    strength = np.where(own, _strength(probability), 0.0).max(axis=1)
    rare = own.sum(axis=0) < LEAST
    pools = [
        np.sort(strength if few else strength[sites])
        for few, sites in zip(rare, own.T, strict=True)
    ]
    ranks = np.ones(len(strength))
    for pool, sites in zip(pools, own.T, strict=True):
        below = np.searchsorted(pool, strength[sites], side="left")
        ranks[sites] = (len(pool) - below) / (len(pool) + 1)
    # The likeliest class is in the set whatever the rank.
    ranks[strength == 1] = 0.0
    common = max(conformal_quantile(ranks, level), level - CONCESSION)

    def threshold(pool: Numbers) -> float:
        if common >= 1:
            # More sites than the level lets go are of classes never learnt: nothing is ruled out.
            return 0.0
        count = min(int((len(pool) + 1) * common + _ROUNDING), len(pool))
        # Without one that is strong enough only the likeliest class is left.
        return float(pool[-count]) if count else 1.0

    marginal = tuple(name for name, few in zip(classes, rare, strict=True) if few)
    return ClassSets(level, common, tuple(classes), tuple(map(threshold, pools)), marginal)


@dataclass(frozen=True)
class Intervals:
    """How far the truth may be from what a regressor predicts, for a share `level` of unseen ones.

    For each of the numbers of averaged atoms, rising, there is half the width of each output's.
    """

    level: float
    atoms: tuple[int, ...]
    half_widths: tuple[tuple[float, ...], ...]

    def half_width(self, atoms: int | None) -> Float[np.ndarray, " output"]:
        """Half the widths for an average over so many atoms; the widest of all if unknown.

        Between two calibrated numbers they are linear in the logarithm, beyond the last they stay.
        """
        table = np.array(self.half_widths, float)
        if atoms is None:
            return table.max(axis=0)
        calibrated = np.log(self.atoms)
        return np.array([np.interp(np.log(atoms), calibrated, column) for column in table.T])

    def bounds(
        self, predicted: Outputs, atoms: int | None
    ) -> Float[np.ndarray, "example output 2"]:
        """Lower and upper ends of the intervals."""
        half = self.half_width(atoms)
        return np.stack([predicted - half, predicted + half], axis=-1)

    def hold(
        self, predicted: Outputs, truth: Outputs, atoms: Int[np.ndarray, " example"]
    ) -> Bool[np.ndarray, "example output"]:
        """Tell which intervals hold the truth."""
        half = np.array([self.half_width(number) for number in atoms.tolist()])
        return np.abs(predicted - truth) <= half


def calibrate_intervals(
    predicted: Outputs,
    truth: Outputs,
    level: float = LEVEL,
    *,
    atoms: Int[np.ndarray, " example"] | None = None,
) -> Intervals:
    """Find how wide the intervals of examples must be, averages over so many atoms or single sites.

    Examples
    --------
    >>> truth = np.zeros((19, 1))
    >>> calibrate_intervals(truth + np.arange(19)[:, None], truth).half_width(1)
    array([17.])
    """
    if not len(predicted):
        raise InputError("intervals cannot be calibrated on no example; give unseen spectra")
    off = np.abs(predicted - truth)
    sizes = np.ones(len(off), int) if atoms is None else atoms
    different = np.unique(sizes).tolist()
    rows = [
        tuple(conformal_quantile(column, level) for column in off[sizes == size].T)
        for size in different
    ]
    return Intervals(level, tuple(different), tuple(rows))


@dataclass(frozen=True)
class SiteIntervals:
    """Which coordination numbers of a single site cannot be ruled out, given a prediction.

    A regressor that is unsure leans to the mean, and one width for all would leave out most sites
    of rare, high numbers: each of the numbers, rising, has its own reach (label-conditional, Vovk
    et al., as above). They hold a share `level` of all unseen sites, and `class_level` of those of
    each class and number with at least `LEAST_ALIKE` of them.
    """

    level: float
    class_level: float
    numbers: tuple[float, ...]
    reaches: tuple[float, ...]

    def bounds(self, predicted: Numbers) -> Float[np.ndarray, "site 2"]:
        """Lowest and highest number that are not ruled out; the prediction is always between.

        Examples
        --------
        >>> SiteIntervals(0.9, 0.9, (2.0, 3.0), (0.3, 0.6)).bounds(np.array([2.2, 2.5, 3.2]))
        array([[2. , 2.2],
               [2.5, 3. ],
               [3. , 3.2]])
        """
        numbers = np.array(self.numbers)
        possible = np.abs(predicted[:, None] - numbers) <= np.array(self.reaches)
        low = np.where(possible, numbers, np.inf).min(axis=1)
        high = np.where(possible, numbers, -np.inf).max(axis=1)
        return np.column_stack([np.minimum(low, predicted), np.maximum(high, predicted)])

    def hold(self, predicted: Numbers, truth: Numbers) -> Sites:
        """Tell which intervals hold the truth."""
        low, high = self.bounds(predicted).T
        return (low <= truth) & (truth <= high)


def calibrate_site_intervals(
    predicted: Numbers, truth: Numbers, environment: Names, level: float = LEVEL
) -> SiteIntervals:
    """Find how far from each coordination number its sites' predictions lie.

    The sites of every class are held alike, as often as it takes to hold `level` of all sites, but
    no less than ``level - CONCESSION``: a dimer of number 0 is another thing than a plain site of
    number 0. A number with fewer than `LEAST_ALIKE` sites in any class takes the distance of all
    sites together, and nothing is promised of it.
    """
    if not len(predicted):
        raise InputError("intervals cannot be calibrated on no site; give unseen spectra")
    off = np.abs(predicted - truth)
    alike = {
        number: [
            off[own]
            for name in np.unique(environment)
            for own in [(truth == number) & (environment == name)]
            if own.sum() >= LEAST_ALIKE
        ]
        for number in np.unique(truth).tolist()
    }
    need = min(np.ceil((len(off) + 1) * level - _ROUNDING) / len(off), 1.0)
    *levels, last = np.arange(level - CONCESSION, _HIGHEST + _STEP / 2, _STEP).tolist()

    def made(common: float) -> SiteIntervals:
        plain = conformal_quantile(off, max(common, level))
        reaches = (
            max((conformal_quantile(own, common) for own in several), default=plain)
            for several in alike.values()
        )
        return SiteIntervals(level, common, tuple(alike), tuple(reaches))

    tried = (one for one in map(made, levels) if one.hold(predicted, truth).mean() >= need)
    return next(tried, made(last))
