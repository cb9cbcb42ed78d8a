"""How often sets and intervals held the truth, and how well that is known from few groups."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
from jaxtyping import Bool, Float, Int, Shaped

from nearedge.trust._conformal import (
    LEVEL,
    ClassSets,
    Intervals,
    calibrate_intervals,
    calibrate_sets,
)
from nearedge.trust._site_intervals import calibrate_site_intervals


@dataclass(frozen=True)
class Coverage:
    """Share of truths that sets or intervals held.

    Attributes
    ----------
    coverage : float
        The share.
    error : float or None
        Its standard error, from the spread over groups; None with a single group.
    groups : int
        Number of groups.
    effective : int or None
        The number of independent sites that would be as telling; None where all or none were held.
    n : int
        Number of sites.
    """

    coverage: float
    error: float | None
    groups: int
    effective: int | None
    n: int


@dataclass(frozen=True)
class ClassCoverage:
    """Share of the truths of one class that were held, and how large sets are there."""

    n: int
    coverage: float
    mean_set_size: float | None = None


@dataclass(frozen=True)
class SetCoverage(Coverage):
    """How often sets of classes held the truth, how large they are, and both for each class."""

    level: float
    mean_set_size: float
    per_class: dict[str, ClassCoverage]


def coverage(held: Bool[np.ndarray, " site"], groups: Shaped[np.ndarray, " site"]) -> Coverage:
    """Share of truths that were held, and its error as the groups tell it.

    Sites of one group succeed and fail together, so the error is taken from the spread over
    groups, each weighted by its size, and not from the number of sites.

    Parameters
    ----------
    held : bool array, shape (site,)
        Whether the set or interval of each site held the truth.
    groups : array of str, shape (site,)
        What is independent: trajectories, if there are several.

    Returns
    -------
    Coverage

    Examples
    --------
    >>> coverage(np.array([True, True, False, True]), np.array(["a", "a", "b", "b"])).coverage
    0.75
    """
    held = np.asarray(held, float)
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
    members: Bool[np.ndarray, "site class"],
    truth: Shaped[np.ndarray, " site"],
    classes: Sequence[str],
    groups: Shaped[np.ndarray, " site"],
    level: float = LEVEL,
) -> SetCoverage:
    """Judge sets of classes: coverage, mean size, and both for each class.

    Parameters
    ----------
    members : bool array, shape (site, class)
        From `ClassSets.members`.
    truth : array of str, shape (site,)
        Class of each site.
    classes : sequence of str
        In the order of `members`.
    groups : array of str, shape (site,)
        See `coverage`.
    level : float
        Share that they are meant to hold.

    Returns
    -------
    SetCoverage
        Of classes, those that occur.
    """
    truth = np.asarray(truth)
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


def crossfit_sets(
    probability: Float[np.ndarray, "site class"],
    truth: Shaped[np.ndarray, " site"],
    classes: Sequence[str],
    fold: Int[np.ndarray, " site"],
    level: float = LEVEL,
) -> Bool[np.ndarray, "site class"]:
    """Sets of each fold's sites, calibrated on the other folds alone.

    So they say what the calibration is worth on sites it was not made of.
    """
    members = np.zeros(np.shape(probability), bool)
    for one in np.unique(fold):
        mine = fold == one
        others: ClassSets = calibrate_sets(probability[~mine], truth[~mine], classes, level)
        members[mine] = others.members(probability[mine])
    return members


def crossfit_intervals(
    predicted: Float[np.ndarray, "example output"],
    truth: Float[np.ndarray, "example output"],
    fold: Int[np.ndarray, " example"],
    level: float = LEVEL,
    *,
    atoms: Int[np.ndarray, " example"] | None = None,
) -> Bool[np.ndarray, "example output"]:
    """Whether intervals held the truth, each fold's calibrated on the other folds alone."""
    sizes = np.ones(len(predicted), int) if atoms is None else np.asarray(atoms)
    held = np.zeros(np.shape(predicted), bool)
    for one in np.unique(fold):
        mine = fold == one
        others: Intervals = calibrate_intervals(
            predicted[~mine], truth[~mine], level, atoms=sizes[~mine]
        )
        half = np.array([others.half_width(size) for size in sizes[mine].tolist()])
        held[mine] = np.abs(predicted[mine] - truth[mine]) <= half
    return held


def crossfit_site_intervals(
    predicted: Float[np.ndarray, " site"],
    truth: Float[np.ndarray, " site"],
    environment: Shaped[np.ndarray, " site"],
    fold: Int[np.ndarray, " site"],
    level: float = LEVEL,
) -> Bool[np.ndarray, " site"]:
    """Whether intervals of single sites held the truth, each fold's calibrated on the others."""
    held = np.zeros(len(predicted), bool)
    for one in np.unique(fold):
        mine = fold == one
        others = calibrate_site_intervals(predicted[~mine], truth[~mine], environment[~mine], level)
        held[mine] = others.hold(predicted[mine], truth[mine])
    return held
