"""Conformal calibration: class sets and intervals that contain the truth as often as stated.

Split conformal prediction (Vovk, Gammerman and Shafer, *Algorithmic Learning in a Random World*,
2005) with the predictions of grouped cross-validation in place of those of one calibration set. The
guarantee holds on average over new groups like the old ones, not for another material. Own code:
crepes 0.9.1 loops over sites and takes one score too many at n + 1 = 10, 20, ...; MAPIE 1.6.0 needs
an estimator and has no class-conditional sets.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int, Shaped

from nearedge.errors import InputError

LEVEL = 0.9
"""Fraction of unseen truths that sets and intervals are meant to contain."""

LEAST = 10
"""Fewest calibration sites of a class for its own threshold: the worst of nine is not 90 %."""

LEAST_ALIKE = 20
"""Fewest sites of one class and number for their own distances to count."""

CONCESSION = 0.05
"""How far below the level the coverage of a class may be, if all together reach the level.

If a classifier is right more often than the level requires, no class would need a set at all.
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

    The sets contain the true class for a fraction `level` of all unseen sites, and at least
    `class_level` of each class: less if some are so easy that the likeliest class alone exceeds the
    level. The thresholds are probabilities from which a class belongs to the set; `marginal`
    classes, with fewer than `LEAST` sites, have that of all sites, and no guarantee.
    """

    level: float
    class_level: float
    classes: tuple[str, ...]
    thresholds: tuple[float, ...]
    marginal: tuple[str, ...] = ()

    def members(
        self, probability: Float[np.ndarray, "site {len(self.classes)}"]
    ) -> Bool[np.ndarray, "site {len(self.classes)}"]:
        """Mask of the classes in the set of each site; the likeliest always is."""
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
    empty. It is ranked among the sites of its own class (Mondrian), so that rare classes are
    covered as often as frequent ones. The common rank is the one that covers `level` of all sites,
    and at least ``level - CONCESSION`` of each class. Sites of a class that is not in `classes`
    count as misses.

    Examples
    --------
    Sites of the rare class ``b`` have low probabilities, yet it is in their sets:

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
    """How far the truth may be from a regressor's prediction, for a fraction `level` of sites.

    For each number of averaged atoms, ascending, there is a half width for each output.
    """

    level: float
    atoms: tuple[int, ...]
    half_widths: tuple[tuple[float, ...], ...]

    def half_width(self, atoms: int | None) -> Float[np.ndarray, " output"]:
        """Half widths for an average over this many atoms; the widest of all if unknown.

        Between two calibrated numbers they are linear in the logarithm, beyond the last constant.
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
    """Find how wide the intervals of averages over some atoms, or of single sites, must be.

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

    An unsure regressor leans to the mean, and a common width would miss most sites of rare, high
    numbers: each number, ascending, has its own reach (label-conditional, Vovk et al., as above).
    They cover a fraction `level` of all unseen sites, and `class_level` of those of each class and
    number with at least `LEAST_ALIKE` of them.
    """

    level: float
    class_level: float
    numbers: tuple[float, ...]
    reaches: tuple[float, ...]

    def bounds(self, predicted: Numbers) -> Float[np.ndarray, "site 2"]:
        """Lowest and highest number not ruled out; the prediction is always between them.

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

    The sites of every class are covered equally often, as needed to cover `level` of all sites, but
    at least ``level - CONCESSION``: a dimer of number 0 differs from a normal site of number 0. A
    number without `LEAST_ALIKE` sites in any class takes the distance of all sites, without a
    guarantee.
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
