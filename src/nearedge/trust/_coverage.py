"""How often sets and intervals contain the truth, and how well few groups determine this."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

import numpy as np
from jaxtyping import Bool, Int

from nearedge.trust._conformal import (
    LEVEL,
    Members,
    Names,
    Probabilities,
    Sites,
    calibrate_sets,
)


@dataclass(frozen=True)
class Coverage:
    """Fraction of `n` sites for which sets or intervals contain the truth.

    Its standard error follows from the spread over groups, None for a single one; `effective` is
    the number of independent sites with the same error, None if all or none are covered.
    """

    coverage: float
    error: float | None
    groups: int
    effective: int | None
    n: int


@dataclass(frozen=True)
class ClassCoverage:
    """Coverage of the sites of one class, and the mean size of their sets."""

    n: int
    coverage: float
    mean_set_size: float | None = None


@dataclass(frozen=True)
class SetCoverage(Coverage):
    """How often sets of classes contain the truth, how large they are, and both for each class."""

    level: float
    mean_set_size: float
    per_class: dict[str, ClassCoverage]


def coverage(held: Sites, groups: Names) -> Coverage:
    """Fraction of truths that are covered, and its error from the spread over groups.

    Sites of one group succeed and fail together, so the error is taken from the spread over
    groups, each weighted by its size, and not from the number of sites.

    Examples
    --------
    >>> coverage(np.array([True, True, False, True]), np.array(["a", "a", "b", "b"])).coverage
    0.75
    """
    names, place = np.unique(groups, return_inverse=True)
    share, count = float(held.mean()), len(names)
    excess = np.bincount(place, weights=held - share)
    error = None
    if count > 1:
        # Linearised variance of a ratio over clusters: Cochran, Sampling Techniques, section 9A.
        error = float(np.sqrt(count / (count - 1) * (excess**2).sum()) / len(held))
    scatter = share * (1 - share)
    effective = min(round(scatter / error**2), len(held)) if error and scatter else None
    return Coverage(share, error, count, effective, len(held))


def set_coverage(
    members: Members, truth: Names, classes: Sequence[str], groups: Names, level: float = LEVEL
) -> SetCoverage:
    """Score sets of classes: coverage, mean size, and both for each class that occurs."""
    held = (members & (truth[:, None] == np.array(classes))).any(axis=1)
    size = members.sum(axis=1)
    return SetCoverage(
        **asdict(coverage(held, groups)),
        level=level,
        mean_set_size=float(size.mean()),
        per_class={
            name: ClassCoverage(int(own.sum()), float(held[own].mean()), float(size[own].mean()))
            for name in np.unique(truth).tolist()
            for own in [truth == name]
        },
    )


def crossfit(
    fold: Int[np.ndarray, " site"], judge: Callable[[Sites, Sites], Bool[np.ndarray, "..."]]
) -> Bool[np.ndarray, "..."]:
    """Score each fold's sites, the second mask, with a calibration on the others, the first.

    This shows how good a calibration is on sites that it was not made from.
    """
    judged = np.concatenate([judge(fold != number, fold == number) for number in np.unique(fold)])
    everywhere = np.empty_like(judged)
    everywhere[np.argsort(fold, kind="stable")] = judged
    return everywhere


def crossfit_sets(
    probability: Probabilities,
    truth: Names,
    classes: Sequence[str],
    fold: Int[np.ndarray, " site"],
) -> Members:
    """Mask of the classes in each site's set, calibrated on the other folds."""

    def judge(others: Sites, own: Sites) -> Bool[np.ndarray, "judged class"]:
        sets = calibrate_sets(probability[others], truth[others], classes)
        return sets.members(probability[own])

    return crossfit(fold, judge)
