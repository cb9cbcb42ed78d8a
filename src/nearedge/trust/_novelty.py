"""Novelty: whether a spectrum is like those a model was trained on, and if not, what is wrong.

A spectrum's novelty is its distance from the training spectra's logarithms, `nearedge.trust.Cloud`.
Whatever that is worth, its limit is calibrated on spectra of groups that it was not fitted to, so
that spectra of unseen groups are rarely flagged.

The method was chosen by its ROC on spectra of other compounds, other edges, another engine and
distorted ones, beside others: ``benchmarks/novelty.py``.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float

from nearedge.errors import InputError
from nearedge.trust._examination import examine
from nearedge.trust._likeness import Cloud, Features, Gaussian, Likeness, Spectra, overlap, shifts
from nearedge.trust._novelty_settings import ENOUGH, NoveltySettings
from nearedge.trust._reasons import Reason, Unexamined

SMALL = 1e-3
"""Distance that is as good as none; training spectra may all be the same."""


@dataclass(frozen=True)
class Verdicts:
    """What is said of each spectrum.

    Attributes
    ----------
    score : float array, shape (spectrum,)
        Distance from the training spectra; 1 is that of the median unseen spectrum like them.
    novel : bool array, shape (spectrum,)
        Whether the score exceeds the threshold.
    p_value : float array, shape (spectrum,)
        Share of unseen spectra like the training spectra that are at least as far from them.
    reasons : tuple of tuple of Reason
        What is wrong with each; empty for those that are not novel.
    threshold : float
        Score above which a spectrum is novel.
    """

    score: Float[np.ndarray, " spectrum"]
    novel: Bool[np.ndarray, " spectrum"]
    p_value: Float[np.ndarray, " spectrum"]
    reasons: tuple[tuple[Reason, ...], ...]
    threshold: float


@dataclass(frozen=True)
class Calibration:
    """What the limit was set on.

    Attributes
    ----------
    n : int
        Spectra.
    groups : int or None
        Independent groups of them; None if each spectrum is its own.
    extrapolated : bool
        Whether they are too few to have seen such a distance.
    """

    n: int
    groups: int | None
    extrapolated: bool


@dataclass(frozen=True)
class Novelty:
    """A judge of spectra, made by `fit_novelty`.

    Attributes
    ----------
    likeness : Likeness
        What the training spectra are like.
    settings : NoveltySettings
        How novelty is measured.
    distances : float array, shape (calibration,)
        Distances of spectra of unseen groups, increasing.
    calibration : Calibration
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

    def score(self, inputs: Spectra) -> Float[np.ndarray, " _"]:
        """Distance from the training spectra in units of the typical one.

        Parameters
        ----------
        inputs : float array, shape (spectrum, energy)
            Intensities at the training spectra's energies, in their unit.

        Returns
        -------
        float array, shape (spectrum,)
        """
        return self.likeness.distance(inputs) / self.typical

    def flags(self, inputs: Spectra) -> Bool[np.ndarray, " _"]:
        """Tell which spectra are novel, without reasons."""
        return self.score(inputs) > self.threshold

    def judge(self, inputs: Spectra, *, explained: int = 1000) -> Verdicts:
        """Say of each spectrum whether it is novel, and if so, why.

        Parameters
        ----------
        inputs : float array, shape (spectrum, energy)
            Intensities at the training spectra's energies, in their unit.
        explained : int
            Most novel spectra whose reason is sought, the first ones: 0.2 ms each.

        Returns
        -------
        Verdicts
        """
        inputs = np.asarray(inputs, float)
        score = self.score(inputs)
        novel = score > self.threshold
        beyond = len(self.distances) - np.searchsorted(self.distances, score * self.typical)
        reasons: list[tuple[Reason, ...]] = [()] * len(inputs)
        which = np.flatnonzero(novel)
        for place, found in zip(
            which, examine(self.likeness, inputs[which[:explained]]), strict=False
        ):
            reasons[place] = found
        for place in which[explained:]:
            reasons[place] = (Unexamined(),)
        rarer = (1 + beyond) / (len(self.distances) + 1)
        return Verdicts(score, novel, rarer, tuple(reasons), self.threshold)


def fit_novelty(
    inputs: Float[np.ndarray, "site energy"],
    energy: Float[np.ndarray, " energy"],
    *,
    groups: np.ndarray | None = None,
    labels: np.ndarray | None = None,
    settings: NoveltySettings | None = None,
    seed: int = 0,
) -> Novelty:
    """Learn what spectra are like, and from which distance on one is not like them.

    The limit is that distance which `NoveltySettings.flagged` of the spectra of held-out groups
    exceed (split conformal prediction with the scores of a cross-validation by group). With fewer
    than 1 / flagged spectra there is no such quantile: the limit is then the one-sided prediction
    bound of a normal distribution of log distances (Student's t). Without groups each spectrum is
    its own group; if some are of one atom or trajectory, more unseen ones will be flagged.

    Parameters
    ----------
    inputs : float array, shape (site, energy)
        Training spectra.
    energy : float array, shape (energy,)
        Their energies in eV.
    groups : array, shape (site,), optional
        Sites of one group are not independent: trajectories, if there are.
    labels : array, shape (site,), optional
        Classes, none of which shall be flagged as a whole.
    settings : NoveltySettings, optional
    seed : int
        Shuffles the folds.

    Returns
    -------
    Novelty

    Raises
    ------
    InputError
        If there are fewer than two spectra, fewer than four energies, or numbers are not finite.

    Examples
    --------
    >>> energy = np.linspace(0, 10, 40)
    >>> position = np.random.default_rng(0).normal(5, 0.3, (100, 1))
    >>> spectra = 1 / (1 + np.exp(3 - energy)) + np.exp(-(energy - position) ** 2)
    >>> novelty = fit_novelty(spectra, energy)
    >>> novelty.judge(spectra[:1]).novel
    array([False])
    >>> round(novelty.judge(1000 * spectra[:1]).reasons[0][0].factor)
    1000
    """
    settings = settings or NoveltySettings()
    inputs, energy = np.asarray(inputs, float), np.asarray(energy, float)
    if inputs.ndim != 2 or len(inputs) < 2 or inputs.shape[1] < 4 or not np.isfinite(inputs).all():
        raise InputError(
            f"novelty cannot be learnt from spectra of shape {inputs.shape}; give at least 2 of "
            "at least 4 finite intensities"
        )
    unit = float(np.abs(inputs).mean()) or 1.0
    features = Features(unit, settings.pivot)
    logs = features(inputs)
    cloud, distances, parts = _calibrated(logs, groups, settings, seed)
    likeness = Likeness(
        energy=energy,
        features=features,
        cloud=cloud,
        low=inputs.min(axis=0),
        high=inputs.max(axis=0),
        limit=_limit(distances, labels, settings),
        shift_limits=np.array([_limit(column, None, settings) for column in parts.T]),
    )
    independent = 0 if groups is None else len(np.unique(groups))
    calibration = Calibration(
        len(inputs),
        independent if independent > 1 else None,
        len(inputs) * settings.flagged < 1,
    )
    return Novelty(likeness, settings, np.sort(distances), calibration)


def _calibrated(
    logs: np.ndarray, groups: np.ndarray | None, settings: NoveltySettings, seed: int
) -> tuple[Cloud, np.ndarray, np.ndarray]:
    """Fit a cloud to all spectra, and measure distances of each from those of other groups.

    Returns
    -------
    cloud : Cloud
    distances : float array, shape (site,)
    parts : float array, shape (site, shift)
        Distances of the energies that overlap when a spectrum is shifted.
    """
    count, points = logs.shape
    squares, steps = np.zeros((2, count)), shifts(points)
    held_out = []
    for train, test in _folds(count, groups, settings.folds, seed):
        held_out.append((_cloud(logs[train], settings, seed), test))
        squares[:, test] = held_out[-1][0].squares(logs[test])
    first, second = np.maximum(np.median(squares, axis=1), SMALL**2).tolist()
    usual = (first, second)
    distances, parts = np.zeros(count), np.zeros((count, len(steps)))
    for fitted, test in held_out:
        cloud = replace(fitted, usual=usual)
        distances[test] = cloud.distance(logs[test])
        for column, step in enumerate(steps):
            _, there = overlap(step, points)
            parts[test, column] = cloud.distance(logs[test, there], there)
    return replace(_cloud(logs, settings, seed), usual=usual), distances, parts


def _cloud(logs: np.ndarray, settings: NoveltySettings, seed: int) -> Cloud:
    mean = logs.mean(axis=0)
    scatter = (logs - mean).T @ (logs - mean) / max(len(logs) - 1, 1)
    tolerance = settings.tolerance**2
    gaussian = Gaussian(mean, scatter + tolerance * np.eye(len(mean)))
    scale = np.sqrt(np.diag(gaussian.covariance))
    from sklearn.cluster import KMeans

    different = np.unique(logs / scale, axis=0)
    if len(different) <= settings.centres:
        return Cloud(gaussian, different * scale, scale)
    clusters = KMeans(settings.centres, max_iter=20, random_state=seed)  # one start: n_init="auto"
    return Cloud(gaussian, clusters.fit(logs / scale).cluster_centers_ * scale, scale)


def _folds(
    count: int, groups: np.ndarray | None, folds: int, seed: int
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    from sklearn.model_selection import GroupKFold, KFold

    several = 0 if groups is None else len(np.unique(groups))
    every = np.arange(count)
    if several > 1:
        cut = GroupKFold(min(folds, several), shuffle=True, random_state=seed)
        return cut.split(every, groups=groups)
    return KFold(min(folds, count), shuffle=True, random_state=seed).split(every)


def _limit(distances: np.ndarray, labels: np.ndarray | None, settings: NoveltySettings) -> float:
    limits = [_bound(distances, settings.flagged), float(np.median(distances)), SMALL]
    if labels is not None:
        names, counts = np.unique(labels, return_counts=True)
        limits += [
            _bound(distances[labels == name], settings.flagged_class)
            for name, count in zip(names, counts, strict=True)
            if count >= ENOUGH
        ]
    return max(limits)


def _bound(distances: np.ndarray, share: float) -> float:
    """Distance that a further one exceeds with a probability of at most `share`."""
    count = len(distances)
    rank = int(np.ceil((count + 1) * (1 - share)))
    if rank <= count:
        return float(np.sort(distances)[rank - 1])
    from scipy.stats import t as student

    logs = np.log(np.maximum(distances, SMALL))
    spread = float(logs.std(ddof=1)) * np.sqrt(1 + 1 / count)
    return float(np.exp(logs.mean() + student.ppf(1 - share, count - 1) * spread))
