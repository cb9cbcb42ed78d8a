"""Mean coordination numbers of whole snapshots of unseen groups, from averaged spectra."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from sklearn.metrics import r2_score

from nearedge.datasets import SiteSpectra
from nearedge.datasets.splits import MEANING, Rung, folds, obstacle
from nearedge.errors import InputError
from nearedge.learning.baselines import regressor_baselines
from nearedge.learning.recipes import Recipe, find_recipe, fit_regressors
from nearedge.records import Json, as_json
from nearedge.trust import LEVEL

TURNS = 5
"""Folds: in each a fifth of the groups is unseen."""


@dataclass(frozen=True)
class SnapshotMeans:
    """True and predicted mean coordination number of each snapshot while its group was unseen.

    The half widths are of intervals that contain the truth for a fraction `level` of the other
    folds' snapshots; `constant` is the mean over the training sites, `ridge` the prediction of
    linear regression. In all sums every composition has the same weight, however many snapshots it
    has.
    """

    rung: Rung
    recipe: str
    level: float
    snapshot: np.ndarray
    composition: np.ndarray
    true: Float[np.ndarray, " snapshot"]
    predicted: Float[np.ndarray, " snapshot"]
    half_width: Float[np.ndarray, " snapshot"]
    constant: Float[np.ndarray, " snapshot"]
    ridge: Float[np.ndarray, " snapshot"]

    def mae(self, method: str = "predicted") -> float:
        """Mean absolute error of the prediction, of the constant or of ridge."""
        off = np.abs(getattr(self, method) - self.true)
        return float(np.average(off, weights=shares(self.composition)))

    @property
    def r2(self) -> float:
        """Fraction of the variance between snapshots that is explained."""
        weights = shares(self.composition)
        return float(r2_score(self.true, self.predicted, sample_weight=weights))

    @property
    def coverage(self) -> float:
        """Fraction of the intervals that contain the truth."""
        held = np.abs(self.predicted - self.true) <= self.half_width
        return float(np.average(held, weights=shares(self.composition)))

    def to_json(self) -> Json:
        """Return the numbers of every snapshot and their sums, ready for JSON."""
        sums = {name: self.mae(name) for name in ("predicted", "constant", "ridge")}
        plain = {"meaning": MEANING[self.rung], "mae": sums, "r2": self.r2}
        return as_json({**vars(self), **plain, "coverage": self.coverage})


def shares(names: np.ndarray) -> Float[np.ndarray, " name"]:
    """Give each name a weight so that the weights of equal names add up to one.

    Examples
    --------
    >>> shares(np.array(["a", "b", "a"])).tolist()
    [0.5, 1.0, 0.5]
    """
    _, place, counts = np.unique(names, return_inverse=True, return_counts=True)
    return 1 / counts[place]


def predict_snapshots(
    data: SiteSpectra, recipe: Recipe | str = "best", *, rung: Rung = "composition", seed: int = 0
) -> SnapshotMeans:
    """Predict the mean coordination number of every snapshot from its averaged spectrum.

    Each snapshot is predicted by a regressor that saw none of its group.

    Parameters
    ----------
    data : SiteSpectra
    recipe : Recipe or str
    rung : str
        What is kept apart; one that keeps snapshots whole.
    seed : int

    Returns
    -------
    SnapshotMeans

    Raises
    ------
    InputError
        If the dataset does not allow the rung or the recipe is unknown.
    """
    recipe = find_recipe(recipe) if isinstance(recipe, str) else recipe
    if reason := obstacle(data, rung):
        raise InputError(f"{data.source}: does not allow the rung '{rung}': {reason}")
    window = recipe.reach(data.energy, hard=data.hard, averages=True)
    sites = data.labelled(data.target("coordination"), window)
    value = sites.value.astype(float)
    cut = folds(data.environment, data.groups(rung), count=TURNS, seed=seed)
    models = fit_regressors(recipe, [(sites.part(f.train), seed) for f in cut], by_class=True)
    names = np.unique(data.snapshot)
    first = np.array([int(np.flatnonzero(data.snapshot == name)[0]) for name in names])
    own = [data.snapshot == name for name in names]
    spectra, true = (np.array([v[rows].mean(axis=0) for rows in own]) for v in (sites.mu, value))
    turn = np.empty(len(names), int)
    told = {name: np.empty(len(names)) for name in ("predicted", "constant", "ridge")}
    for number, (fold, model) in enumerate(zip(cut, models, strict=True)):
        here = np.isin(first, fold.test)
        turn[here] = number
        told["predicted"][here] = model.predict(spectra[here])
        for name, plain in regressor_baselines().items():
            taught = plain.fit(sites.mu[fold.train], value[fold.train])
            told[name][here] = taught.predict(spectra[here])
    composition, half = data.groups("composition")[first], np.empty(len(names))
    off, weights = np.abs(told["predicted"] - true), shares(composition)
    for number in np.unique(turn):
        others = turn != number
        # The finite-sample correction of conformal prediction, for so many compositions.
        level = min(1.0, LEVEL * (1 + 1 / len(set(composition[others]))))
        half[~others] = np.quantile(
            off[others], level, weights=weights[others], method="inverted_cdf"
        )
    return SnapshotMeans(
        rung=rung,
        recipe=recipe.name,
        level=LEVEL,
        snapshot=names,
        composition=composition,
        true=true,
        half_width=half,
        **told,
    )
