"""Learning to read measured spectra from simulated ones, calibrated on unseen sites."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from scipy.sparse import csr_array
from scipy.special import logsumexp, softmax

from nearedge.datasets.splits import Fold
from nearedge.learning.estimators import CompositionRegressor, fit_many
from nearedge.learning.examples import Labelled, composition_weights, membership
from nearedge.learning.recipes import Recipe
from nearedge.models._record import Conditions, Errors, Measured
from nearedge.models.inference._inference import Inference, measure
from nearedge.models.inference._readout import Networks, Readings, fit_readout
from nearedge.models.inference._scanning import (
    STEP,
    WIDTHS,
    Axis,
    Grid,
    Manifold,
    References,
    ZeroScan,
    scan_zeros,
)
from nearedge.spectra import broadened, covered_zeros, cut_windows, profiles, recorded
from nearedge.targets import class_order

MISPLACED = 0.05
"""Spread in eV by which training windows are shifted: the zero is never known exactly."""

SAMPLES = 1000
"""Number of samples from which the manifold is learnt."""

SAMPLE_SIZE = (10, 70)
"""Least and most sites of such a sample."""

DISCREPANCY = 0.04
"""Smooth deviation that is tolerated, in units of a profile's standard deviation.

No simulation knows every background and every self-absorption.
"""

CORRELATION = 1.0
"""Correlation length of this deviation, eV."""

REACH = 5.0
"""How far from the true zero the calibration searches it, eV."""

CALIBRATION = 300
"""Simulated measurements of each fold."""

CONDITIONS = Conditions()
"""Distortions of the simulated measurements."""

TEMPERATURES = (1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 16.0, 24.0)
"""Values tried, see `Inference.temperature`."""

BROADENING_STEP = 0.1
"""Step of the broadenings, eV: finer ones make no difference."""

SAMPLE_SIZES = (20, 60)
"""Least and most sites of a sample."""

TILT = 1.0
"""How far class frequencies are tilted towards high or low values, in standard deviations."""

CONCENTRATIONS = (3.0, 300.0)
"""Least and most concentration of the Dirichlet distribution about the tilted frequencies."""


def fit_inference(
    energy: Axis,
    sites: Labelled,
    folds: Sequence[Fold],
    grid: Grid,
    recipe: Recipe,
    seed: int,
) -> tuple[Inference, Measured]:
    """Learn to read measured spectra, by a recipe that predicts fractions; energies are in eV.

    Networks learn fractions from the profiles of simulated measurements of the training sites. The
    calibration of their outputs, of the zero and of the intervals, the unusual misfits and the
    errors are learnt from the sites that each fold holds out.
    """
    classes = tuple(class_order(np.unique(sites.environment).tolist()))
    parts = [sites, *(sites.part(fold.train) for fold in folds)]
    regressors = _fit_regressors(energy, parts, grid, recipe, seed)
    networks = [plain_networks(regressor, classes) for regressor in regressors]
    looks = []
    for part in parts:
        weights = composition_weights(
            part.environment,
            material=part.material,
            examples=SAMPLES,
            size=SAMPLE_SIZE,
            seed=seed + 1,
        )
        looks.append(fit_samples(energy, part, weights, classes, grid))
    scans = [
        _scan_samples(energy, sites.part(fold.test), classes, look, own, seed + turn)
        for turn, (fold, look, own) in enumerate(zip(folds, looks[1:], networks[1:], strict=True))
    ]
    temperature = max(TEMPERATURES, key=lambda t: sum(scan.zero_score(t) for scan in scans))
    told = [scan.told(temperature, grid) for scan in scans]
    readings, measures, zeros = zip(*told, strict=True)
    manifold, references = looks[0]
    inference = Inference(
        networks=networks[0],
        manifold=manifold,
        readout=fit_readout(readings),
        classes=classes,
        temperature=temperature,
        references=references,
        measures=np.concatenate(measures),
    )
    errors = _errors(readings, np.concatenate(zeros), float(sites.value.mean()))
    return inference, Measured(CONDITIONS, errors)


def _fit_regressors(
    energy: Axis, parts: Sequence[Labelled], grid: Grid, recipe: Recipe, seed: int
) -> list[CompositionRegressor]:
    regressors, examples = [], []
    for part in parts:
        regressor = recipe.new_networks(seed, part.class_values())
        regressors.append(regressor)
        count = recipe.mixtures.count
        weights = composition_weights(
            part.environment, material=part.material, examples=count, seed=seed
        )
        rng = np.random.default_rng([seed, 2])
        mu = simulate_measurements(energy, part.mu, weights, CONDITIONS, rng)
        zeros = rng.normal(scale=MISPLACED, size=len(mu))
        shapes, _ = profiles(cut_windows(energy, mu, grid, zeros))
        examples.append(((shapes, weights @ membership(part.environment)), None))
    return fit_many(regressors, examples)


def plain_networks(regressor: CompositionRegressor, classes: Sequence[str]) -> Networks:
    """Extract the networks of an estimator, with outputs in the order of `classes`.

    A class that the regressor has not learnt gets the fraction zero.
    """
    learnt, networks = list(regressor.classes), regressor.networks_
    columns = [learnt.index(name) if name in learnt else len(learnt) for name in classes]
    layers = zip(*(network.weights for network in networks), strict=True)
    weights = [np.array(layer, np.float32).swapaxes(1, 2) for layer in layers]
    layers = zip(*(network.biases for network in networks), strict=True)
    biases = [np.array(layer, np.float32)[:, None] for layer in layers]
    # What is never taught is as unlikely as single precision can say.
    weights[-1] = np.pad(weights[-1], ((0, 0), (0, 0), (0, 1)))[..., columns]
    biases[-1] = np.pad(biases[-1], ((0, 0), (0, 0), (0, 1)), constant_values=-1e9)[..., columns]
    return Networks(
        np.asarray(regressor.input_mean_, np.float32),
        np.asarray(regressor.input_scale_, np.float32),
        tuple(np.ascontiguousarray(layer) for layer in weights),
        tuple(np.ascontiguousarray(layer) for layer in biases),
    )


def fit_samples(
    energy: Axis,
    sites: Labelled,
    weights: csr_array,
    classes: Sequence[str],
    grid: Grid,
    widths: Sequence[float] = WIDTHS,
) -> tuple[Manifold, References]:
    """Learn at each broadening (eV) which profiles samples have, and the classes' mean spectra.

    The weights, shape (sample, site), are those of the sites in each sample.
    """
    apart = grid[:, None] - grid
    smooth = DISCREPANCY**2 * np.exp(-((apart / CORRELATION) ** 2) / 2)
    means, covariances, spectra, ends = [], [], [], []
    # A class of which a fold has no site is as all sites are: no fraction of it is ever predicted.
    own = [sites.environment == name for name in classes]
    own = [rows if rows.any() else np.ones(len(sites), bool) for rows in own]
    for width in widths:
        broad = broadened(energy, sites.mu, width)
        curves = cut_windows(energy, broad, grid, np.zeros(len(sites)))
        shapes, _ = profiles(np.asarray(weights @ curves))
        means.append(shapes.mean(axis=0))
        off = shapes - means[-1]
        covariances.append(off.T @ off / len(off) + smooth)
        spectra.append([curves[rows].mean(axis=0) for rows in own])
        ends.append(np.quantile(curves, [0.05, 0.95], axis=0))
    low, high = np.array(ends).swapaxes(0, 1)
    manifold = Manifold(grid, tuple(widths), np.array(means), np.array(covariances))
    return manifold, References(np.array(spectra), low, high)


class _Scans(NamedTuple):
    """Simulated measurements of one fold's unseen sites, looked at wherever the zero may lie."""

    true: Float[np.ndarray, "sample output"]
    places: Float[np.ndarray, " zero"]
    fractions: Float[np.ndarray, "sample zero class"]
    scans: list[ZeroScan]
    references: References

    def zero_weights(self, temperature: float) -> Float[np.ndarray, "sample zero"]:
        """Probabilities of the places of the zero."""
        logs = np.array([scan.log_density for scan in self.scans]) / temperature
        return softmax(logsumexp(logs, axis=2), axis=1)

    def zero_score(self, temperature: float) -> float:
        """Logarithm of the probability that the true zero is given, summed over the samples."""
        # Beside the true place its neighbours count: the grid is finer than what matters.
        true = int(np.abs(self.places).argmin())
        near = self.zero_weights(temperature)[:, max(true - 1, 0) : true + 2].sum(axis=1)
        return float(np.log(np.maximum(near, 1e-6)).sum())

    def told(
        self, temperature: float, grid: Float[np.ndarray, " grid"]
    ) -> tuple[Readings, Float[np.ndarray, "sample measure"], Float[np.ndarray, " sample"]]:
        """Average what networks say over the zeros; the likeliest, and how unusual samples are."""
        weights = self.zero_weights(temperature)
        likeliest = weights.argmax(axis=1)
        there = list(zip(self.scans, likeliest.tolist(), strict=True))
        mean = weights @ self.places
        spread = np.sqrt(np.maximum(weights @ self.places**2 - mean**2, 0.0))
        noise = np.minimum([scan.noise[place] for scan, place in there], 1.0)
        fractions = np.einsum("sz,szc->sc", weights, self.fractions)
        measures = [
            measure(scan, place, int(scan.log_density[place].argmax()), self.references, grid)
            for scan, place in there
        ]
        readings = Readings(fractions, np.column_stack([spread, noise]), self.true)
        return readings, np.array(measures), self.places[likeliest]


def _scan_samples(
    energy: Axis,
    sites: Labelled,
    classes: tuple[str, ...],
    look: tuple[Manifold, References],
    networks: Networks,
    seed: int,
) -> _Scans:
    """Simulate measurements of a fold's unseen sites, and have its networks look at them."""
    manifold, references = look
    rng = np.random.default_rng([seed, 3])
    weights = any_composition(sites, classes, CALIBRATION, rng)
    mu = simulate_measurements(energy, sites.mu, weights, CONDITIONS, rng)
    places = covered_zeros(energy, manifold.grid, STEP)
    places = places[np.abs(places) <= REACH]
    scans = [scan_zeros(energy, spectrum, places, manifold) for spectrum in mu]
    shapes = np.concatenate([scan.shapes for scan in scans])
    fractions = networks.fractions(shapes).astype(float).reshape(len(mu), len(places), -1)
    return _Scans(weights @ sites.outputs(classes), places, fractions, scans, references)


def _errors(
    parts: Sequence[Readings], zeros: Float[np.ndarray, " sample"], constant: float
) -> Errors:
    """Read each fold's samples with what the other folds' samples taught; their zero is 0 eV."""
    off, held = [], []
    for turn, part in enumerate(parts):
        readout = fit_readout([*parts[:turn], *parts[turn + 1 :]] or parts)
        off.append(np.abs(readout.expected(part.fractions) - part.true))
        held.append(off[-1][:, 0] <= readout.half_widths(part.fractions, part.unsure)[:, 0])
    distances, true = np.concatenate(off), np.concatenate([part.true[:, 0] for part in parts])
    return Errors(
        n=len(distances),
        mae=float(distances[:, 0].mean()),
        baseline_mae=float(np.abs(constant - true).mean()),
        coverage=float(np.concatenate(held).mean()),
        fraction_mae=float(distances[:, 1:].mean()),
        zero_error=float(np.abs(zeros).mean()),
    )


def simulate_measurements(
    energy: Axis,
    sites: Float[np.ndarray, "site energy"],
    weights: csr_array,
    conditions: Conditions,
    rng: np.random.Generator,
) -> Float[np.ndarray, "sample energy"]:
    """Average computed spectra (eV from the zero), and distort each as if it were measured."""
    count = int(weights.sum(axis=1).size)
    steps = np.rint(rng.uniform(*conditions.broadening, count) / BROADENING_STEP).astype(int)
    mu = np.empty((count, len(energy)))
    for step in np.unique(steps):
        same = steps == step
        mu[same] = weights[same] @ broadened(energy, sites, step * BROADENING_STEP)
    noisy, clean = np.log(conditions.signal_to_noise).tolist()
    # Keyword arguments are evaluated in this order, on which what is drawn depends.
    return recorded(
        mu,
        rng,
        background=rng.uniform(0, conditions.background, (count, 1)),
        slope=rng.uniform(-conditions.slope, conditions.slope, (count, 1)),
        signal_to_noise=np.exp(rng.uniform(noisy, clean, (count, 1))),
    )


def any_composition(
    sites: Labelled, classes: Sequence[str], count: int, rng: np.random.Generator
) -> csr_array:
    """Make samples of sites of any composition: weights, shape (sample, site).

    Five of six have the class frequencies of the sites, tilted towards high or low values and then
    varied (a Dirichlet distribution about them); every sixth has any composition. Each is of one
    material.
    """
    if sites.material is None or len(sorts := np.unique(sites.material)) < 2:
        return csr_array(_any_fractions(sites, classes, count, rng))
    rows = np.zeros((count, len(sites)))
    for number, name in enumerate(sorts):
        places, own = np.arange(number, count, len(sorts)), np.flatnonzero(sites.material == name)
        rows[np.ix_(places, own)] = _any_fractions(sites.part(own), classes, len(places), rng)
    return csr_array(rows)


def _any_fractions(
    sites: Labelled, classes: Sequence[str], count: int, rng: np.random.Generator
) -> Float[np.ndarray, "sample site"]:
    own = membership(sites.environment, classes)
    usual, values = own.mean(axis=0), sites.value.astype(float)
    means = own.T @ values / np.maximum(own.sum(axis=0), 1)
    unit = (means - usual @ means) / (float(values.std()) or 1.0)
    members = [np.flatnonzero(column) for column in own.T]
    rows = np.zeros((count, len(own)))
    for place, row in enumerate(rows):
        tilted = usual * np.exp(rng.uniform(-TILT, TILT) * unit)
        concentration = np.exp(rng.uniform(*np.log(CONCENTRATIONS)))
        about = concentration * tilted / tilted.sum() + 1e-3
        chances = rng.dirichlet(np.ones(len(usual)) if place % 6 == 5 else about) * (usual > 0)
        size = rng.integers(SAMPLE_SIZES[0], SAMPLE_SIZES[1] + 1)
        drawn = rng.multinomial(size, chances / chances.sum())
        for number, sources in zip(drawn, members, strict=True):
            if number:
                np.add.at(row, rng.choice(sources, number), 1 / size)
    return rows
