"""Learning to read measured spectra from simulated ones."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float
from scipy.sparse import csr_array

from nearedge.datasets.splits import Fold
from nearedge.learning.estimators import CompositionRegressor, fit_many
from nearedge.learning.examples import Labelled, composition_weights, membership
from nearedge.learning.recipes import Recipe
from nearedge.models.inference._calibration import TEMPERATURES, errors, scan_samples
from nearedge.models.inference._conditions import Conditions
from nearedge.models.inference._errors import Errors
from nearedge.models.inference._inference import Inference
from nearedge.models.inference._manifold import CORRELATION, DISCREPANCY, WIDTHS, Manifold
from nearedge.models.inference._material import Material
from nearedge.models.inference._networks import Networks
from nearedge.models.inference._readout import fit_readout
from nearedge.models.inference._references import broadened_windows, fit_references
from nearedge.models.inference._simulation import simulate_measurements
from nearedge.spectra import cut_windows, profiles
from nearedge.targets import class_order

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
) -> tuple[Inference, Errors]:
    """Learn to read measured spectra.

    Networks learn fractions from the profiles of simulated measurements of the training sites.
    What their answers mean, how far the zero can be trusted, how wide intervals must be and which
    misfit is unusual is learnt from simulated measurements of the sites that each fold holds out,
    in any composition.

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
    errors : Errors
        How wrong it is on simulated measurements of unseen sites.
    """
    conditions = conditions or Conditions()
    classes = tuple(class_order(np.unique(material.environment).tolist()))
    parts = [material, *(material.part(fold.train) for fold in folds)]
    networks = [
        plain_networks(regressor, classes)
        for regressor in _fit_regressors(parts, grid, recipe, conditions, seed)
    ]
    manifolds = [_fit_manifold(part, grid, seed) for part in parts]
    scans = [
        scan_samples(material.part(fold.test), classes, manifold, own, conditions, seed + turn)
        for turn, (fold, manifold, own) in enumerate(
            zip(folds, manifolds[1:], networks[1:], strict=True)
        )
    ]
    temperature = max(TEMPERATURES, key=lambda t: sum(scan.zero_score(t) for scan in scans))
    readout = fit_readout([scan.readings(temperature) for scan in scans])
    references = [
        fit_references(part.energy, part.mu, part.environment, classes, grid) for part in parts
    ]
    unusual = [
        scan.measures(temperature, known, grid)
        for scan, known in zip(scans, references[1:], strict=True)
    ]
    inference = Inference(
        networks=networks[0],
        manifold=manifolds[0],
        readout=readout,
        classes=classes,
        temperature=temperature,
        references=references[0],
        measures=np.concatenate(unusual),
    )
    return inference, errors(scans, temperature, float(material.value.mean()))


def _fit_regressors(
    parts: Sequence[Material],
    grid: np.ndarray,
    recipe: Recipe,
    conditions: Conditions,
    seed: int,
) -> list[CompositionRegressor]:
    regressors, data = [], []
    for part in parts:
        sites = Labelled(part.mu, part.value, part.environment)
        regressor = recipe.new_regressor(seed, sites.class_values())
        assert isinstance(regressor, CompositionRegressor)
        regressors.append(regressor)
        weights = composition_weights(part.environment, examples=recipe.mixtures.count, seed=seed)
        rng = np.random.default_rng([seed, 2])
        mu = simulate_measurements(part.energy, part.mu, weights, conditions, rng)
        zeros = rng.normal(scale=MISPLACED, size=len(mu))
        found, _ = profiles(cut_windows(part.energy, mu, grid, zeros))
        data.append(((found, weights @ membership(part.environment)), None))
    return fit_many(regressors, data)


def _fit_manifold(part: Material, grid: np.ndarray, seed: int) -> Manifold:
    weights = composition_weights(
        part.environment, examples=SAMPLES, size=SAMPLE_SIZE, seed=seed + 1
    )
    return fit_manifold(part.energy, part.mu, weights, grid)


def plain_networks(regressor: CompositionRegressor, classes: Sequence[str]) -> Networks:
    """Take the networks out of an estimator, their outputs in the order of `classes`.

    A class that the regressor was not taught gets a fraction of zero.
    """
    learnt = [str(name) for name in regressor.classes_]
    columns = [learnt.index(name) if name in learnt else len(learnt) for name in classes]
    layers = list(zip(*(network.weights for network in regressor.networks_), strict=True))
    weights = [np.array(layer, np.float32).swapaxes(1, 2) for layer in layers]
    offsets = list(zip(*(network.biases for network in regressor.networks_), strict=True))
    biases = [np.array(layer, np.float32)[:, None] for layer in offsets]
    # What is never taught is as unlikely as single precision can say.
    weights[-1] = np.pad(weights[-1], ((0, 0), (0, 0), (0, 1)))[..., columns]
    biases[-1] = np.pad(biases[-1], ((0, 0), (0, 0), (0, 1)), constant_values=-1e9)[..., columns]
    return Networks(
        np.asarray(regressor.input_mean_, np.float32),
        np.asarray(regressor.input_scale_, np.float32),
        tuple(np.ascontiguousarray(layer) for layer in weights),
        tuple(np.ascontiguousarray(layer) for layer in biases),
    )


def fit_manifold(
    energy: Float[np.ndarray, " energy"],
    sites: Float[np.ndarray, "site energy"],
    weights: csr_array,
    grid: Float[np.ndarray, " grid"],
    widths: Sequence[float] = WIDTHS,
) -> Manifold:
    """Learn which profiles samples have.

    Parameters
    ----------
    energy : float array, shape (energy,)
        In eV.
    sites : float array, shape (site, energy)
        Computed spectra.
    weights : csr_array, shape (sample, site)
        Which sites make up each sample.
    grid : float array, shape (grid,)
        Energies of the window in eV.
    widths : sequence of float
        Extra broadenings in eV.
    """
    apart = grid[:, None] - grid
    smooth = DISCREPANCY**2 * np.exp(-((apart / CORRELATION) ** 2) / 2)
    means, covariances = [], []
    for width in widths:
        curves = broadened_windows(energy, sites, grid, width)
        found, _ = profiles(np.asarray(weights @ curves))
        mean = found.mean(axis=0)
        off = found - mean
        means.append(mean)
        covariances.append(off.T @ off / len(off) + smooth)
    return Manifold(grid, tuple(widths), np.array(means), np.array(covariances))
