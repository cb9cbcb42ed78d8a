"""Learning to read measured spectra from simulated ones."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from jaxtyping import Float

from nearedge.datasets.splits import Fold
from nearedge.learning.estimators import CompositionRegressor, fit_many
from nearedge.learning.examples import composition_weights, membership
from nearedge.learning.recipes import Recipe, Sites, class_coordination
from nearedge.models.inference._calibration import (
    TEMPERATURES,
    combined_readout,
    expect,
    joined,
    judge_samples,
    measures,
    scan_samples,
    zero_score,
)
from nearedge.models.inference._conditions import Conditions, simulate_measurements
from nearedge.models.inference._inference import Inference
from nearedge.models.inference._manifold import Manifold, fit_manifold
from nearedge.models.inference._material import Material
from nearedge.models.inference._readout import KINDS
from nearedge.models.inference._references import References, fit_references
from nearedge.spectra import cut_windows, profiles
from nearedge.targets import class_order
from nearedge.trust import LEVEL

MISPLACED = 0.05
"""Spread in eV by which training windows are misplaced: the zero is never known exactly."""

SAMPLES = 1000
"""Samples that the manifold is learnt from."""

SAMPLE_SIZE = (10, 70)
"""Least and most sites of such a sample."""


def fit_inference(
    material: Material,
    folds: Sequence[Fold],
    grid: Float[np.ndarray, " grid"],
    recipe: Recipe,
    *,
    conditions: Conditions | None = None,
    seed: int = 0,
) -> tuple[Inference, dict[str, Any]]:
    """Learn to read measured spectra.

    Networks learn fractions from the profiles of simulated measurements of the training sites.
    What their answers mean, how far the zero can be trusted, how wide intervals must be and which
    misfit is unusual is learnt from simulated measurements of the sites that each fold holds out.

    Parameters
    ----------
    material : Material
        The training sites.
    folds : sequence of Fold
        Indices of these sites; at least one.
    grid : float array, shape (grid,)
        Energies of the window in eV.
    recipe : Recipe
        One that predicts fractions; its regressor's settings are used.
    conditions : Conditions, optional
        What measured spectra suffer.
    seed : int
        Seed of everything random.

    Returns
    -------
    inference : Inference
    estimate : dict
        How wrong it is on simulated measurements of unseen sites: for samples ``alike`` the
        training data and of ``any`` composition ``n``, ``mae`` of the coordination number,
        ``baseline_mae`` (of the mean of the training sites), ``fraction_mae`` and
        ``zero_error`` (mean absolute error of the zero, eV).
    """
    conditions = conditions or Conditions()
    classes = tuple(class_order(np.unique(material.environment).tolist()))
    parts = [material, *(material.part(fold.train) for fold in folds)]
    regressors = _fit_regressors(parts, grid, recipe, conditions, seed)
    manifolds = [_fit_manifold(part, grid, seed) for part in parts]
    scans = [
        scan_samples(
            material.part(fold.test), classes, manifold, regressor, conditions, seed + turn
        )
        for turn, (fold, manifold, regressor) in enumerate(
            zip(folds, manifolds[1:], regressors[1:], strict=True)
        )
    ]
    expectation = expect(material, classes, folds)
    temperature = max(TEMPERATURES, key=lambda one: zero_score(scans, one, expectation))
    unusual = [
        measures(scan, temperature, _fit_references(part, grid), grid)
        for scan, part in zip(scans, parts[1:], strict=True)
    ]
    fitted = Inference(
        regressors[0],
        manifolds[0],
        combined_readout(scans, temperature, expectation),
        classes,
        temperature,
        np.full((len(KINDS) + 1, len(classes) + 1), LEVEL),
        _fit_references(material, grid),
        np.concatenate(unusual),
    )
    judged = joined(
        [
            judge_samples(
                scan,
                # What the fold's own networks and manifold said is in its scan.
                replace(fitted, readout=combined_readout(scans, temperature, expectation, turn)),
            )
            for turn, scan in enumerate(scans)
        ]
    )
    constant = float(material.coordination.mean())
    truth = np.concatenate([scan.true for scan in scans])[:, 0]
    return replace(fitted, mass=judged.masses()), judged.summary(np.abs(truth - constant))


def _fit_regressors(
    parts: Sequence[Material],
    grid: np.ndarray,
    recipe: Recipe,
    conditions: Conditions,
    seed: int,
) -> list[CompositionRegressor]:
    regressors, data = [], []
    for part in parts:
        known = class_coordination(Sites(part.mu, part.coordination, part.environment))
        regressor = recipe.new_regressor(seed, known, energy=grid)
        assert isinstance(regressor, CompositionRegressor)
        regressors.append(regressor)
        weights = composition_weights(part.environment, examples=recipe.mixtures.count, seed=seed)
        rng = np.random.default_rng([seed, 2])
        mu = simulate_measurements(part.energy, part.mu, weights, conditions, rng)
        zeros = rng.normal(scale=MISPLACED, size=len(mu))
        found, _ = profiles(cut_windows(part.energy, mu, grid, zeros))
        data.append((found, weights @ membership(part.environment)))
    return fit_many(regressors, data)


def _fit_references(part: Material, grid: np.ndarray) -> References:
    return fit_references(part.energy, part.mu, part.environment, grid)


def _fit_manifold(part: Material, grid: np.ndarray, seed: int) -> Manifold:
    weights = composition_weights(
        part.environment, examples=SAMPLES, size=SAMPLE_SIZE, seed=seed + 1
    )
    return fit_manifold(part.energy, part.mu, weights, grid)
