"""Novelty: whether a spectrum is like those a model was trained on, and if not, what is wrong.

Chosen by its ROC on spectra of other compounds, edges, engines: ``benchmarks/novelty.py``.
"""

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float

from nearedge.errors import InputError
from nearedge.trust._conformal import conformal_quantile
from nearedge.trust._examination import examine
from nearedge.trust._likeness import Cloud, Features, Gaussian, Likeness, Numbers, Spectra, overlaps
from nearedge.trust._reasons import Reason

SMALL = 1e-3
"""Distance that counts as zero; training spectra may all be the same."""

ENOUGH = 20
"""Fewest calibration spectra of a class for its own fraction of flagged ones to be limited."""


@dataclass(frozen=True)
class NoveltySettings:
    """How novelty is measured, and how often a spectrum like the training spectra may be flagged.

    Intensities well above the pivot, in units of the mean training intensity, are compared by their
    ratio, those below by their difference. The tolerance is a standard deviation of the logarithm
    of an intensity that is never novel: noise, calibration. The centres are clusters of the
    training spectra, the folds those of the calibration.

    Of spectra of unseen groups a fraction may be `flagged`, and within every class of at least
    `ENOUGH` sites another; the more lenient limit counts. A rare class is the tail of the
    distribution, and would otherwise be flagged entirely.
    """

    pivot: float = 0.2
    tolerance: float = 0.4
    centres: int = 128
    flagged: float = 0.03
    flagged_class: float = 0.3
    folds: int = 8


SETTINGS = NoveltySettings()


@dataclass(frozen=True)
class Calibration:
    """What the limit was set on: the numbers of spectra and of independent groups, if any.

    It is extrapolated if they are too few for such a distance to occur.
    """

    n: int
    groups: int | None
    extrapolated: bool


@dataclass(frozen=True)
class Novelty:
    """A test of spectra: what training spectra are like, and unseen ones' distances, ascending.

    All spectra are at the training spectra's energies, in their unit.
    """

    likeness: Likeness
    settings: NoveltySettings
    distances: Float[np.ndarray, " calibration"]
    calibration: Calibration

    @property
    def typical(self) -> float:
        """Median distance of unseen spectra like the training spectra: a score of 1."""
        return max(float(np.median(self.distances)), SMALL)

    @property
    def threshold(self) -> float:
        """Score above which a spectrum is novel."""
        return self.likeness.limit / self.typical

    def score(self, inputs: Spectra) -> Numbers:
        """Distance from the training spectra in units of the typical one."""
        return self.likeness.distance(inputs) / self.typical

    def flags(self, inputs: Spectra) -> Bool[np.ndarray, " _"]:
        """Mask of the spectra that are novel, without reasons."""
        return self.score(inputs) > self.threshold

    def reasons(self, inputs: Spectra) -> list[tuple[Reason, ...]]:
        """List what is wrong with each spectrum; nothing if it is not novel."""
        novel = self.flags(inputs)
        examined = iter(examine(self.likeness, inputs[novel]))
        return [next(examined) if flagged else () for flagged in novel]


def fit_novelty(
    inputs: Float[np.ndarray, "site energy"],
    energy: Float[np.ndarray, " energy"],
    *,
    groups: np.ndarray | None = None,
    labels: np.ndarray | None = None,
    seed: int = 0,
) -> Novelty:
    """Learn what spectra are like, and from which distance one is unlike them.

    The limit is the distance that a fraction `NoveltySettings.flagged` of the spectra of held-out
    groups exceeds (split conformal prediction with the scores of a cross-validation by group). For
    fewer than 1 / flagged spectra it is the one-sided prediction bound of a normal distribution of
    log distances (Student's t). Sites of a group are not independent; without groups, each spectrum
    is its own. No class of the labels is flagged as a whole.

    Examples
    --------
    >>> energy = np.linspace(0, 10, 40)
    >>> position = np.random.default_rng(0).normal(5, 0.3, (100, 1))
    >>> spectra = 1 / (1 + np.exp(3 - energy)) + np.exp(-(energy - position) ** 2)
    >>> novelty = fit_novelty(spectra, energy)
    >>> novelty.flags(spectra[:1])
    array([False])
    >>> print(novelty.reasons(1000 * spectra[:1])[0][0])
    intensity is about 1000 times that of the training spectra: counts, or another unit ...
    """
    if len(inputs) < 2 or inputs.shape[1] < 4 or not np.isfinite(inputs).all():
        raise InputError(
            f"novelty cannot be learnt from spectra of shape {inputs.shape}; give at least 2 of "
            "at least 4 finite intensities"
        )
    if groups is not None and len(np.unique(groups)) < 2:
        groups = None
    features = Features(float(np.abs(inputs).mean()) or 1.0, SETTINGS.pivot)
    cloud, distances, parts = _calibrated(features(inputs), groups, seed)
    likeness = Likeness(
        energy=energy,
        features=features,
        cloud=cloud,
        low=inputs.min(axis=0),
        high=inputs.max(axis=0),
        limit=_limit(distances, labels),
        shift_limits=np.array([_limit(column, None) for column in parts.T]),
    )
    independent = None if groups is None else len(np.unique(groups))
    calibration = Calibration(len(inputs), independent, len(inputs) * SETTINGS.flagged < 1)
    return Novelty(likeness, SETTINGS, np.sort(distances), calibration)


def _calibrated(
    logs: np.ndarray, groups: np.ndarray | None, seed: int
) -> tuple[Cloud, Float[np.ndarray, " site"], Float[np.ndarray, "site shift"]]:
    """Fit a cloud to all spectra, and measure distances of each from those of other groups.

    The second distances are of the energies that overlap when a spectrum is shifted.
    """
    from sklearn.model_selection import GroupKFold, KFold

    count, points = logs.shape
    kind, several = (KFold, count) if groups is None else (GroupKFold, len(np.unique(groups)))
    folds = kind(min(SETTINGS.folds, several), shuffle=True, random_state=seed)
    held_out = [
        (_cloud(logs[train], seed), test) for train, test in folds.split(logs, None, groups)
    ]
    squares = np.zeros((2, count))
    for fitted, test in held_out:
        squares[:, test] = fitted.squares(logs[test])
    first, second = np.maximum(np.median(squares, axis=1), SMALL**2).tolist()
    usual, shifted = (first, second), [there for _, there in overlaps(points).values()]
    distances, parts = np.zeros(count), np.zeros((count, len(shifted)))
    for fitted, test in held_out:
        cloud = replace(fitted, usual=usual)
        distances[test] = cloud.distance(logs[test])
        for column, there in enumerate(shifted):
            parts[test, column] = cloud.distance(logs[test, there], there)
    return replace(_cloud(logs, seed), usual=usual), distances, parts


def _cloud(logs: np.ndarray, seed: int) -> Cloud:
    mean = logs.mean(axis=0)
    scatter = (logs - mean).T @ (logs - mean) / max(len(logs) - 1, 1)
    gaussian = Gaussian(mean, scatter + SETTINGS.tolerance**2 * np.eye(len(mean)))
    scale = np.sqrt(np.diag(gaussian.covariance))
    from sklearn.cluster import KMeans

    different = np.unique(logs / scale, axis=0)
    if len(different) <= SETTINGS.centres:
        return Cloud(gaussian, different * scale, scale)
    clusters = KMeans(SETTINGS.centres, max_iter=20, random_state=seed)  # one start: n_init="auto"
    return Cloud(gaussian, clusters.fit(logs / scale).cluster_centers_ * scale, scale)


def _limit(distances: np.ndarray, labels: np.ndarray | None) -> float:
    limits = [_bound(distances, SETTINGS.flagged), float(np.median(distances)), SMALL]
    if labels is not None:
        names, counts = np.unique(labels, return_counts=True)
        limits += [
            _bound(distances[labels == name], SETTINGS.flagged_class)
            for name in names[counts >= ENOUGH]
        ]
    return max(limits)


def _bound(distances: np.ndarray, share: float) -> float:
    """Distance that a further one exceeds with a probability of at most `share`."""
    count = len(distances)
    if (count + 1) * share >= 1:
        return conformal_quantile(distances, 1 - share)
    from scipy.stats import t as student

    logs = np.log(np.maximum(distances, SMALL))
    spread = float(logs.std(ddof=1)) * np.sqrt(1 + 1 / count)
    return float(np.exp(logs.mean() + student.ppf(1 - share, count - 1) * spread))
